// What a file that others write holds of each device, and the rows of it that are refused.
import { type Content, describeEmpty } from "../../device/source/format/file"
import { twiceRule } from "../../device/source/format/local"
import { count } from "../../format"
import { didYouMean } from "../../nearest"
import { formatReading } from "../../survey/reading"
import { Refusals } from "../refusals"

/** What a source holds, as far as it can be told now. */
export interface Checked {
  readonly readings: number
  /** The last of them, as lines. */
  readonly latest: readonly string[]
  readonly problems: readonly string[]
}

export const LATEST_SHOWN = 3
const NAMES_KNOWN = 100
const INSTANTS_KNOWN = 100_000 // a year of a device: a time that comes twice does so sooner

/** What was found of one device, or of nobody. */
class Found {
  readings = 0
  isTold = false
  latest: Content["readings"][number][] = []
  readonly #refusals = new Refusals()
  readonly #problems: string[] = []
  /** Of each instant its values, as one number. */
  readonly #values = new Map<number, number>()

  add(row: Content["readings"][number], path: string): void {
    const { at, line, reading } = row
    const values = reading.temperature * 100_000 + reading.humidity
    const known = this.#values.get(at)
    if (known !== undefined && known !== values) return this.refuse(twiceRule(reading), `${path}:${line}`)
    if (known !== undefined) return
    if (this.#values.size === INSTANTS_KNOWN) this.#values.clear()
    this.#values.set(at, values)
    this.readings++
    const [oldest] = this.latest
    if (oldest && this.latest.length === LATEST_SHOWN && oldest.at > at) return
    this.latest = [...this.latest, row].sort((a, b) => a.at - b.at).slice(-LATEST_SHOWN)
  }

  get refused(): number {
    return this.#refusals.count
  }

  refuse(rule: string, where: string): void {
    if (this.#refusals.add(rule)) this.#problems.push(`${where} ${rule}`)
  }

  finish(): void {
    this.#values.clear()
  }

  /** Once, however many devices ask. */
  tell(path: string): string[] {
    if (this.isTold) return []
    this.isTold = true
    const { hidden } = this.#refusals
    return hidden > 0 ? [...this.#problems, `${path}: ${count(hidden, "more row")} refused`] : this.#problems
  }
}

export class ForeignFile {
  readonly #found = new Map<string, Found>()
  /** Refused rows that do not say whose they are. */
  readonly #nobody = new Found()
  #empty = 0
  #lacks: string | undefined
  /** Whose readings it has, where it says. */
  readonly #names = new Set<string>()
  #hasReadings = false

  constructor(
    private readonly path: string,
    private readonly isOfSeveral: boolean,
    sensors: Iterable<string>,
  ) {
    for (const sensor of isOfSeveral ? sensors : [""]) this.#found.set(sensor, new Found())
  }

  take({ readings, refused, empty, lacks, path }: Content): void {
    this.#empty += empty
    this.#lacks = lacks ?? this.#lacks
    this.#hasReadings ||= readings.length > 0
    for (const row of readings) {
      if (row.device !== "" && this.#names.size < NAMES_KNOWN) this.#names.add(row.device)
      this.#found.get(row.device)?.add(row, path)
    }
    for (const { device, line, rule } of refused) {
      const found = this.#found.get(device) ?? (device === "" ? this.#nobody : undefined)
      found?.refuse(rule, `${path}:${line}`)
    }
  }

  /** Nothing more is to be taken. */
  finish(): void {
    for (const found of this.#found.values()) found.finish()
  }

  tell(sensor: string): Checked {
    const found = this.#found.get(this.isOfSeveral ? sensor : "") ?? this.#nobody
    const problems = [...found.tell(this.path), ...this.#nobody.tell(this.path)]
    if (found.readings === 0 && found.refused === 0) problems.push(`${this.path} ${this.#whyNone(sensor)}`)
    const latest = found.latest.map(({ day, reading }) => `${day} ${formatReading(reading)}`)
    return { readings: found.readings, latest, problems }
  }

  #whyNone(sensor: string): string {
    if (!this.isOfSeveral || !this.#hasReadings) return describeEmpty(this.#empty, this.#lacks)
    const names = [...this.#names]
    const others = names.length > 0 ? `: it has some of ${names.slice(0, 10).join(", ")}` : ""
    return `has no readings of ${sensor}${didYouMean(sensor, names, others)}`
  }
}
