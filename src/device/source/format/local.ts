// Rows → instants, and readings of the site's days: a logger's clock need not be the site's.
import { clockChange, type Day } from "../../../survey/calendar"
import { formatTime, type Reading } from "../../../survey/reading"
import { Passes } from "./passes"
import type { FileClock, Row } from "./row"
import { Zone } from "./zone"

const DAY_SECONDS = 86_400

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

/** Of one file. */
export class LocalTimes {
  readonly #site: Zone
  /** No time comes twice, and none is skipped. */
  readonly #isSteady: boolean
  readonly #passes = new Passes()
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
    if (!this.#isSteady) this.#passes.look(rows)
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

  /** With the rule that the row's time breaks. */
  #instantOf(row: Row): { at: number; rule?: string } {
    const { time } = row
    const { isUtc, zone } = this.clock
    if (isUtc || Number.isNaN(time)) return { at: time }
    if (this.#isSteady) return { at: time - zone.offsetAt(time) }
    const [first, second] = zone.instantsOf(time)
    if (first === undefined) return { at: time, rule: SKIPPED }
    const at = second === undefined ? first : this.#passes.choose(row, first, second)
    if (at === undefined) return { at: first, rule: AMBIGUOUS }
    // the time of a damaged row may be damaged as well
    if (row.kind !== "refused") this.#passes.remember(row, at)
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
