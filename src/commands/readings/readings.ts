// `bun run readings`: what the store holds, as a listing, a table, CSV or JSON lines.
import { systemClock } from "../../clock"
import { printInBatches } from "../../cloud/listing"
import { FIRST_DAY, LAST_DAY, type Selection, type StoredRow, StoreReader } from "../../cloud/store/reader"
import { formatStored } from "../../cloud/store/stored"
import { dayOf } from "../../survey/calendar"
import { formatAddress } from "../../topology/address"
import { loadTopology } from "../../topology/yaml/load"
import { COMMON_OPTIONS, DAY_RANGE_OPTIONS, readDayRange, UsageError, type Values } from "../arguments"
import { columns } from "../columns"
import { readDevice } from "../devices"
import { createScreen } from "../screen"

export const name = "readings"
export const summary = "What the cloud's store holds."
export const options = {
  day: { type: "string", value: "YYYY-MM-DD", help: "this day; without it the last one" },
  ...DAY_RANGE_OPTIONS,
  device: { type: "string", value: "DEVICE", help: "this device only, by its address or its name" },
  site: { type: "string", value: "NAME", help: "another site than the topology's own" },
  format: { type: "string", value: "FORMAT", help: "listing, table, csv or jsonl" },
  ...COMMON_OPTIONS,
} as const

const cells = ({ site, day, address, time, temperature, humidity }: StoredRow) =>
  [site, formatAddress(address), day, time, temperature, humidity] as const

const tableRow = (row: readonly (string | number)[]): string =>
  columns([row.map(String)], { left: 4, widths: [16, 15, 10, 8, 11, 8] }).join("")

const COLUMNS = ["site", "device", "day", "time", "temperature", "humidity"]

const FORMATS: Record<string, { readonly head?: string; readonly line: (row: StoredRow) => string }> = {
  listing: {
    line: ({ address, time, temperature, humidity }) =>
      `${formatAddress(address)} - ${formatStored([time, temperature, humidity])}`,
  },
  table: { head: tableRow(COLUMNS), line: (row) => tableRow(cells(row)) },
  csv: { head: COLUMNS.join(","), line: (row) => cells(row).join(",") },
  jsonl: {
    line: ({ site, address, day, time, temperature, humidity }) =>
      JSON.stringify({ site, device: formatAddress(address), day, time, temperature, humidity }),
  },
}

export async function run(values: Values<typeof options>): Promise<number> {
  const screen = createScreen(values)
  const { format = "listing" } = values
  const { head, line } = FORMATS[format] ?? {}
  if (!line) throw new UsageError(`--format is listing, table, csv or jsonl: it is ${format}`)
  const topology = await loadTopology(values.topology ?? "topology.yaml")
  const { from, to } = readDayRange(values, dayOf(systemClock.now(), topology.timeZone))
  const site = values.site ?? topology.site

  using reader = new StoreReader(topology.cloud.store)
  const sites = reader.sites()
  if (sites.length > 0 && !sites.includes(site)) {
    throw new UsageError(`${site} is not a site of this store, which has ${sites.join(", ")}`)
  }
  const device = readDevice(values.device, topology, site)
  const only = from || to ? undefined : reader.lastDay(site)
  if (!only && !from && !to) {
    screen.info("Nothing is stored yet.")
    return 0
  }
  const selection = { site, device, from: only ?? from ?? FIRST_DAY, to: only ?? to ?? LAST_DAY }
  let found = false
  const lines = function* () {
    if (head) yield `${head}\n`
    for (const row of reader.rows(selection)) {
      found = true
      yield `${line(row)}\n`
    }
  }
  await printInBatches(lines(), screen.print)
  if (!found) screen.info(`Nothing stored for ${describe(selection)}`)
  return 0
}

/** "192.168.1.2 from 2026-11-01 to 2026-11-21" */
function describe({ site, device, from, to }: Selection): string {
  const who = device === undefined ? site : formatAddress(device)
  if (from === to) return `${who} on ${from}`
  return [who, from === FIRST_DAY ? "" : ` from ${from}`, to === LAST_DAY ? "" : ` to ${to}`].join("")
}
