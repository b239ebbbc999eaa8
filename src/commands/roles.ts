// `start gateway cloud`, `start device tomatoes 192.168.1.3 …`: which parts of the network this host plays.
import { addressNamed, declaredNames, suggest } from "../cloud/export/devices"
import { count } from "../format"
import { didYouMean } from "../nearest"
import { EVERYTHING, type Roles, type Topology } from "../network"
import { type AddressRange, formatAddress, parseRange } from "../topology/address"
import { addressesIn, joinRanges, sizeOf } from "../topology/ranges"
import { UsageError } from "./arguments"

const WORDS = ["cloud", "gateway", "device"]

/** The same words with addresses in the place of declared devices' names. */
export function withAddresses(words: readonly string[], topology: Topology): string[] {
  const names = declaredNames(topology)
  return words.map((word) => {
    if (WORDS.includes(word) || parseRange(word)) return word
    const address = addressNamed(word, names)
    if (address !== undefined) return formatAddress(address)
    if (!words.includes("device")) return word
    const near = suggest(word, [...WORDS, ...names.map(({ name }) => name)])
    throw new UsageError(`${word} is neither an address nor a name in ${topology.site}${near}`)
  })
}

/** The roles that the command line names; undefined when it names none: the whole network, simulated. */
export function readRoles(words: readonly string[]): Roles | undefined {
  if (words.length === 0) return undefined
  const devices: AddressRange[] = []
  for (const word of words) {
    if (WORDS.includes(word)) continue
    const range = parseRange(word)
    if (!range) {
      throw new UsageError(`${word} is not a role${didYouMean(word, WORDS, `: they are ${WORDS.join(", ")}`)}`)
    }
    if (!words.includes("device")) throw new UsageError(`Say \`device ${word}\` to play that device`)
    devices.push(range)
  }
  if (words.includes("device") && devices.length === 0) {
    throw new UsageError("Name the device behind `device`, by its name or address, or a range: device 192.168.1.2")
  }
  return { cloud: words.includes("cloud"), gateway: words.includes("gateway"), devices: joinRanges(devices) }
}

/** Refuses devices that are not declared, or that have no survey to send. */
export function checkRoles({ devices: ranges }: Roles, { devices, file }: Topology): void {
  if (ranges === EVERYTHING.devices) return
  for (const address of addressesIn(ranges)) {
    const device = devices.get(address)
    const why = device ? "has no survey: it sends by itself" : "is not declared"
    if (!device?.survey) throw new UsageError(`${formatAddress(address)} ${why} in ${file}`)
  }
}

/** "gateway, 2 devices" */
export function describeRoles({ cloud, gateway, devices }: Roles): string {
  const size = sizeOf(devices)
  const parts = [cloud ? "cloud" : "", gateway ? "gateway" : "", size > 0 ? count(size, "device") : ""]
  return parts.filter((part) => part !== "").join(", ")
}
