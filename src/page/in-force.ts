// The topology that a running network goes by: what it was started with, and of topology.yaml's changes those that apply at once.
import { applyChanges } from "../topology/changes"
import type { Topology } from "../topology/topology"
import { parseTopology } from "../topology/yaml/load"

export interface Texts {
  readonly file: string
  /** What stood in it when the network was started. */
  readonly begun: string
  /** What stood in it when it was last sound. */
  readonly latest: string
}

/** Throws TopologyError. */
export function inForce({ file, begun, latest }: Texts): Topology {
  const topology = parseTopology(begun, file, process.env)
  return latest === begun ? topology : applyChanges(topology, parseTopology(latest, file, process.env))
}
