// The topology that a running network goes by: what it was started with, and of topology.yaml's changes those that apply at once.
import { applyChanges } from "../topology/changes"
import { readSitesFile } from "../topology/cloud/sites-file"
import type { Topology } from "../topology/topology"
import { parseTopology, readTopologyText } from "../topology/yaml/load"

/** What stands in topology.yaml, and in the file of sites, if it names one. */
export interface Written {
  readonly text: string
  readonly sites?: string | undefined
}

export interface Texts {
  readonly file: string
  /** As they were when the network was started. */
  readonly begun: Written
  /** As they were when they were last sound. */
  readonly latest: Written
}

/** Throws TopologyError. */
export function inForce({ file, begun, latest }: Texts): Topology {
  const topology = parse(file, begun)
  const isSame = latest.text === begun.text && latest.sites === begun.sites
  return isSame ? topology : applyChanges(topology, parse(file, latest))
}

/** As they are now. Rejects with TopologyError where they are not sound, or not there. */
export async function readWritten(file: string): Promise<Written> {
  const text = await readTopologyText(file)
  let sites: string | undefined
  parseTopology(text, file, process.env, (path) => (sites = readSitesFile(path)))
  return { text, sites }
}

const parse = (file: string, { text, sites = "" }: Written): Topology =>
  parseTopology(text, file, process.env, () => sites)
