// The topology that a command is about: --topology, or topology.yaml here.
import type { Topology } from "../topology/topology"
import { loadTopology } from "../topology/yaml/load"
import type { COMMON_OPTIONS, Values } from "./arguments"
import type { Screen } from "./screen"

/** Its zone is that of the times before the lines from now on. @throws {TopologyError} */
export async function loadDeclared(
  { topology }: Values<Pick<typeof COMMON_OPTIONS, "topology">>,
  screen: Screen,
): Promise<Topology> {
  const declared = await loadTopology(topology ?? "topology.yaml")
  screen.tellTimesIn(declared.timeZone)
  return declared
}
