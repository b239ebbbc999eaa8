// Opens a store on a PostgreSQL server: for writing beside other clouds, or for reading.
import type { Clock } from "../../../clock"
import { StorageError, StorageUnavailable } from "../../../storage/errors"
import type { Addressing } from "../../../topology/addressing"
import type { OpenStore } from "../contract"
import type { Tables } from "../tables"
import { expectTables, prepare } from "./schema"
import { Server, type ServerOptions } from "./server"
import { checkSettings } from "./settings"
import { PostgresStore } from "./store"
import { PostgresTables } from "./tables"

export type PostgresPlace = Pick<ServerOptions, "url" | "password" | "folder">

export interface OpenOptions {
  readonly addressing: Addressing
  readonly clock: Clock
  /** Which of the clouds this is: the same after a restart. */
  readonly own: string
}

/** Rejects with StorageUnavailable while the server cannot be had, with StorageError where a person has to mend something. */
export async function openPostgresStore(
  place: PostgresPlace,
  { addressing, clock, own }: OpenOptions,
): Promise<OpenStore> {
  const server = new Server({ ...place, clock })
  try {
    await checkSettings(server)
    await prepare(server, addressing)
  } catch (error) {
    await server.close()
    throw error
  }
  server.begun()
  const store = new PostgresStore(server, clock.now, own)
  return {
    store,
    tables: new PostgresTables(server),
    isShared: true,
    waiting: () => store.waiting,
    async close() {
      await store.end()
      await server.close()
    },
  }
}

/** Rejects, as all of its reading does, with StorageError. */
export async function openPostgresTables(place: PostgresPlace): Promise<Tables & AsyncDisposable> {
  const server = new Server(place)
  const close = () => server.close()
  try {
    await expectTables(server)
  } catch (error) {
    await close()
    throw readable(error)
  }
  const reading = {
    run: ((work) => server.run(work).catch(rethrow)) as Server["run"],
    transaction: ((work) => server.transaction(work).catch(rethrow)) as Server["transaction"],
  }
  return Object.assign(new PostgresTables(reading), { [Symbol.asyncDispose]: close })
}

/** A reader does not wait: whoever asks is told. */
const readable = (error: unknown): unknown =>
  error instanceof StorageUnavailable ? new StorageError(error.message, { cause: error }) : error

function rethrow(error: unknown): never {
  throw readable(error)
}
