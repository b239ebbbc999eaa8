// `/api/devices`: whom a programme may ask for.
import { UsageError } from "../../asked"
import { namesFor } from "../../cloud/export/devices"
import { readSite } from "../../cloud/export/selection"
import { columnsOf, type Table } from "../../cloud/export/tables"
import { placeOf } from "../../cloud/store/open"
import { StoreReader } from "../../cloud/store/reader"
import type { Day } from "../../survey/calendar"
import { type AddressRange, EVERY_ADDRESS, formatAddress, parseAddress } from "../../topology/address"
import { addressesIn, joinRanges, overlap } from "../../topology/ranges"
import type { Topology } from "../../topology/topology"
import type { Views } from "../views"
import { download } from "./download"
import { readFormat } from "./formats"
import { readParameters } from "./parameters"

interface DeviceRow {
  readonly site: string
  /** Its address. */
  readonly device: string
  readonly name: string | null
  /** Of which a survey of it is stored; null without one. */
  readonly lastDay: Day | null
  /** Of that day. */
  readonly readings: number
}

const DEVICES: Table<DeviceRow> = {
  columns: columnsOf<DeviceRow>({
    site: ["text", ({ site }) => site],
    device: ["text", ({ device }) => device],
    name: ["text", ({ name }) => name, "optional"],
    last_day: ["day", ({ lastDay }) => lastDay, "optional"],
    readings: ["count", ({ readings }) => readings],
  }),
}

const PARAMETERS = ["site", "after", "limit", "format"] as const
const LIMIT = { byDefault: 1000, most: 10_000 }

/** A page of them in address order; the next one's address stands in the header Link (RFC 8288). Rejects with UsageError. */
export async function devicesOf(
  extension: string | undefined,
  request: Request,
  { topology }: Views,
): Promise<Response> {
  const url = new URL(request.url)
  const { site: asked, after, limit, format: written } = readParameters(url.searchParams, PARAMETERS)
  const format = readFormat(written, extension)
  const [first, most] = [readAfter(after), readLimit(limit)]
  await using reader = await StoreReader.open(placeOf(topology))
  const site = await readSite(asked, topology, reader)
  const ranges = overlap(await rangesOf(site, topology, reader), [{ first, last: EVERY_ADDRESS.last }])
  const addresses = addressesIn(ranges)
    .take(most + 1)
    .toArray()
  const isMore = addresses.length > most
  const shown = addresses.slice(0, most)
  const last = shown.at(-1)
  if (isMore && last !== undefined) url.searchParams.set("after", formatAddress(last))
  return download(request, format, {
    table: DEVICES,
    pages: () => rowsOf(site, shown, topology),
    fileName: `${site}-devices`,
    version: undefined,
    ...(isMore && { headers: { Link: `<${url.pathname}${url.search}>; rel="next"` } }),
  })
}

/** Declared ones, those that the site's gateway has described, and those that had a name. */
async function rangesOf(site: string, { site: own, devices }: Topology, reader: StoreReader): Promise<AddressRange[]> {
  const declared = site === own ? devices.entries.map(({ ip }) => ip) : []
  return joinRanges([...declared, ...(await reader.devices(site)), ...(await reader.names(site))])
}

async function* rowsOf(site: string, addresses: readonly number[], topology: Topology) {
  await using reader = await StoreReader.open(placeOf(topology))
  const nameAt = await namesFor(topology, reader, site)
  const latest = new Map<number, { readonly day: Day; readonly readings: number }>()
  let sought = addresses
  for (const day of (await reader.days(site)).reverse()) {
    for (const address of sought) {
      const readings = await reader.countReadings(site, day, address)
      if (readings !== undefined) latest.set(address, { day, readings })
    }
    sought = sought.filter((address) => !latest.has(address))
    if (sought.length === 0) break
    yield [] // of a fleet that has been silent for long it takes long
  }
  yield addresses.map((address): DeviceRow => {
    const { day = null, readings = 0 } = latest.get(address) ?? {}
    return { site, device: formatAddress(address), name: nameAt(address) ?? null, lastDay: day, readings }
  })
}

function readAfter(text: string | undefined): number {
  if (text === undefined) return EVERY_ADDRESS.first
  const address = parseAddress(text)
  if (address === undefined) throw new UsageError(`after is a device's address, as 192.168.1.2: it is ${text}`)
  return address + 1
}

function readLimit(text: string | undefined): number {
  const limit = text === undefined ? LIMIT.byDefault : Number(text)
  if (Number.isInteger(limit) && limit >= 1 && limit <= LIMIT.most) return limit
  throw new UsageError(`limit is a whole number from 1 to ${LIMIT.most}: it is ${text}`)
}
