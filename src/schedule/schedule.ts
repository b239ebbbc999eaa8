// Starts a run when one is due: on the cron's tick, and on a look at wall clock and ledger once a minute behind it.
import { CronJob } from "cron"
import type { Clock } from "../clock"
import { Timetable } from "./timetable"

export interface Times {
  readonly cron: string
  readonly timeZone: string
  /** How far back a run that was missed still counts. */
  readonly catchUpMs: number
}

export interface ScheduleOptions extends Times {
  readonly clock: Clock
  /** The last run in the ledger, and whether it was finished; undefined before the first. */
  readonly lastRun: () => { readonly scheduledAt: number; readonly closed: boolean } | undefined
  /** Runs that did not take place, oldest first, and the one to be done now; all ms since the epoch. */
  readonly run: (scheduledAt: number, missed: readonly number[]) => Promise<void>
  /** A run failed; the next one comes all the same. */
  readonly onError: (error: unknown) => void
}

const LOOK_MS = 60_000
const FIRST_LOOK_BACK_MS = 26 * 3_600_000 // a daily run is within it, on the day of a clock change too

export class Schedule {
  #times: Times
  #timetable: Timetable
  /** What this process has seen of the schedule, should the ledger's clock have been wrong. */
  #seenUpTo: number
  #job: CronJob | undefined
  #cancelLook = () => {}
  #running: Promise<void> | undefined

  constructor(private readonly options: ScheduleOptions) {
    this.#times = options
    this.#timetable = new Timetable(options.cron, options.timeZone)
    this.#seenUpTo = options.clock.now()
  }

  /** Catches up on what is due, and goes on from there. */
  start(): void {
    this.#tick()
    this.look()
  }

  /** Other times from now on; what is under way goes on. */
  update(times: Times): void {
    if (times.cron === this.#times.cron && times.timeZone === this.#times.timeZone) return
    this.#times = times
    this.#timetable = new Timetable(times.cron, times.timeZone)
    if (this.#job) this.#tick()
  }

  /** The last run that the schedule names until now, ms since the epoch. */
  get previous(): number {
    const now = this.options.clock.now()
    const { catchUpMs } = this.#times
    // cron looks forward only, and takes milliseconds for each run: begin near, and go further back until there is one
    for (let backMs = FIRST_LOOK_BACK_MS; ; backMs *= 2) {
      const last = this.#timetable.due(now - Math.min(backMs, catchUpMs), now).at(-1)
      if (last !== undefined) return last
      if (backMs >= catchUpMs) return now
    }
  }

  /** The next run, ms since the epoch. */
  get next(): number {
    return this.#timetable.next(this.options.clock.now())
  }

  get isIdle(): boolean {
    return this.#running === undefined
  }

  /** Ends the ticking; a run that is under way is its owner's to end. May be called twice. */
  stop(): void {
    this.#cancelLook()
    this.#job?.stop()
    this.#job = undefined
  }

  /** Starts what is due, unless a run is under way: the next look finds it then. */
  look(): void {
    const { clock } = this.options
    this.#cancelLook()
    this.#cancelLook = clock.after(LOOK_MS, () => this.look())
    if (this.#running) return
    const run = this.#due()
    if (!run) return
    this.#running = this.options
      .run(run.scheduledAt, run.missed)
      .then(() => {
        this.#seenUpTo = run.scheduledAt
      })
      .catch((error) => this.options.onError(error))
      .finally(() => {
        this.#running = undefined
      })
  }

  #tick(): void {
    const { cron, timeZone } = this.#times
    this.#job?.stop()
    this.#job = CronJob.from({ cronTime: cron, timeZone, onTick: () => this.look(), start: true })
  }

  #due(): { scheduledAt: number; missed: readonly number[] } | undefined {
    const now = this.options.clock.now()
    const last = this.options.lastRun()
    // a ledger from the future, of a clock that was wrong, must not silence the network until then
    const ledgerSays = last && last.scheduledAt <= now ? last.scheduledAt : undefined
    const instants = this.#timetable.due(Math.max(ledgerSays ?? this.#seenUpTo, now - this.#times.catchUpMs), now)
    const scheduledAt = instants.pop()
    if (scheduledAt !== undefined) return { scheduledAt, missed: instants }
    return last && !last.closed ? { scheduledAt: last.scheduledAt, missed: [] } : undefined
  }
}
