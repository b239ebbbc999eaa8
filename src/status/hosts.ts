// Which part of the network this host is.
import { networkInterfaces } from "node:os"
import { isStoreThere } from "../cloud/store/open"
import { openSpool } from "../gateway/spool/reader"
import { addressingOf } from "../gateway/spool/schema"
import { isThere } from "../storage/database"
import { isServerUrl } from "../topology/cloud/server-url"
import type { Topology } from "../topology/topology"

/** Whether the store is to be asked here: a server could be from anywhere, and a gateway's host leaves that to its cloud's. */
export function asksStore(topology: Pick<Topology, "gateway" | "cloud">): boolean {
  const { gateway, cloud } = topology
  if (!isStoreThere(cloud)) return false
  return !isServerUrl(cloud.store) || !isThere(gateway.spool) || isSimulated(gateway.spool) || isCloudHere(topology)
}

/** Whether the cloud's address is one of this host's. */
export function isCloudHere({ cloud }: Pick<Topology, "cloud">): boolean {
  const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
  return own.some(({ address }) => address === cloud.address)
}

/** All of that network is on this host. */
function isSimulated(spool: string): boolean {
  const sqlite = openSpool(spool)
  try {
    return addressingOf(sqlite) === "simulated"
  } finally {
    sqlite.close()
  }
}
