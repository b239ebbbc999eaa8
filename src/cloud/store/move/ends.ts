// Opens both stores of a move, so that no cloud writes to them while it lasts.
import { hostname } from "node:os"
import type { Clock } from "../../../clock"
import { StorageError } from "../../../storage/errors"
import type { Origin } from "../../../storage/prepare"
import { isServerUrl, shownStore } from "../../../topology/cloud/server-url"
import { originOf, type StorePlace } from "../open"
import type { End } from "./end"
import { PostgresEnd } from "./postgres"
import { SqliteEnd } from "./sqlite"

export interface EndsOptions {
  readonly clock: Clock
  /** Is told which cloud a server's store may be in use by, while it is waited for whether that one still runs. */
  readonly waits: (holder: string) => void
}

export interface Ends extends AsyncDisposable {
  readonly source: End
  readonly target: End
}

/** Rejects with StorageInUse while a cloud runs at either, with StorageError, and with StorageUnavailable of a server. */
export async function openEnds(from: StorePlace, to: StorePlace, options: EndsOptions): Promise<Ends> {
  await using opened = new AsyncDisposableStack()
  const origin = await originOf(from)
  const source = opened.use(await openSource(from, origin, options))
  const target = opened.use(await openTarget(to, origin, { ...options, waits: (holder) => waits(holder, to, options) }))
  const ends = opened.move()
  return { source, target, [Symbol.asyncDispose]: () => ends.disposeAsync() }
}

const openSource = async (place: StorePlace, origin: Origin, options: EndsOptions): Promise<End> =>
  isServerUrl(place.store)
    ? PostgresEnd.open(serverOf(place), { ...options, own: nameOf("from") })
    : SqliteEnd.open(place.store, origin)

const openTarget = async (place: StorePlace, origin: Origin, options: EndsOptions): Promise<End> =>
  isServerUrl(place.store)
    ? PostgresEnd.make(serverOf(place), origin, { ...options, own: nameOf("to") })
    : SqliteEnd.open(place.store, origin)

const serverOf = ({ store, password, folder }: StorePlace) => ({ url: store, password, folder })

function waits(holder: string, { store }: StorePlace, options: EndsOptions): void {
  if (holder === nameOf("from"))
    throw new StorageError(`${shownStore(store)} is the store that is there: name another one`)
  options.waits(holder)
}

/** Who holds the duty of a server's store meanwhile. */
const nameOf = (end: "from" | "to"): string => `${hostname()}, where process ${process.pid} moves ${end} it`
