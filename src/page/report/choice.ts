// Which devices a report has: those that are asked for, all of a site, of a fleet those that owe most.
import { UnknownNameError, UsageError } from "../../asked"
import type { StoreReader } from "../../cloud/store/reader"
import type { StatusDocument } from "../../status/document"
import { type AddressRange, formatAddress, formatRange, parseAddress, parseRanges } from "../../topology/address"
import { addressesIn, joinRanges, overlap, sizeOf, without } from "../../topology/ranges"
import type { Topology } from "../../topology/topology"
import { type DeviceFound, findDevice } from "../device/find"

/** Devices of a report. */
const MOST_DEVICES = 50
const WORST = 10

export type Choice =
  | { readonly kind: "all"; readonly devices: readonly DeviceFound[] }
  | {
      readonly kind: "worst"
      readonly devices: readonly DeviceFound[]
      /** How many there are. */
      readonly of: number
    }

/** Rejects with UnknownNameError of one that is not there. */
export async function choose(
  site: string,
  asked: AddressRange | undefined,
  status: StatusDocument,
  topology: Topology,
  reader: StoreReader,
): Promise<Choice> {
  const find = async (address: number): Promise<DeviceFound> => {
    const found = await findDevice(formatAddress(address), site, topology, reader)
    if (found.kind === "device") return found
    if (found.kind === "none" && asked) throw new UnknownNameError(found.reason)
    return { kind: "device", site, address, name: undefined, hasLeft: false } // of another site, and silent so far
  }
  const described = await reader.devices(site)
  const declared = joinRanges(site === topology.site ? topology.devices.entries.map(({ ip }) => ip) : described)
  const known = joinRanges([...declared, ...described, ...(await reader.names(site))])
  if (asked) return { kind: "all", devices: await Promise.all(askedFor(asked, known).map(find)) }
  const of = sizeOf(declared)
  if (of > MOST_DEVICES) return { kind: "worst", devices: await Promise.all(worstOf(site, status).map(find)), of }
  const former = addressesIn(without(known, declared)).take(MOST_DEVICES - of)
  const all = [...addressesIn(declared), ...former].sort((a, b) => a - b)
  return { kind: "all", devices: await Promise.all(all.map(find)) }
}

/** Of a range those that are known. */
function askedFor(asked: AddressRange, known: readonly AddressRange[]): number[] {
  if (asked.first === asked.last) return [asked.first]
  const found = overlap([asked], known)
  if (sizeOf(found) === 0) throw new UnknownNameError(`There is no device in ${formatRange(asked)}`)
  if (sizeOf(found) <= MOST_DEVICES) return [...addressesIn(found)]
  throw new UsageError(`A report has ${MOST_DEVICES} devices at most: in ${formatRange(asked)} are ${sizeOf(found)}`)
}

/** The addresses of those that owe most days; where no gateway is here, of those that the last run missed. */
function worstOf(site: string, { gateway, cloud }: StatusDocument): number[] {
  if (!gateway) {
    const run = cloud?.sites.find((each) => each.site === site)?.run
    return [...addressesIn(parseRanges(run?.missingDevices ?? []) ?? []).take(WORST)]
  }
  const days = new Map<string, number>()
  for (const { ip, days: owed } of [...gateway.owed.devices, ...gateway.lost.devices]) {
    days.set(ip, (days.get(ip) ?? 0) + owed.length)
  }
  const worst = [...days].sort(([, some], [, others]) => others - some).slice(0, WORST)
  return worst.flatMap(([ip]) => parseAddress(ip) ?? [])
}
