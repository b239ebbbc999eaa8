// Devices as a person names them on the command line: by address, or by the name that topology.yaml or the store knows.
import { existsSync } from "node:fs"
import { StoreReader } from "../cloud/store/reader"
import { didYouMean } from "../nearest"
import { type AddressRange, formatRange, parseAddress } from "../topology/address"
import { addressesNamed, type NamedRange, namedRanges } from "../topology/names"
import { sizeOf } from "../topology/ranges"
import type { Topology } from "../topology/topology"
import { UsageError } from "./arguments"

const LISTED = 10 // names, or addresses that have one name, in a message

/**
 * An option's device, as an unsigned 32-bit address. A declared device's name comes before that of one that left
 * topology.yaml, which only the store knows, as it does another site's. Throws UsageError when it is none, or several.
 */
export function readDevice(text: string | undefined, topology: Topology, site = topology.site): number | undefined {
  if (text === undefined) return undefined
  const declared = site === topology.site ? declaredNames(topology) : []
  const known = parseAddress(text) ?? addressNamed(text, declared)
  if (known !== undefined) return known
  const stored = storedNames(topology.cloud.store, site)
  const address = addressNamed(text, stored)
  if (address !== undefined) return address
  const names = [...declared, ...stored].map(({ name }) => name)
  throw new UsageError(`--device ${text} is neither an address nor a name in ${site}${suggest(text, names)}`)
}

/** Of the one device that has this name. Throws UsageError where several have it. */
export function addressNamed(text: string, names: readonly NamedRange[]): number | undefined {
  const found = addressesNamed(names, text)
  if (sizeOf(found) > 1) throw new UsageError(`${text} is the name of ${listRanges(found)}: give an address`)
  return found[0]?.first
}

export const declaredNames = ({ devices }: Topology): NamedRange[] => namedRanges(devices.labels())

function storedNames(store: string, site: string): NamedRange[] {
  if (!existsSync(store)) return []
  using reader = new StoreReader(store)
  return reader.names(site)
}

/** ", did you mean tomatoes?"; where none is near, all of them if they are few. */
export function suggest(text: string, names: readonly string[]): string {
  const known = [...new Set(names)]
  const isShort = known.length > 0 && known.length <= LISTED
  return didYouMean(text, known, isShort ? `: known are ${list(known)}` : "")
}

function listRanges(ranges: readonly AddressRange[]): string {
  const more = ranges.length - LISTED
  return list([...ranges.slice(0, LISTED).map(formatRange), ...(more > 0 ? [`${more} more`] : [])])
}

/** "a, b and c" */
const list = (words: readonly string[]): string => new Intl.ListFormat("en-GB").format(words)
