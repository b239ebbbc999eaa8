// Rows → readings of the site's days: a logger's clock need not be the site's.
import { clockChange, type Day } from "../../../survey/calendar"
import type { Reading } from "../../../survey/reading"
import type { FileClock, Row } from "./row"
import { Zone } from "./zone"

const DAY_SECONDS = 86_400
const DEVICES_REMEMBERED = 100_000
const NEAR_SECONDS = 2 * 3600 // of one night, and not of rows that are out of order

/** A reading, its day in the site's zone, and whose it is as the file says. */
export interface Placed {
  readonly day: Day
  readonly reading: Reading
}

export class LocalTimes {
  readonly #site: Zone
  /** Of each device the instant before: in an hour that comes twice it tells the pass. */
  readonly #before = new Map<string, number>()
  #day: { number: number; day: Day } = { number: 0, day: "1970-01-01" }

  constructor(
    private readonly clock: FileClock,
    private readonly timeZone: string,
  ) {
    this.#site = new Zone(timeZone)
  }

  /** Rows of a device come in the order of the file. Undefined where the clock that wrote it skips the time. */
  instantOf({ time, device }: Pick<Row, "time" | "device">): number | undefined {
    const { isUtc, zone } = this.clock
    if (isUtc) return time
    const [first, second] = zone.instantsOf(time)
    const before = this.#before.get(device) ?? -Infinity
    const isSecond = first !== undefined && first <= before && before - first < NEAR_SECONDS
    const instant = isSecond ? (second ?? first) : first
    if (instant === undefined) return undefined
    if (this.#before.size >= DEVICES_REMEMBERED) this.#before.clear()
    this.#before.set(device, instant)
    return instant
  }

  /** The day of an instant, seconds since 1970. */
  dayOf(instant: number): Day {
    return this.#dayOf(Math.floor((instant + this.#site.offsetAt(instant)) / DAY_SECONDS))
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

  #dayOf(number: number): Day {
    if (this.#day.number !== number) {
      const day = new Date(number * DAY_SECONDS * 1000).toISOString().slice(0, 10) as Day
      this.#day = { number, day }
    }
    return this.#day.day
  }
}
