// `bun run report > soil.html`: a site's last days in one file, to mail and to keep.
import { readDayRange } from "../asked"
import { systemClock } from "../clock"
import { readDevice } from "../cloud/export/devices"
import { readSite } from "../cloud/export/selection"
import { placeOf } from "../cloud/store/open"
import { StoreReader } from "../cloud/store/reader"
import type { DaySpan } from "../page/device/history"
import { reportOf } from "../page/report/report"
import { addDays, type Day, dayOf } from "../survey/calendar"
import { type AddressRange, parseRange } from "../topology/address"
import type { Topology } from "../topology/topology"
import { COMMON_OPTIONS, DAY_RANGE_OPTIONS, type Values } from "./arguments"
import { expectStoreHere, loadDeclared } from "./declared"
import { createScreen } from "./screen"

export const name = "report"
export const summary = "The last days as one HTML file, to mail and to keep; it goes to standard output."
export const options = {
  ...DAY_RANGE_OPTIONS,
  last: { ...DAY_RANGE_OPTIONS.last, help: `${DAY_RANGE_OPTIONS.last.help}; 14d by default` },
  device: {
    type: "string",
    value: "DEVICE",
    help: "this device only, by its address or its name, or a range of addresses",
  },
  site: { type: "string", value: "NAME", help: "another site than the topology's own" },
  ...COMMON_OPTIONS,
} as const

const USUAL_SPAN = "14d"
const EXIT_NOTHING = 1

export async function run(values: Values<typeof options>): Promise<number> {
  const screen = createScreen(values)
  const topology = await loadDeclared(values, screen)
  expectStoreHere(topology)
  await using reader = await StoreReader.open(placeOf(topology))
  const now = systemClock.now()
  const today = dayOf(now, topology.timeZone)
  const { from, to, last = (from ?? to) ? undefined : USUAL_SPAN } = values
  const range = readDayRange({ from, to, last }, today)
  const site = await readSite(values.site, topology, reader)
  const devices = await devicesOf(values.device, topology, site)
  const stored = await storedSpan(reader, site)
  if (!stored) {
    screen.fail("Nothing is stored yet")
    return EXIT_NOTHING
  }
  const yesterday = addDays(today, -1)
  const span = {
    from: latest(range.from ?? stored.from, stored.from),
    to: earliest(range.to ?? stored.to, latest(stored.to, yesterday)),
  }
  if (span.from > span.to) {
    screen.fail(`Nothing is stored of ${site} in these days: it has ${stored.from} to ${stored.to}`)
    return EXIT_NOTHING
  }
  await screen.print(await reportOf({ site, devices, ...span }, topology, reader, now))
  return 0
}

async function devicesOf(
  text: string | undefined,
  topology: Topology,
  site: string,
): Promise<AddressRange | undefined> {
  const range = parseRange(text ?? "")
  if (range) return range
  const address = await readDevice(text, topology, site)
  return address === undefined ? undefined : { first: address, last: address }
}

async function storedSpan(reader: StoreReader, site: string): Promise<DaySpan | undefined> {
  const [from, to] = [await reader.firstDay(site), await reader.lastDay(site)]
  return from && to && { from, to }
}

const earliest = (one: Day, other: Day): Day => (one < other ? one : other)
const latest = (one: Day, other: Day): Day => (one < other ? other : one)
