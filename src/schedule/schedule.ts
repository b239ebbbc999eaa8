// Starts a run when one is due: at its instant, and on a look at wall clock and ledger at least once a minute.
import { type Clock, isWrong } from "../clock"
import { dayBefore } from "../survey/calendar"
import { type LastRun, type Run, runDue } from "./due"
import { Timetable } from "./timetable"

export interface Times {
  readonly cron: string
  readonly timeZone: string
  /** How far back a run that was missed still counts. */
  readonly catchUpMs: number
}

export interface ScheduleOptions extends Times {
  readonly clock: Clock
  /** How long before the start a run still counts where the ledger is empty; none by default. */
  readonly lookBackMs?: number
  /** What the ledger has; undefined before the first run. */
  readonly lastRun: () => LastRun | undefined
  /** The earliest run that is to come again; undefined where there is none. */
  readonly firstDoubtful?: () => number | undefined
  /**
   * Runs that did not take place, oldest first, and the one to be done now; all ms since the epoch. It is doubtful what
   * the runs before it brought, where the clock was ahead: their days may not have been over.
   */
  readonly run: (scheduledAt: number, missed: readonly number[], isDoubtful: boolean) => Promise<void>
  /** The clock was set back: what the ledger has of later than now did not take place. Resolves when that is durable. */
  readonly onSetBack: (now: number) => Promise<void>
  /** The clock cannot be right, and nothing is run, until this comes again with undefined. */
  readonly onWrongClock: (now: number | undefined) => void
  /** A run failed; the next one comes all the same. */
  readonly onError: (error: unknown) => void
}

const LOOK_MS = 60_000
const FIRST_LOOK_BACK_MS = 26 * 3_600_000 // a daily run is within it, on the day of a clock change too

export class Schedule {
  #times: Times
  #timetable: Timetable
  /** What this process has seen of the schedule, for want of a ledger. */
  #seenUpTo: number
  /** What the clock showed at the last look. */
  #latest: number
  #isClockWrong = false
  #isStopped = false
  #cancelLook = () => {}
  #running: Promise<void> | undefined

  constructor(private readonly options: ScheduleOptions) {
    this.#times = options
    this.#timetable = new Timetable(options.cron, options.timeZone)
    this.#latest = options.clock.now()
    this.#seenUpTo = this.#latest - (options.lookBackMs ?? 0)
  }

  /** Catches up on what is due, and goes on from there. */
  start(): void {
    this.look()
  }

  /** Other times from the next look on; what is under way goes on. Whether they are others. */
  update(times: Times): boolean {
    if (times.cron === this.#times.cron && times.timeZone === this.#times.timeZone) return false
    this.#times = times
    this.#timetable = new Timetable(times.cron, times.timeZone)
    return true
  }

  /** The last run that the schedule names until now, ms since the epoch. */
  get previous(): number {
    const now = this.options.clock.now()
    const { catchUpMs } = this.#times
    // cron looks forward only, and takes a while for each run: begin near, and go further back until there is one
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

  /** Looks no more; a run that is under way is its owner's to end. May be called twice. */
  stop(): void {
    this.#isStopped = true
    this.#cancelLook()
  }

  /** Starts what is due, unless a run is under way: the next look finds it then. */
  look(): void {
    if (this.#isStopped) return
    const now = this.options.clock.now()
    this.#cancelLook()
    if (!this.#running && !this.#waitsForClock(now)) this.#begin(this.#workDue(now))
    this.#cancelLook = this.options.clock.after(Math.min(LOOK_MS, this.#timetable.next(now) - now), () => this.look())
  }

  #begin(work: Promise<void> | undefined): void {
    this.#running = work
      ?.catch((error) => this.options.onError(error))
      .finally(() => {
        this.#running = undefined
      })
  }

  #waitsForClock(now: number): boolean {
    const was = this.#isClockWrong
    this.#isClockWrong = isWrong(this.options.clock)
    if (was !== this.#isClockWrong) this.options.onWrongClock(was ? undefined : now)
    return this.#isClockWrong
  }

  #workDue(now: number): Promise<void> | undefined {
    const last = this.options.lastRun()
    const backMs = Math.max(this.#latest, last?.scheduledAt ?? 0) - now
    this.#latest = now
    this.#seenUpTo = Math.min(this.#seenUpTo, now)
    // a clock that is set right by a little, as every clock is, has not been wrong
    if (backMs > LOOK_MS) return this.#setBack(now, backMs)
    const run = this.#runDue(now)
    return run && this.#run(run, false)
  }

  async #setBack(now: number, backMs: number): Promise<void> {
    await this.options.onSetBack(now)
    const { previous } = this
    const { timeZone } = this.#times
    // so much earlier than it seemed, its day was not over yet
    const isDoubtful = dayBefore(previous - backMs, timeZone) < dayBefore(previous, timeZone)
    if (isDoubtful) await this.#run(this.#runDue(now) ?? { scheduledAt: previous, missed: [] }, true)
  }

  #runDue(now: number): Run | undefined {
    const { lastRun, firstDoubtful = () => undefined } = this.options
    const seen = { now, last: lastRun(), firstDoubtful: firstDoubtful(), seenUpTo: this.#seenUpTo }
    return runDue(this.#timetable, this.#times, seen)
  }

  async #run({ scheduledAt, missed }: Run, isDoubtful: boolean): Promise<void> {
    await this.options.run(scheduledAt, missed, isDoubtful)
    this.#seenUpTo = scheduledAt
  }
}
