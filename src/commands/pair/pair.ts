// `bun run pair`: makes the keys that a leg needs, and prints what the other end has to know of them.
import type { AddressRange } from "../../topology/address"
import { joinRanges } from "../../topology/ranges"
import type { Topology } from "../../topology/topology"
import { COMMON_OPTIONS, UsageError, type Values } from "../arguments"
import { loadDeclared } from "../declared"
import { readRoles, withAddresses } from "../roles"
import { createScreen } from "../screen"
import { pairCloud } from "./cloud"
import { pairDevices } from "./devices"

export const name = "pair"
export const summary =
  "Makes the keys of the cloud's leg, or of devices, once, and prints what the other end has to know of them."
export const positionals = "cloud | gateway | devices | ADDRESS|NAME…"
export const options = {
  new: { type: "boolean", help: "what is named is made anew: keys of before are worth nothing any more" },
  qr: { type: "boolean", help: "devices' keys as QR codes too, for sensors of another make" },
  ...COMMON_OPTIONS,
} as const

/** Words that are no single device. */
const WHOLE = ["cloud", "gateway", "devices"]

export async function run(values: Values<typeof options>, words: readonly string[]): Promise<number> {
  const screen = createScreen(values)
  const [word] = words
  if (word === undefined) {
    throw new UsageError("Name whose keys are made: pair cloud, pair devices, or some of them: pair 192.168.1.2")
  }
  const alone = words.find((word) => WHOLE.includes(word))
  if (alone !== undefined && words.length > 1) throw new UsageError(`pair ${alone} stands alone`)
  const isLeg = alone === "cloud" || alone === "gateway"
  if (isLeg && values.qr) throw new UsageError("--qr is for devices' keys")
  const topology = await loadDeclared(values, screen, { keysMayBeMissing: true })
  if (isLeg) await pairCloud(topology, screen, values.new ? alone : undefined)
  else {
    const [isNew, hasCodes] = [values.new ?? false, values.qr ?? false]
    await pairDevices(rangesOf(words, topology), { topology, isNew, hasCodes, screen })
  }
  return 0
}

/** All of them; or addresses, names and ranges, as `start device` takes them. */
function rangesOf(words: readonly string[], topology: Topology): readonly AddressRange[] {
  if (words.includes("devices")) return joinRanges(topology.devices.entries.map(({ ip }) => ip))
  return readRoles(withAddresses(["device", ...words], topology))?.devices ?? []
}
