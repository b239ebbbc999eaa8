// Drops what no gateway delivers any more, in a store that no cloud has open.
import { systemClock } from "../clock"
import type { Topology } from "../topology/topology"
import type { Drop } from "./store/contract"
import { countStored } from "./store/days"
import { openStore, originOf, placeOf } from "./store/open"

/** Resolves, once durable, with how many surveys it was. Rejects with StorageInUse while a cloud holds the store's file. */
export async function dropFromStore(topology: Topology, site: string, drop: Drop): Promise<number> {
  const place = placeOf(topology)
  const addressing = await originOf(place)
  const opened = await openStore(place, { addressing, clock: systemClock, onFatal() {}, cloud: "drop" })
  try {
    const surveys = await countStored(opened.tables, site, drop)
    await opened.store.drop(site, drop)
    return surveys
  } finally {
    await opened.close()
  }
}
