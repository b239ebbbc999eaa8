// When the runs are: the cron package's reading of the expression, in the topology's time zone.
import { CronTime } from "cron"

export class Timetable {
  readonly #cronTime: CronTime

  constructor(
    expression: string,
    private readonly timeZone: string,
  ) {
    this.#cronTime = new CronTime(expression, timeZone)
  }

  /** The first run after an instant; both in ms since the epoch. */
  next(afterMs: number): number {
    return this.#cronTime.getNextDateFrom(new Date(afterMs), this.timeZone).toMillis()
  }

  /** Runs after `afterMs` and up to `nowMs`, oldest first. */
  due(afterMs: number, nowMs: number): number[] {
    const instants: number[] = []
    for (let at = this.next(afterMs); at <= nowMs; at = this.next(at)) {
      instants.push(at)
    }
    return instants
  }
}
