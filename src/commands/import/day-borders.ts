// Where timeZone was changed, two days overlap or have hours between them that are of neither: each reading is taken once.
import { type Zones, zoneOf } from "../../gateway/control/zones"
import { addDays, type Day } from "../../survey/calendar"
import { instantOf } from "../../survey/offsets"
import type { Reading } from "../../survey/reading"

/** `elsewhere`: on another day; `between`: on none. */
export type Taken = "taken" | "elsewhere" | "between"

const ZONES_DIFFER_DAYS = [-2, -1, 1, 2] // two clocks may be 26 hours apart

/** Of one file, which is read in each zone, that of new days last. */
export class DayBorders {
  readonly #near = new Map<Day, boolean>()
  readonly #taken = new Set<string>()
  #zone = ""
  /** Of the first reading, in the first zone. */
  #first: number | undefined
  /** A file whose clock is said to be the site's is read with that of each day: there nothing overlaps. */
  #hasInstants = true
  #isBegun = false

  constructor(private readonly zones: Zones) {}

  /** What comes now was placed in this zone. */
  begin(zone: string): void {
    this.#zone = zone
    this.#isBegun = false
  }

  take(address: number, day: Day, reading: Reading): Taken {
    if (!this.#isBegun) this.#compareFirst(day, reading)
    const isOfZone = zoneOf(this.zones, day) === this.#zone
    if (!this.#hasInstants || !this.#isNear(day)) return isOfZone ? "taken" : "elsewhere"
    const key = `${address} ${instantOf(day, reading, this.#zone)}`
    if (this.#taken.has(key)) return "elsewhere"
    if (!isOfZone) return this.#zone === this.zones.zone ? "between" : "elsewhere"
    this.#taken.add(key)
    return "taken"
  }

  #compareFirst(day: Day, reading: Reading): void {
    this.#isBegun = true
    const instant = instantOf(day, reading, this.#zone)
    this.#first ??= instant
    if (instant !== this.#first) this.#hasInstants = false
  }

  /** Whether a day of another zone may have instants of this one. */
  #isNear(day: Day): boolean {
    let isNear = this.#near.get(day)
    if (isNear === undefined) {
      const zone = zoneOf(this.zones, day)
      isNear = ZONES_DIFFER_DAYS.some((days) => zoneOf(this.zones, addDays(day, days)) !== zone)
      this.#near.set(day, isNear)
    }
    return isNear
  }
}
