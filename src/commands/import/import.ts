// `bun run import`: brings history into the network the ordinary way, through the gateway's spool to the cloud.
import { stat } from "node:fs/promises"
import { systemClock } from "../../clock"
import { describeEmpty } from "../../device/source/format/file"
import { SurveyMissing } from "../../device/source/missing"
import { count, labelOf } from "../../format"
import { INVOCATION } from "../../installation"
import { StorageRefused } from "../../storage/errors"
import { addDays, type Day, dayOf } from "../../survey/calendar"
import { formatReading } from "../../survey/reading"
import { formatAddress } from "../../topology/address"
import type { Topology } from "../../topology/topology"
import { loadTopology } from "../../topology/yaml/load"
import { COMMON_OPTIONS, readDay, readDayRange, UsageError, type Values } from "../arguments"
import { columns } from "../columns"
import { createScreen, type Screen } from "../screen"
import { Batches } from "./batches"
import { Destination } from "./destination"
import { type Asked, type Part, partsOf } from "./files"

export const name = "import"
export const summary = "History into the network: files of loggers, or of lines, to the gateway and on to the cloud."
export const positionals = "FILES…"
export const options = {
  device: { type: "string", value: "DEVICE", help: "whose readings they are, by its address or its name" },
  format: {
    type: "string",
    value: "NAME",
    help: "how they are written: one of topology.yaml's formats, or a ready-made one",
  },
  day: { type: "string", value: "YYYY-MM-DD", help: "of which day lines HH:MM - T - H% are" },
  from: { type: "string", value: "YYYY-MM-DD", help: "this day and later ones" },
  to: { type: "string", value: "YYYY-MM-DD", help: "this day and earlier ones" },
  "dry-run": { type: "boolean", help: "only show what would be stored" },
  ...COMMON_OPTIONS,
} as const

const EXIT_INCOMPLETE = 1
const REFUSED_SHOWN = 100
const STRANGERS_SHOWN = 20
const TELL_EVERY_MS = 2000
const SAMPLE_READINGS = 3

export async function run(values: Values<typeof options>, files: readonly string[]): Promise<number> {
  const screen = createScreen(values)
  if (files.length === 0) throw new UsageError("Name the files that hold the history: import export/bed3.csv")
  const topology = await loadTopology(values.topology ?? "topology.yaml")
  screen.tellTimesIn(topology.timeZone)
  const today = dayOf(systemClock.now(), topology.timeZone)
  const range = readDayRange({ from: values.from, to: values.to }, today)
  const asked: Asked = { device: values.device, format: values.format, day: readDay(values.day) }
  // all is said before anything is stored
  const planned = files.map((file) => ({ file, parts: partsOf(file, asked, topology) }))
  using destination = new Destination(topology)
  let isComplete = true
  for (const { file, parts } of planned) {
    const { size } = await stat(file).catch(() => ({ size: 0 }))
    const one = new FileImport(file, size, range, addDays(today, 1), topology, screen)
    try {
      if (values["dry-run"]) await one.show(parts)
      else await one.store(parts, destination)
    } catch (error) {
      if (error instanceof SurveyMissing) throw new UsageError(error.message, { cause: error })
      if (!(error instanceof StorageRefused)) throw error
      screen.error(`${error.message}; what came before is stored, and the same again goes on`)
      return EXIT_INCOMPLETE
    }
    isComplete &&= one.isComplete
  }
  if (destination.isOffline) {
    screen.info(`  What is due for the cloud goes when the gateway starts: ${INVOCATION} start`)
  }
  return isComplete ? 0 : EXIT_INCOMPLETE
}

/** Of one device. */
interface Found {
  readonly days: Set<Day>
  readings: number
  latest: { day: Day; line: string }[]
}

class FileImport {
  isComplete = true
  #readings = 0
  #refused = 0
  #future = 0
  #empty = 0
  #lacks: string | undefined
  #isEmpty = true
  readonly #strangers = new Map<string, number>()
  #moreOfStrangers = 0
  #toldAt = systemClock.monotonic()

  constructor(
    private readonly file: string,
    private readonly sizeBytes: number,
    private readonly range: { readonly from: Day | undefined; readonly to: Day | undefined },
    /** The last day that is taken. */
    private readonly latestDay: Day,
    private readonly topology: Topology,
    private readonly screen: Screen,
  ) {}

