// `bun run pair`: makes the keys that a leg needs, and prints what the other end has to know of them.
import type { AddressRange } from "../../topology/address"
import { loadTopology } from "../../topology/yaml/load"
import { COMMON_OPTIONS, UsageError, type Values } from "../arguments"
import { readRoles, withAddresses } from "../roles"
import { createScreen } from "../screen"
import { pairCloud } from "./cloud"
import { pairDevices } from "./devices"

export const name = "pair"
export const summary =
  "Makes the keys of the cloud's leg, or of devices, once, and prints what the other end has to know of them."
export const positionals = "cloud | ADDRESS|NAME…"
export const options = {
  new: { type: "boolean", help: "devices' keys are made anew: those of before are worth nothing any more" },
  ...COMMON_OPTIONS,
} as const

export async function run(values: Values<typeof options>, words: readonly string[]): Promise<number> {
  const screen = createScreen(values)
  if (words.length === 0) throw new UsageError("Name whose keys are made: pair cloud, or pair 192.168.1.2")
  const topology = await loadTopology(values.topology ?? "topology.yaml", process.env, { keysMayBeMissing: true })
  if (words.includes("cloud")) {
    if (words.length > 1 || values.new) throw new UsageError("pair cloud stands alone: pair devices by themselves")
    await pairCloud(topology, screen)
  } else
    await pairDevices(rangesOf(withAddresses(["device", ...words], topology)), topology, values.new ?? false, screen)
  return 0
}

/** Addresses, names and ranges, as `start device` takes them. */
const rangesOf = (words: readonly string[]): readonly AddressRange[] => readRoles(words)?.devices ?? []
