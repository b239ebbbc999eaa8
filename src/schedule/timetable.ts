// When the runs are: the cron package reads the expression as the clock on the wall shows it, Temporal finds the instants.
import type { CronTime } from "cron"
import { readCron } from "../topology/cron"

const SECOND_MS = 1000
const HOUR_MS = 3600 * SECOND_MS
const DAY_MS = 24 * HOUR_MS
const LONGEST_SKIP_MS = 25 * HOUR_MS // a zone that crosses the date line leaves out a day

export class Timetable {
  readonly #cronTime: CronTime
  /** The last answer: it holds for every instant from `from` on and before `next`, when the clock shows `wallMs`. */
  #known = { from: 0, next: 0, wallMs: 0 }

  constructor(
    expression: string,
    private readonly timeZone: string,
  ) {
    this.#cronTime = readCron(expression)
  }

  /** The first run after an instant; both in ms since the epoch. */
  next(afterMs: number): number {
    const known = this.#known
    if (afterMs >= known.from && afterMs < known.next) return known.next
    // a time that the clock skips comes when it shows a later one already
    let wallMs = afterMs === known.next ? known.wallMs : this.#wallOf(afterMs) - LONGEST_SKIP_MS - DAY_MS
    for (;;) {
      // once a day at most: nothing more comes on that day, and through it cron would go second by second
      wallMs = this.#cronTime.getNextDateFrom(new Date(lastSecondOf(wallMs)), "UTC").toMillis()
      const at = this.#instantOf(wallMs)
      if (at === undefined || at <= afterMs) continue
      this.#known = { from: afterMs, next: at, wallMs }
      return at
    }
  }

  /** Runs after `afterMs` and up to `nowMs`, oldest first. */
  due(afterMs: number, nowMs: number): number[] {
    const instants: number[] = []
    for (let at = this.next(afterMs); at <= nowMs; at = this.next(at)) {
      instants.push(at)
    }
    return instants
  }

  /** What the clock shows at an instant, as ms of UTC. */
  #wallOf(instantMs: number): number {
    const local = Temporal.Instant.fromEpochMilliseconds(Math.floor(instantMs)).toZonedDateTimeISO(this.timeZone)
    return instantMs + local.offsetNanoseconds / 1e6
  }

  /**
   * When the clock shows this: the first time of two, later by as much as it skips, but on the same day, because the day
   * says what is collected. Undefined on a day that the zone leaves out.
   */
  #instantOf(wallMs: number): number | undefined {
    const wall = Temporal.Instant.fromEpochMilliseconds(wallMs).toZonedDateTimeISO("UTC").toPlainDateTime()
    for (const disambiguation of ["compatible", "earlier"] as const) {
      const at = wall.toZonedDateTime(this.timeZone, { disambiguation })
      if (at.toPlainDate().equals(wall.toPlainDate())) return at.epochMilliseconds
    }
    return undefined
  }
}

/** The end of the day, but for a second: cron looks for what comes after. */
const lastSecondOf = (wallMs: number): number => (Math.floor(wallMs / DAY_MS) + 1) * DAY_MS - SECOND_MS
