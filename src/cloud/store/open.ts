// Opens what `cloud.store` names, a file or a server: for writing, or for reading beside whoever writes it.
import { hostname } from "node:os"
import type { Clock } from "../../clock"
import { isThere, openForReading } from "../../storage/database"
import { diskBytes, sizeOf } from "../../storage/size"
import type { Addressing } from "../../topology/addressing"
import { isServerUrl } from "../../topology/cloud/server-url"
import type { Topology } from "../../topology/topology"
import type { OpenStore } from "./contract"
import { openSqliteStore } from "./sqlite/open"
import { STORE } from "./sqlite/schema"
import { SqliteTables } from "./sqlite/tables"
import type { Tables } from "./tables"

/** Where the store is. */
export interface StorePlace extends Pick<Topology["cloud"], "store" | "password"> {
  /** To which the password's file is relative. */
  readonly folder: string
}

export const placeOf = ({ cloud: { store, password }, folder }: Pick<Topology, "cloud" | "folder">): StorePlace => ({
  store,
  password,
  folder,
})

export type OpenTables = Tables & AsyncDisposable

/** Files without which the store is not there; a server's are its own. */
export const filesOfStore = ({ store }: Pick<StorePlace, "store">): string[] => (isServerUrl(store) ? [] : [store])

/** Whether there is anything to be opened; a server tells that itself. Throws StorageError where this user may not know. */
export const isStoreThere = (place: Pick<StorePlace, "store">): boolean => filesOfStore(place).every(isThere)

/** Bytes of its files, without their logs. */
export const fileBytesOf = (place: Pick<StorePlace, "store">): number =>
  filesOfStore(place).reduce((sum, file) => sum + sizeOf(file), 0)

/** Bytes that it takes on its disk. */
export async function storeBytes({ store }: Pick<StorePlace, "store">, tables: Tables): Promise<number> {
  if (!isServerUrl(store)) return diskBytes(store)
  const { TABLE_BYTES } = await import("./postgres/schema")
  const row = await tables.get<{ bytes: number }>(TABLE_BYTES)
  return row?.bytes ?? 0
}

/** Rejects with StorageError where there is none, or it cannot be read. */
export async function openTables({ store, password, folder }: StorePlace): Promise<OpenTables> {
  if (isServerUrl(store)) {
    const { openPostgresTables } = await import("./postgres/open")
    return openPostgresTables({ url: store, password, folder })
  }
  const sqlite = openForReading(store, STORE)
  const close = async () => sqlite.close()
  return Object.assign(new SqliteTables(sqlite), { [Symbol.asyncDispose]: close })
}

/** Where it is a server: rejects as openStore() would, without making anything. */
export async function tryStore({ store, password, folder }: StorePlace): Promise<void> {
  if (!isServerUrl(store)) return
  const { tryServer } = await import("./postgres/open")
  await tryServer({ url: store, password, folder })
}

/** Whether a simulated network made this store. Rejects as openTables() does. */
export async function originOf(place: StorePlace): Promise<Addressing> {
  await using tables = await openTables(place)
  const about = await tables.get<{ origin: Addressing }>("SELECT origin FROM about")
  return about?.origin ?? "declared"
}

export interface OpenOptions {
  readonly addressing: Addressing
  readonly clock: Clock
  /** Nothing on this disk is certain any more: a new process resumes from what is there. */
  readonly onFatal: (error: unknown) => void
  /** What of this machine's clouds this one is: its address and port. */
  readonly cloud: string
}

/** Rejects with StorageError with what a person can do about it, with StorageUnavailable while a server cannot be had. */
export async function openStore({ store, password, folder }: StorePlace, options: OpenOptions): Promise<OpenStore> {
  if (!isServerUrl(store)) return openSqliteStore(store, options)
  const { openPostgresStore } = await import("./postgres/open")
  const { addressing, clock, cloud } = options
  return openPostgresStore({ url: store, password, folder }, { addressing, clock, own: `${hostname()} ${cloud}` })
}
