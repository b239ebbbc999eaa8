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
      await server.awhile(store.end())
      await server.close()
    },
  }
}

/** Rejects, as openPostgresStore() would, without making anything. */
export async function tryServer(place: PostgresPlace): Promise<void> {
  const server = new Server(place)
  try {
    await checkSettings(server)
  } finally {
    await server.close()
  }
}

/** Rejects, as all of its reading does, with StorageError. */
export async function openPostgresTables(place: PostgresPlace): Promise<Tables & AsyncDisposable> {
  const { server, release } = borrow(place)
  try {
    await expectTables(server)
  } catch (error) {
    release()
    throw readable(error)
  }
  const reading = {
    run: ((work) => server.run(work).catch(rethrow)) as Server["run"],
    transaction: ((work) => server.transaction(work).catch(rethrow)) as Server["transaction"],
  }
  return Object.assign(new PostgresTables(reading), { [Symbol.asyncDispose]: async () => release() })
}

interface Lent {
  readonly server: Server
  readers: number
  closing: Timer | undefined
}

const READING_MS = 60_000 // a large store is counted now and then
const KEPT_MS = 10_000 // whoever looks at a page looks again

/** The servers that are read in this process: a connection costs more than most questions. */
const lent = new Map<string, Lent>()

function borrow(place: PostgresPlace): { readonly server: Server; readonly release: () => void } {
  const key = JSON.stringify([place.url, place.password, place.folder])
  const own: Lent = lent.get(key) ?? {
    server: new Server({ ...place, deadlineMs: READING_MS }),
    readers: 0,
    closing: undefined,
  }
  lent.set(key, own)
  clearTimeout(own.closing)
  own.readers++
  const release = () => {
    if (--own.readers > 0) return
    own.closing = setTimeout(() => {
      lent.delete(key)
      void own.server.close()
    }, KEPT_MS)
    own.closing.unref()
  }
  return { server: own.server, release }
}

/** A reader does not wait: whoever asks is told. */
const readable = (error: unknown): unknown =>
  error instanceof StorageUnavailable ? new StorageError(error.message, { cause: error }) : error

function rethrow(error: unknown): never {
  throw readable(error)
}
