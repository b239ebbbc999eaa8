// The servers of one run: a place of their own in a folder that is removed, and the roles as processes.
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Programme, startCommand } from "../disk/programme"
import { type Place, preparePlace } from "./place"

const READY = /Waiting for the gateway|Next upload/
const READY_WITHIN_MS = 20_000

export async function inPlace<T>(work: (place: Place) => Promise<T>, isKeyed = false): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "hostile-"))
  try {
    return await work(await preparePlace(folder, isKeyed))
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** Resolves when it is ready. @param fault a module that is loaded before it */
export async function started(place: Place, role: string, fault?: string): Promise<Programme> {
  const server = new Programme(startCommand(place.topology.file, [role], fault))
  await server.until(READY, READY_WITHIN_MS)
  if (server.exit === undefined && READY.test(server.said)) return server
  await server[Symbol.asyncDispose]()
  throw new Error(`the ${role} did not start: ${server.lastLine}`)
}

/** Stops it; what was wrong with it until then. */
export async function endingOf(name: string, server: Programme): Promise<string[]> {
  const wrong: string[] = []
  const { exit } = server
  if (exit !== undefined) wrong.push(`the ${name} ended with ${exit}: ${server.lastLine}`)
  else if ((await server.stop()) !== 0) wrong.push(`the ${name} did not stop in order: ${server.lastLine}`)
  const { surprise } = server
  if (surprise !== undefined) wrong.push(`the ${name} said ${surprise}`)
  return wrong
}
