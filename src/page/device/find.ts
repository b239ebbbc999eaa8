// Which device a path names: an address, or a name that topology.yaml gives or the store remembers.
import type { StoreReader } from "../../cloud/store/reader"
import { didYouMean } from "../../nearest"
import { type AddressRange, parseAddress } from "../../topology/address"
import { addressesNamed, type NamedRange, namedRanges } from "../../topology/names"
import { sizeOf } from "../../topology/ranges"
import type { Topology } from "../../topology/topology"

export interface DeviceFound {
  readonly kind: "device"
  readonly site: string
  /** Unsigned 32-bit. */
  readonly address: number
  readonly name: string | undefined
  /** It was in topology.yaml, and is not any more; nobody knows that of another site's. */
  readonly hasLeft: boolean
}

export type Found =
  | DeviceFound
  /** The name of several. */
  | { readonly kind: "several"; readonly site: string; readonly addresses: readonly AddressRange[] }
  /** In one line, which ends without a full stop. */
  | { readonly kind: "none"; readonly reason: string }

const MOST_COMPARED = 10_000 // names, for the one that was meant

/** @param reader undefined where there is no store */
export async function findDevice(
  text: string,
  site: string,
  topology: Topology,
  reader: StoreReader | undefined,
): Promise<Found> {
  const isOwn = site === topology.site
  const sites = [...new Set([topology.site, ...((await reader?.sites()) ?? [])])]
  if (!sites.includes(site)) return { kind: "none", reason: `There is no site ${site} here${didYouMean(site, sites)}` }

  const own = isOwn ? topology : undefined
  const address = parseAddress(text)
  if (address !== undefined) {
    const reason = `There is no device ${text} in ${site}`
    return (await describe(address, site, own, reader)) ?? { kind: "none", reason }
  }
  // a declared device's name comes before that of one that left
  const known: string[] = []
  for (const read of [() => (own ? declaredNames(own) : []), () => reader?.names(site)]) {
    const names = (await read()) ?? []
    const addresses = addressesNamed(names, text)
    if (sizeOf(addresses) > 1) return { kind: "several", site, addresses }
    const device = addresses[0] && (await describe(addresses[0].first, site, own, reader))
    if (device) return device
    known.push(...names.slice(0, MOST_COMPARED).map(({ name }) => name))
  }
  return { kind: "none", reason: `There is no device ${text} in ${site}${didYouMean(text, new Set(known))}` }
}

/** Undefined of one that nobody has declared, named or heard of. */
async function describe(
  address: number,
  site: string,
  topology: Topology | undefined,
  reader: StoreReader | undefined,
): Promise<DeviceFound | undefined> {
  const declared = topology?.devices.get(address)
  const name = declared?.name ?? (await reader?.name(site, address))
  if (!declared && name === undefined && (await reader?.lastDay(site, address)) === undefined) return undefined
  return { kind: "device", site, address, name, hasLeft: topology !== undefined && !declared }
}

// as in survey/calendar.ts: what a pure function found before, since a fleet's names take a while to sort
const sorted = new WeakMap<Topology, NamedRange[]>()

function declaredNames(topology: Topology): NamedRange[] {
  const names = sorted.get(topology) ?? namedRanges(topology.devices.labels())
  sorted.set(topology, names)
  return names
}
