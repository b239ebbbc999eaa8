// When surveys that were appended are put in their place: a few at once, a fleet's burst when it is over.
import type { Clock } from "../../clock"
import type { GroupCommit } from "../../storage/group-commit"
import type { Day } from "../../survey/calendar"
import type { Arrivals } from "./arrivals"
import type { LogRoom } from "./log-room"
import type { Bytes } from "./space"

const FEW = 256 // surveys that are put in their place within the commits that brought them…
const FEW_MS = 100 // … in so much time: each of them writes a page
const QUIET_MS = 1000 // with no more than a few: then there is time

export class Placing {
  /** Surveys that were put in their place at once, since when. */
  #lately = { since: Number.NEGATIVE_INFINITY, surveys: 0 }
  #cancel: (() => void) | undefined
  #isPlacing = false
  #refusedAt = Number.NEGATIVE_INFINITY
  #stopped = false

  constructor(
    private readonly arrivals: Arrivals,
    private readonly commits: GroupCommit,
    private readonly logRoom: LogRoom,
    private readonly clock: Clock,
  ) {}

  /** What it takes to put all that waits in its place. */
  get needs(): Bytes {
    return this.arrivals.needs
  }

  /** Pages of a day that uploads may split, beside those that have landed. */
  splittable(day: Day): number {
    return this.arrivals.splittable(day)
  }

  /** At the end of every commit, within its transaction. */
  placeFew(): void {
    const { waiting } = this.arrivals
    if (waiting === 0) return
    if (this.logRoom.has(this.needs.logBytes) && this.#takeShare(waiting)) this.arrivals.place()
    else if (!this.#cancel && !this.#stopped) this.#awaitQuiet()
  }

  /**
   * Puts all that waits now in its place, and leaves others time between portions. Rejects with StorageRefused when the disk
   * refuses: the rest waits on.
   */
  async placeInPortions(): Promise<void> {
    for (let left = this.arrivals.waiting; left > 0 && !this.#stopped; ) left -= (await this.#place()) || left
  }

  /** All are in their place when it returns. Throws StorageRefused when the disk refuses: the rest waits on. */
  placeAll(): void {
    const { arrivals, commits, logRoom } = this
    while (arrivals.waiting > 0) commits.now(() => arrivals.place(logRoom.bytes))
  }

  /** There is room for no more that waits. */
  placeSoon(): void {
    if (this.#stopped || this.isRefused) return
    this.#cancel?.()
    this.#cancel = undefined
    this.#placeInTurn()
  }

  /** The disk has just refused: another try would be refused too. */
  get isRefused(): boolean {
    const ageMs = this.clock.now() - this.#refusedAt
    return ageMs >= 0 && ageMs < QUIET_MS
  }

  /**
   * What waits, and what is still to be committed, is put in its place by the last commit, or as much of it as that may
   * write. May be called twice.
   */
  stop(): void {
    this.#stopped = true
    this.#cancel?.()
    this.#cancel = undefined
    if (this.arrivals.waiting > 0 || this.commits.waiting > 0) this.#place().catch(() => {})
  }

  /** Whether so many may be put in their place at once, which uses up a share of the time. */
  #takeShare(surveys: number): boolean {
    const now = this.clock.now()
    const ageMs = now - this.#lately.since
    // or the clock was set back
    if (ageMs < 0 || ageMs >= FEW_MS) this.#lately = { since: now, surveys: 0 }
    if (this.#lately.surveys + surveys > FEW) return false
    this.#lately.surveys += surveys
    return true
  }

  #awaitQuiet(): void {
    const { waiting } = this.arrivals
    this.#cancel = this.clock.after(QUIET_MS, () => {
      this.#cancel = undefined
      if (this.arrivals.waiting > waiting + FEW) this.#awaitQuiet()
      else this.#placeInTurn()
    })
  }

  /** On a full disk they stay where they are, as durable as before; what else keeps them shows to whoever reads in order. */
  #placeInTurn(): void {
    if (this.#isPlacing) return
    this.#isPlacing = true
    this.placeInPortions()
      .catch(() => {
        this.#refusedAt = this.clock.now()
      })
      .finally(() => {
        this.#isPlacing = false
      })
  }

  #place(): Promise<number> {
    return this.commits.add(() => this.arrivals.place(this.logRoom.bytes))
  }
}
