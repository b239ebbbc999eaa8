// Rows → instants, and readings of the site's days: a logger's clock need not be the site's.
import { clockChange, type Day } from "../../../survey/calendar"
import { formatTime, type Reading } from "../../../survey/reading"
import type { FileClock, Row, ValuesRow } from "./row"
import { Zone } from "./zone"

const DAY_SECONDS = 86_400
const NEAR_SECONDS = 2 * 3600 // of one night, and not of rows that are out of order

const SKIPPED = "Time must be on the file's clock, which skips it on this day: say with time.zone what clock that is"
const AMBIGUOUS =
  "Time must be of one pass of an hour that the file's clock shows twice: the row before does not tell of which"

export const twiceRule = ({ seconds, offset }: Reading): string =>
  `Time must not come twice with other values: it is ${formatTime(seconds, offset)}`

/** A reading, its day in the site's zone, and whose it is as the file says. */
export interface Placed {
  readonly day: Day
  readonly reading: Reading
}

/** `at`: the row's instant, seconds since 1970; of a refused row about that, NaN where its time cannot be read. */
export interface Timed {
  readonly row: Row
  readonly at: number
}

/** The last row of a device that was not refused. */
interface Before {
  readonly row: Row
  readonly at: number
  /** From the one before it, of another time. */
  readonly step: number
}

/** Of one file. */
export class LocalTimes {
  readonly #site: Zone
  /** No time comes twice, and none is skipped. */
  readonly #isSteady: boolean
  /** By device: in an hour that comes twice the row before tells the pass. */
  readonly #before = new Map<string, Before>()
  /** By device: how many more rows are later than the one before than are earlier; below zero the newest come first. */
  readonly #rising = new Map<string, number>()
  #day: { number: number; day: Day } = { number: 0, day: "1970-01-01" }

  constructor(
    private readonly clock: FileClock,
    private readonly timeZone: string,
  ) {
    this.#site = new Zone(timeZone)
    this.#isSteady = clock.isUtc || clock.zone.isFixed
  }

  /** Rows come in the order of the file; one whose instant cannot be told is refused. */
  follow(rows: readonly Row[]): Timed[] {
    if (!this.#isSteady) this.#countRising(rows)
    return rows.map((row) => {
      const { at, rule } = this.#instantOf(row)
      if (rule === undefined || row.kind !== "values") return { row, at }
      const { line, time, device, text } = row
      return { row: { kind: "refused", line, time, device, text, rule }, at }
    })
  }

  /** The day of an instant, seconds since 1970. */
  dayOf(instant: number): Day {
    return this.#dayOf(Math.floor((instant + this.#site.offsetAt(instant)) / DAY_SECONDS))
  }

  /** The day of a time as the file has it. */
  dayNamed(time: number): Day {
    const { isUtc, zone } = this.clock
    return this.dayOf((isUtc ? undefined : zone.instantsOf(time)[0]) ?? time)
  }

  place(instant: number, { temperature, humidity }: Pick<Reading, "temperature" | "humidity">): Placed {
    const offset = this.#site.offsetAt(instant)
    const local = instant + offset
    const number = Math.floor(local / DAY_SECONDS)
    const seconds = local - number * DAY_SECONDS
    const day = this.#dayOf(number)
    const { repeated } = clockChange(day, this.timeZone)
    if (!repeated || seconds < repeated.from || seconds >= repeated.to)
      return { day, reading: { seconds, temperature, humidity } }
    const [first, second] = repeated.offsets
    const isSecond = this.#site.instantsOf(local)[1] === instant && first !== second
    return { day, reading: { seconds, ...(isSecond && { offset: second }), temperature, humidity } }
  }

  #countRising(rows: readonly Row[]): void {
    const before = new Map<string, number>()
    for (const { time, device } of rows) {
      if (Number.isNaN(time)) continue
      const step = Math.sign(time - (before.get(device) ?? time))
      this.#rising.set(device, (this.#rising.get(device) ?? 0) + step)
      before.set(device, time)
    }
  }

  /** With the rule that the row's time breaks. */
  #instantOf(row: Row): { at: number; rule?: string } {
    const { time, device } = row
    const { isUtc, zone } = this.clock
    if (isUtc || Number.isNaN(time)) return { at: time }
    if (this.#isSteady) return { at: time - zone.offsetAt(time) }
    const [first, second] = zone.instantsOf(time)
    if (first === undefined) return { at: time, rule: SKIPPED }
    const before = this.#before.get(device)
    const at = second === undefined ? first : passOf(row, before, [first, second], (this.#rising.get(device) ?? 0) < 0)
    if (at === undefined) return { at: first, rule: AMBIGUOUS }
    if (row.kind !== "refused") {
      const step = before ? Math.abs(at - before.at) : 0
      this.#before.set(device, { row, at, step: step === 0 ? (before?.step ?? 0) : step })
    }
    return { at }
  }

  #dayOf(number: number): Day {
    if (this.#day.number !== number) {
      const day = new Date(number * DAY_SECONDS * 1000).toISOString().slice(0, 10) as Day
      this.#day = { number, day }
    }
    return this.#day.day
  }
}

/** Which of two instants that the clock shows alike; undefined where it cannot be told. */
function passOf(
  row: Row,
  before: Before | undefined,
  passes: readonly [first: number, second: number],
  isFalling: boolean,
): number | undefined {
  const [first, second] = passes
  // alone in that hour, as a daily row is
  if (!before || Math.abs(row.time - before.row.time) >= NEAR_SECONDS) return first
  const onwards = passes.filter((at) => (isFalling ? at < before.at : at > before.at))
  const next = isFalling ? onwards.at(-1) : onwards[0]
  if (row.time !== before.row.time) return next
  // rows of the two passes stand side by side where they are an hour apart; otherwise the row came twice
  if (before.step < second - first || next === undefined) return before.at
  return isAlike(row, before.row) ? undefined : next
}

const isAlike = (a: Row, b: Row): boolean => a.kind !== "values" || b.kind !== "values" || valuesOf(a) === valuesOf(b)

const valuesOf = ({ temperature, humidity }: ValuesRow): string => `${temperature} ${humidity}`
