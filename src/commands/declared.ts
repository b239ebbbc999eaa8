// The topology that a command is about: --topology, or topology.yaml here.
import { isStoreThere } from "../cloud/store/open"
import { isThere } from "../storage/database"
import { StorageError } from "../storage/errors"
import type { Topology } from "../topology/topology"
import { loadTopology } from "../topology/yaml/load"
import type { COMMON_OPTIONS, Values } from "./arguments"
import type { Screen } from "./screen"

/** Its zone is that of the times before the lines from now on. @throws {TopologyError} */
export async function loadDeclared(
  { topology }: Values<Pick<typeof COMMON_OPTIONS, "topology">>,
  screen: Screen,
  options?: Parameters<typeof loadTopology>[2],
): Promise<Topology> {
  const declared = await loadTopology(topology ?? "topology.yaml", process.env, options)
  screen.tellTimesIn(declared.timeZone)
  return declared
}

/** For who reads the store. Throws StorageError on the host of a gateway whose cloud is another host. */
export function expectStoreHere({ gateway, cloud }: Topology): void {
  if (isStoreThere(cloud) || !isThere(gateway.spool)) return
  throw new StorageError(`${cloud.store} is not there: this is the gateway's host, the readings are where the cloud is`)
}
