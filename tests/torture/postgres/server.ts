// A server for a process of simulations.
import { PostgresServer } from "../../postgres"

const SETTINGS = {
  autovacuum: "off", // nobody else has locks, and nothing moves by itself
}

/** Resolves with what the work does; the server ends with it. */
export async function withServer<T>(work: (url: string) => Promise<T>): Promise<T> {
  await using server = await PostgresServer.start({ isInMemory: true, settings: SETTINGS })
  return await work(server.url())
}
