// Drops what no gateway delivers any more, in a store that no cloud has open.
import { systemClock } from "../clock"
import { DurableDatabase } from "../storage/database"
import { GroupCommit } from "../storage/group-commit"
import type { Topology } from "../topology/topology"
import type { Drop } from "./store/contract"
import { addressingOfStore, countStored } from "./store/reader"
import { STORE } from "./store/sqlite/schema"
import { SqliteStore } from "./store/sqlite/store"

/** Resolves, once durable, with how many surveys it was. Throws StorageInUse while a cloud holds the store. */
export async function dropFromStore({ cloud }: Topology, site: string, drop: Drop): Promise<number> {
  const database = DurableDatabase.open(cloud.store, STORE, addressingOfStore(cloud.store))
  try {
    const commits = new GroupCommit(database, () => {})
    const surveys = countStored(database.sqlite, site, drop)
    await new SqliteStore(database, commits, systemClock.now).drop(site, drop)
    return surveys
  } finally {
    database.close()
  }
}
