// `bun run readings`: what the store holds, reading by reading or as each day's statistics, for people and for programs.
import { systemClock } from "../../clock"
import { namesFor } from "../../cloud/export/devices"
import { select } from "../../cloud/export/selection"
import { printInBatches } from "../../cloud/listing"
import { FIRST_DAY, LAST_DAY } from "../../cloud/store/days"
import { placeOf } from "../../cloud/store/open"
import type { Selection, StoredDay } from "../../cloud/store/pages"
import { StoreReader } from "../../cloud/store/reader"
import { labelOf } from "../../format"
import { type Day, dayOf } from "../../survey/calendar"
import { formatAddress } from "../../topology/address"
import { COMMON_OPTIONS, DAY_RANGE_OPTIONS, UsageError, type Values } from "../arguments"
import { expectStoreHere, loadDeclared } from "../declared"
import { createScreen } from "../screen"
import { FORMATS_LISTED, SHOWN_DAYS, SHOWN_READINGS, type Shown } from "./formats"

export const name = "readings"
export const summary = "What the cloud's store holds."
export const options = {
  day: { type: "string", value: "YYYY-MM-DD", help: "this day; without it the last one" },
  ...DAY_RANGE_OPTIONS,
  device: { type: "string", value: "DEVICE", help: "this device only, by its address or its name" },
  site: { type: "string", value: "NAME", help: "another site than the topology's own" },
  daily: { type: "boolean", help: "each device's day in numbers: how many readings; least, mean and most" },
  format: { type: "string", value: "FORMAT", help: FORMATS_LISTED },
  ...COMMON_OPTIONS,
} as const

export function run(values: Values<typeof options>): Promise<number> {
  return values.daily ? show(SHOWN_DAYS, values) : show(SHOWN_READINGS, values)
}

async function show<Row>({ table, formatNamed }: Shown<Row>, values: Values<typeof options>): Promise<number> {
  const screen = createScreen(values)
  const format = formatNamed(values.format ?? "listing", screen.printWidth)
  if (!format) throw new UsageError(`--format is ${FORMATS_LISTED}: it is ${values.format}`)
  const topology = await loadDeclared(values, screen)
  expectStoreHere(topology)
  await using reader = await StoreReader.open(placeOf(topology))
  const selection = await select(values, topology, reader, dayOf(systemClock.now(), topology.timeZone))
  if (!selection) {
    await screen.print(format.head + format.tail)
    screen.info("Nothing is stored yet.")
    return 0
  }
  const nameAt = await namesFor(topology, reader, selection.site)
  const { head, dayHead, line, between, tail } = format
  let before: Day | undefined
  const linesOf = (survey: StoredDay) => {
    let lines = ""
    for (const row of table.rowsOf(survey, nameAt(survey.address))) {
      if (dayHead && selection.from !== selection.to && survey.day !== before) lines += dayHead(survey.day)
      lines += (before ? between : "") + line(row)
      before = survey.day
    }
    return lines
  }
  const lines = async function* () {
    yield head
    for await (const page of reader.pages(selection)) yield page.map(linesOf).join("")
    yield tail
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
