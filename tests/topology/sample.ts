// A small sound topology, and what is wrong with a changed one.
import { parseTopology, TopologyError } from "../../src/topology/yaml/load"

export const SAMPLE = `site: greenhouse
timeZone: Europe/Rome
schedule:
  cron: "0 6 * * *"
gateway:
  interfaces:
    devices: { address: 192.168.1.1/24 }
    cloud: { address: 10.10.10.1/24 }
cloud:
  address: 10.10.10.2
devices:
  - { ip: 192.168.1.2, survey: one.txt }
  - { ip: 192.168.1.3, survey: two.txt }
`

/** The sample with replacements; each must be there to be replaced. */
export function changed(...replacements: readonly (readonly [from: string, to: string])[]): string {
  return replacements.reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new Error(`the sample has no ${from}`)
    return text.replace(from, () => to)
  }, SAMPLE)
}

/** The problems of a text, one a line: `14:9 devices[1].ip: …`. */
export function problemsOf(text: string): string[] {
  try {
    parseTopology(text, "topology.yaml")
    return []
  } catch (error) {
    if (!(error instanceof TopologyError)) throw error
    return error.problems.map(({ line, column, path, message }) => `${line}:${column} ${path}: ${message}`)
  }
}

/** The warnings of a sound text, as `problemsOf()` writes them. */
export function warningsOf(text: string): string[] {
  const { warnings } = parseTopology(text, "topology.yaml")
  return warnings.map(({ line, column, path, message }) => `${line}:${column} ${path}: ${message}`)
}
