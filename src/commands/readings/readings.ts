// `bun run readings`: what the store holds, as a listing, a table, CSV or JSON lines.
import { systemClock } from "../../clock"
import { printInBatches } from "../../cloud/listing"
import { FIRST_DAY, LAST_DAY, type Selection, type StoredRow, StoreReader } from "../../cloud/store/reader"
import { dayOf } from "../../survey/calendar"
import { formatAddress } from "../../topology/address"
import { nameOf } from "../../topology/names"
import { loadTopology } from "../../topology/yaml/load"
import { COMMON_OPTIONS, DAY_RANGE_OPTIONS, readDayRange, UsageError, type Values } from "../arguments"
import { declaredNames, readDevice } from "../devices"
import { labelOf } from "../format"
import { createScreen } from "../screen"
import { formatNamed } from "./formats"

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

export async function run(values: Values<typeof options>): Promise<number> {
  const screen = createScreen(values)
  const { format = "listing" } = values
  const { head, dayHead, line } = formatNamed(format, screen.printWidth) ?? {}
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
  const declared = site === topology.site ? declaredNames(topology) : []
  const stored = reader.names(site)
  const nameAt = (address: number) => nameOf(declared, address) ?? nameOf(stored, address)

  let before: StoredRow | undefined
  const lines = function* () {
    if (head) yield `${head}\n`
    let label: string | undefined
    for (const row of reader.rows(selection)) {
      if (dayHead && selection.from !== selection.to && row.day !== before?.day) yield `${dayHead(row.day)}\n`
      if (row.address !== before?.address) label = nameAt(row.address)
      before = row
      yield `${line(row, label)}\n`
    }
  }
  await printInBatches(lines(), screen.print)
  if (!before) screen.info(`Nothing stored for ${describe(selection, nameAt)}`)
  return 0
}

/** "192.168.1.2 tomatoes from 2026-11-01 to 2026-11-21" */
function describe({ site, device, from, to }: Selection, nameAt: (address: number) => string | undefined): string {
  const who = device === undefined ? site : labelOf({ ip: formatAddress(device), name: nameAt(device) })
  if (from === to) return `${who} on ${from}`
  return [who, from === FIRST_DAY ? "" : ` from ${from}`, to === LAST_DAY ? "" : ` to ${to}`].join("")
}
