// What the rows of a foreign file, or of several, say of one day of one device.
import { clockChange, type Day } from "../../../survey/calendar"
import { elapsedSeconds, type Reading } from "../../../survey/reading"
import type { RefusedRow } from "../file"
import type { Formatted } from "./file"
import { LocalTimes, type Timed, twiceRule } from "./local"
import type { FileClock, Row, ValuesRow } from "./row"

const REFUSED_ROWS_KEPT = 100

export class Collected {
  /** Of the file that is read now. */
  times: LocalTimes | undefined
  /** Rows of that day without values, and what the last of them lacks. */
  empty = 0
  lacks: string | undefined
  readonly #readings = new Map<number, Reading>()
  readonly #refused: Required<RefusedRow>[] = []
  #refusedCount = 0
  #path = ""
  /** Refused rows without a time, of which the next one tells the day. */
  #undated: RefusedRow[] = []
  #isOnDay: boolean | undefined

  constructor(
    private readonly day: Day,
    private readonly formatted: Formatted,
  ) {}

  /** From here on rows are of this file. */
  begin(path: string, clock: FileClock): void {
    this.#path = path
    this.times = new LocalTimes(clock, this.formatted.timeZone)
  }

  /** The rows of the next piece that matters; between it and the one before there may be others. */
  take(rows: readonly Row[]): void {
    this.#isOnDay = undefined
    this.goOn(rows)
  }

  /** The rows of the piece right behind the one that was taken last. */
  goOn(rows: readonly Row[]): void {
    for (const timed of this.times?.follow(rows.filter((row) => this.#mayBeOwn(row))) ?? []) {
      if (Number.isNaN(timed.at)) this.#takeUndated(timed.row)
      else this.#takeDated(timed)
    }
    this.#undated = []
  }

  /** In the order of time, and of the files. */
  finish() {
    const change = clockChange(this.day, this.formatted.timeZone)
    const order = (reading: Reading) => elapsedSeconds(reading, change)
    const readings = [...this.#readings.values()].sort((a, b) => order(a) - order(b))
    const refused = this.#refused.sort((a, b) => (a.path === b.path ? a.line - b.line : a.path < b.path ? -1 : 1))
    return { readings, refused, refusedCount: this.#refusedCount }
  }

  /** So may a refused row that does not say whose it is. */
  #mayBeOwn({ kind, device }: Row): boolean {
    const { format, sensor } = this.formatted
    return format.device === undefined || device === sensor || (kind === "refused" && device === "")
  }

  #takeUndated(row: Row): void {
    if (row.kind !== "refused") return
    if (this.#isOnDay === undefined) this.#undated.push(row)
    else if (this.#isOnDay) this.#refuse(row)
  }

  #takeDated({ row, at }: Timed): void {
    const { times } = this
    if (!times) return
    this.#isOnDay = times.dayOf(at) === this.day
    if (this.#isOnDay) for (const undated of this.#undated) this.#refuse(undated)
    this.#undated = []
    if (!this.#isOnDay) return
    if (row.kind === "empty") {
      this.empty++
      this.lacks = row.lacks
    } else if (row.kind === "refused") this.#refuse(row)
    else this.#add(at, row, times)
  }

  #add(instant: number, row: ValuesRow, times: LocalTimes): void {
    const { reading } = times.place(instant, row)
    const known = this.#readings.get(instant)
    if (!known) this.#readings.set(instant, reading)
    else if (known.temperature !== reading.temperature || known.humidity !== reading.humidity) {
      this.#refuse({ line: row.line, text: row.text, rule: twiceRule(reading) })
    }
  }

  #refuse({ line, rule, text }: RefusedRow): void {
    if (this.#refusedCount++ < REFUSED_ROWS_KEPT) this.#refused.push({ line, rule, text, path: this.#path })
  }
}
