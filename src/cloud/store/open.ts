// Opens what `cloud.store` names, for reading beside whoever writes it.
import { isThere, openForReading } from "../../storage/database"
import type { Topology } from "../../topology/topology"
import { STORE } from "./sqlite/schema"
import { SqliteTables } from "./sqlite/tables"
import type { Tables } from "./tables"

/** Where the store is. */
export type StorePlace = Pick<Topology["cloud"], "store">

export type OpenTables = Tables & AsyncDisposable

/** Whether there is anything to be opened. */
export const isStoreThere = ({ store }: StorePlace): boolean => isThere(store)

/** Rejects with StorageError where there is none, or it cannot be read. */
export async function openTables({ store }: StorePlace): Promise<OpenTables> {
  const sqlite = openForReading(store, STORE)
  const close = async () => sqlite.close()
  return Object.assign(new SqliteTables(sqlite), { [Symbol.asyncDispose]: close })
}
