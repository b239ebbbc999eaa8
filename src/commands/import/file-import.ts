// One file of history: what it says goes into the network, or is shown, and what it lacks is told.
import { systemClock } from "../../clock"
import { describeEmpty } from "../../device/source/format/file"
import { count, labelOf } from "../../format"
import type { Zones } from "../../gateway/control/zones"
import { StorageRefused } from "../../storage/errors"
import type { Day } from "../../survey/calendar"
import { formatReading } from "../../survey/reading"
import { formatAddress } from "../../topology/address"
import type { Topology } from "../../topology/topology"
import { UsageError } from "../arguments"
import { columns } from "../columns"
import { Refusals } from "../refusals"
import type { Screen } from "../screen"
import { Batches } from "./batches"
import type { Destination } from "./destination"
import type { Part, Plan } from "./files"

const TELL_EVERY_MS = 2000
const SAMPLE_READINGS = 3
const NAMES_KNOWN = 20
const NAMES_SHOWN = 10

/** Of one device. */
interface Found {
  readonly days: Set<Day>
  readings: number
  latest: { day: Day; line: string }[]
}

export interface FileOptions {
  readonly file: string
  readonly sizeBytes: number
  readonly plan: Plan
  readonly zones: Zones
  readonly range: { readonly from: Day | undefined; readonly to: Day | undefined }
  /** The last day that is taken. */
  readonly latestDay: Day
}

export class FileImport {
  isComplete = true
  #readings = 0
  readonly #refusals = new Refusals()
  #future = 0
  #between = 0
  #empty = 0
  #lacks: string | undefined
  /** It has neither readings nor rows that are refused. */
  #isEmpty = true
  /** Rows of those whose readings are not taken, by their name in the file. */
  readonly #others = new Map<string, number>()
  #moreOfOthers = 0
  #toldAt = systemClock.monotonic()

  constructor(
    private readonly options: FileOptions,
    private readonly topology: Topology,
    private readonly screen: Screen,
  ) {}

  /** Throws StorageRefused, SurveyMissing, StorageError. */
  async store(destination: Destination): Promise<void> {
    const { file, plan, zones } = this.options
    const batches = new Batches(zones)
    const stored = { surveys: 0, changed: 0, readings: 0 }
    const send = async () => {
      for (const batch of batches.take()) {
        const imported = await destination.take(batch)
        if (typeof imported === "string") throw new StorageRefused(imported)
        if (imported.surveys < batch.length) {
          throw new UsageError(
            `The gateway does not know all of these devices, or by which clock their days are: start it again with this ${this.topology.file}`,
          )
        }
        stored.surveys += imported.surveys
        stored.changed += imported.changed
        stored.readings += imported.readings
        if (imported.refused > 0)
          this.#refuse(`${count(imported.refused, "reading")} refused by the gateway`, `${file}:`)
      }
    }
    for await (const part of plan.read(zones)) {
      for (const { address, day, reading } of this.#wanted(part)) {
        if (!batches.add(address, day, reading)) {
          const rule = `Time must not come twice with other values: it is ${formatReading(reading)}`
          this.#refuse(rule, `${formatAddress(address)} ${day}:`)
        }
      }
      if (batches.isFull) await send()
      this.#tellProgress(part.end)
    }
    await send()
    this.#tellRest()
    const what = `${count(stored.readings, "reading")} in ${count(stored.surveys, "survey")}`
    if (this.#readings > 0)
      this.screen.success(`${file}: ${what}, ${stored.changed === 0 ? "nothing" : stored.changed} new or changed`)
  }

  /** What would be stored. Throws SurveyMissing. */
  async show(): Promise<void> {
    const { file, plan, zones } = this.options
    const found = new Map<number, Found>()
    for await (const part of plan.read(zones)) {
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
    if (this.#readings > 0)
      this.screen.success(`${file}: ${count(this.#readings, "reading")} would be stored; nothing was`)
  }

  /** Counts and tells the rest. */
  #wanted({ readings, refused, refusedCount, others, between, empty, lacks }: Part): Part["readings"] {
    const { file, range, latestDay } = this.options
    const { from = "", to = "9999-12-31" } = range
    for (const { line, rule } of refused) this.#refuse(rule, `${file}:${line}`)
    this.#refusals.addUntold(refusedCount - refused.length)
    for (const other of others) this.#countOther(other)
    const wanted = readings.filter(({ day }) => day >= from && day <= to && day <= latestDay)
    this.#future += readings.filter(({ day }) => day > latestDay && day <= to).length
    this.#empty += empty
    this.#lacks = lacks ?? this.#lacks
    this.#isEmpty &&= readings.length + refusedCount + others.length + between === 0
    this.#readings += wanted.length
    this.#between += between
    return wanted
  }

  #countOther(name: string): void {
    const rows = this.#others.get(name)
    if (rows !== undefined || this.#others.size < NAMES_KNOWN) this.#others.set(name, (rows ?? 0) + 1)
    else this.#moreOfOthers++
  }

  #refuse(rule: string, where: string): void {
    if (this.#refusals.add(rule)) this.screen.error(`${where} ${rule}`)
    this.isComplete = false
  }

  #tellRest(): void {
    const { screen } = this
    const { file, plan } = this.options
    if (this.#refusals.hidden > 0) screen.error(`${file}: ${count(this.#refusals.hidden, "more row")} refused`)
    if (this.#readings === 0) {
      screen.error(`${file} ${this.#isEmpty ? describeEmpty(this.#empty, this.#lacks) : this.#whyNone()}`)
      this.isComplete = false
    }
    if (!plan.device) this.#tellStrangers()
    if (this.#between > 0) {
      const hours = "of hours that are of no day, as timeZone was changed then"
      screen.error(`${file}: ${count(this.#between, "reading")} ${hours}: not stored`)
      this.isComplete = false
    }
    if (this.#future > 0) {
      screen.error(`${file}: ${count(this.#future, "reading")} after tomorrow: is its clock, or time.zone, right?`)
      this.isComplete = false
    }
  }

  #whyNone(): string {
    const { device } = this.options.plan
    const names = [...this.#others.keys()].slice(0, NAMES_SHOWN)
    const whose = device ? ` of ${labelOf(device)}` : ""
    const rows = device && names.length > 0 ? `: it has rows of ${names.join(", ")}` : ""
    return `has no reading${whose} that could be taken${rows}`
  }

  #tellStrangers(): void {
    const { file, plan } = this.options
    const { screen } = this
    for (const [name, rows] of this.#others) {
      const nobody = `whom no device${plan.among} in ${this.topology.file} has as its sensor or name`
      screen.warn(`${file}: ${count(rows, "row")} of ${name || "nobody"}, ${nobody}`)
      this.isComplete = false
    }
    if (this.#moreOfOthers > 0) screen.warn(`${file}: ${count(this.#moreOfOthers, "row")} of still others`)
  }

  #tellProgress(end: number): void {
    const { file, sizeBytes } = this.options
    if (systemClock.monotonic() - this.#toldAt < TELL_EVERY_MS) return
    this.#toldAt = systemClock.monotonic()
    const percent = sizeBytes > 0 ? Math.min(100, Math.floor((100 * end) / sizeBytes)) : 100
    this.screen.info(`${file}: ${percent} %, ${count(this.#readings, "reading")}`)
  }

  #labelOf(address: number): string {
    return labelOf(this.topology.devices.get(address) ?? { ip: formatAddress(address) })
  }
}

const earlier = (a: Day, b: Day): Day => (a < b ? a : b)
const later = (a: Day, b: Day): Day => (a > b ? a : b)
