// `bun run pair`: makes the keys that a leg needs, and prints what the other end has to know of them.
import { loadTopology } from "../../topology/yaml/load"
import { COMMON_OPTIONS, UsageError, type Values } from "../arguments"
import { createScreen } from "../screen"
import { pairCloud } from "./cloud"

export const name = "pair"
export const summary = "Makes the keys of the cloud's leg, once, and prints what to write into topology.yaml."
export const positionals = "cloud"
export const options = { ...COMMON_OPTIONS } as const

export async function run(values: Values<typeof options>, words: readonly string[]): Promise<number> {
  const screen = createScreen(values)
  const [whom, ...more] = words
  if (whom !== "cloud" || more.length > 0) throw new UsageError("Name whose keys are made: pair cloud")
  const topology = await loadTopology(values.topology ?? "topology.yaml", process.env, { keysMayBeMissing: true })
  await pairCloud(topology, screen)
  return 0
}