  /** Throws StorageRefused, SurveyMissing, StorageError. */
  async store(parts: AsyncGenerator<Part>, destination: Destination): Promise<void> {
    const batches = new Batches(this.topology.timeZone)
    const stored = { surveys: 0, changed: 0, readings: 0 }
    const send = async () => {
      for (const batch of batches.take()) {
        const imported = await destination.take(batch)
        if (typeof imported === "string") throw new StorageRefused(imported)
        if (imported.surveys < batch.length) {
          throw new UsageError(
            `The gateway does not know all of these devices: start it again with this ${this.topology.file}`,
          )
        }
        stored.surveys += imported.surveys
        stored.changed += imported.changed
        stored.readings += imported.readings
      }
    }
    for await (const part of parts) {
      for (const { address, day, reading } of this.#wanted(part)) {
        if (!batches.add(address, day, reading)) {
          this.#refuse(
            `${formatAddress(address)} ${day}: Time must not come twice with other values: it is ${formatReading(reading)}`,
          )
        }
      }
      if (batches.isFull) await send()
      this.#tellProgress(part.end)
    }
    await send()
    this.#tellRest()
    const what = `${count(stored.readings, "reading")} in ${count(stored.surveys, "survey")}`
    this.screen.success(`${this.file}: ${what}, ${stored.changed === 0 ? "nothing" : stored.changed} new or changed`)
  }

  /** What would be stored. Throws SurveyMissing. */
  async show(parts: AsyncGenerator<Part>): Promise<void> {
    const found = new Map<number, Found>()
    for await (const part of parts) {
      for (const { address, day, reading } of this.#wanted(part)) {
        let one = found.get(address)
        if (!one) found.set(address, (one = { days: new Set(), readings: 0, latest: [] }))
        one.days.add(day)
        one.readings++
        one.latest = [...one.latest.slice(1 - SAMPLE_READINGS), { day, line: formatReading(reading) }]
      }
      this.#tellProgress(part.end)
    }
    const rows = [...found].map(([address, { days, readings }]) => {
      const [first = "", last = ""] = [[...days].reduce(earlier), [...days].reduce(later)]
      return [this.#labelOf(address), `${first} to ${last}`, count(days.size, "day"), count(readings, "reading")]
    })
    const latest = [...found].flatMap(([address, one]) =>
      one.latest.map(({ day, line }) => [`  ${this.#labelOf(address)}`, day, line]),
    )
    await this.screen.print([...columns(rows), ...columns(latest)].map((line) => `${line}\n`).join(""))
    this.#tellRest()
    this.screen.success(`${this.file}: ${count(this.#readings, "reading")} would be stored; nothing was`)
  }

  /** Counts and tells the others. */
  #wanted({ readings, refused, refusedCount, strangers, empty, lacks }: Part): Part["readings"] {
    this.#empty += empty
    this.#lacks = lacks ?? this.#lacks
    this.#isEmpty &&= readings.length + refusedCount + strangers.length === 0
    const { from = "", to = "9999-12-31" } = this.range
    for (const { line, rule } of refused) this.#refuse(`${this.file}:${line} ${rule}`)
    this.#refused += refusedCount - refused.length
    for (const stranger of strangers) this.#count(stranger)
    const wanted = readings.filter(({ day }) => day >= from && day <= to && day <= this.latestDay)
    this.#future += readings.filter(({ day }) => day > this.latestDay && day <= to).length
    this.#readings += wanted.length
    return wanted
  }

  #count(stranger: string): void {
    const rows = this.#strangers.get(stranger)
    if (rows !== undefined || this.#strangers.size < STRANGERS_SHOWN) this.#strangers.set(stranger, (rows ?? 0) + 1)
    else this.#moreOfStrangers++
  }

  #refuse(text: string): void {
    if (this.#refused++ < REFUSED_SHOWN) this.screen.error(text)
    this.isComplete = false
  }

  #tellRest(): void {
    const { file, screen } = this
    if (this.#refused > REFUSED_SHOWN) screen.error(`${file}: ${this.#refused - REFUSED_SHOWN} more rows refused`)
    for (const [stranger, rows] of this.#strangers) {
      screen.warn(
        `${file}: ${count(rows, "row")} of ${stranger || "nobody"}, whom no device in ${this.topology.file} has as its sensor or name`,
      )
    }
    if (this.#moreOfStrangers > 0) screen.warn(`${file}: ${count(this.#moreOfStrangers, "row")} of still others`)
    if (this.#future > 0)
      screen.error(`${file}: ${count(this.#future, "reading")} after tomorrow: is its clock, or time.zone, right?`)
    if (this.#isEmpty) screen.error(`${file} ${describeEmpty(this.#empty, this.#lacks)}`)
    if (this.#isEmpty || this.#strangers.size > 0 || this.#future > 0) this.isComplete = false
  }

  #tellProgress(end: number): void {
    if (systemClock.monotonic() - this.#toldAt < TELL_EVERY_MS) return
    this.#toldAt = systemClock.monotonic()
    const percent = this.sizeBytes > 0 ? Math.min(100, Math.floor((100 * end) / this.sizeBytes)) : 100
    this.screen.info(`${this.file}: ${percent} %, ${count(this.#readings, "reading")}`)
  }

  #labelOf(address: number): string {
    return labelOf(this.topology.devices.get(address) ?? { ip: formatAddress(address) })
  }
}

const earlier = (a: Day, b: Day): Day => (a < b ? a : b)
const later = (a: Day, b: Day): Day => (a > b ? a : b)
