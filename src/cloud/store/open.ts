// Opens what `cloud.store` names, a file or a server: for writing, or for reading beside whoever writes it.
import { hostname } from "node:os"
import type { Clock } from "../../clock"
import { isThere, openForReading } from "../../storage/database"
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

/** Whether there is anything to be opened; a server tells that itself. */
export const isStoreThere = ({ store }: Pick<StorePlace, "store">): boolean => isServerUrl(store) || isThere(store)

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
