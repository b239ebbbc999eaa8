// Devices as people and programmes name them: by address, or by the name that topology.yaml or the store knows.
import { type Mark, UnknownNameError, UsageError } from "../../asked"
import { didYouMean } from "../../nearest"
import { type AddressRange, formatRange, parseAddress } from "../../topology/address"
import { addressesNamed, type NamedRange, namedRanges, nameOf } from "../../topology/names"
import { sizeOf } from "../../topology/ranges"
import type { Topology } from "../../topology/topology"
import { isStoreThere, placeOf } from "../store/open"
import { StoreReader } from "../store/reader"

const LISTED = 10 // names, or addresses that have one name, in a message

/**
 * The device that is asked for, as an unsigned 32-bit address. A declared device's name comes before that of one that left
 * topology.yaml, which only the store knows, as it does another site's. Rejects with UsageError when it is none, or several.
 */
export async function readDevice(
  text: string | undefined,
  topology: Topology,
  site = topology.site,
  mark: Mark = "--",
): Promise<number | undefined> {
  if (text === undefined) return undefined
  const declared = declaredNames(topology, site)
  const known = parseAddress(text) ?? addressNamed(text, declared)
  if (known !== undefined) return known
  const stored = await storedNames(topology, site)
  const address = addressNamed(text, stored)
  if (address !== undefined) return address
  const names = [...declared, ...stored].map(({ name }) => name)
  throw new UnknownNameError(`${mark}device ${text} is neither an address nor a name in ${site}${suggest(text, names)}`)
}

/** Of the one device that has this name. Throws UsageError where several have it. */
export function addressNamed(text: string, names: readonly NamedRange[]): number | undefined {
  const found = addressesNamed(names, text)
  if (sizeOf(found) > 1) throw new UsageError(`${text} is the name of ${listRanges(found)}: give an address`)
  return found[0]?.first
}

/** Those of topology.yaml; of another site it knows none. */
export const declaredNames = ({ devices, site: own }: Topology, site = own): NamedRange[] =>
  site === own ? namedRanges(devices.labels()) : []

/** What a device is called: as it is declared, or as the store knows it. */
export async function namesFor(topology: Topology, reader: StoreReader, site: string) {
  const declared = declaredNames(topology, site)
  const stored = await reader.names(site)
  return (address: number): string | undefined => nameOf(declared, address) ?? nameOf(stored, address)
}

async function storedNames(topology: Topology, site: string): Promise<NamedRange[]> {
  if (!isStoreThere(topology.cloud)) return []
  await using reader = await StoreReader.open(placeOf(topology))
  return await reader.names(site)
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
