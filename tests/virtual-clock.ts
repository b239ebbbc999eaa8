// Time that passes only when a test says so, and randomness from a seed: the same run every time.
import type { Clock, Random } from "../src/clock"

interface Timer {
  readonly at: number
  readonly callback: () => void
  cancelled: boolean
}

export class VirtualClock implements Clock {
  /** Rising; equal times in the order in which they were asked for. */
  #timers: Timer[] = []
  #now: number
  #aheadMs = 0
  /** A time before this is wrong. */
  earliestMs = Number.NEGATIVE_INFINITY

  /** @param turns of the event loop that pass between two timers: commits, one behind the other, take several */
  constructor(
    now = 0,
    private readonly turns = 1,
  ) {
    this.#now = now
  }

  readonly now = (): number => this.#now + this.#aheadMs

  readonly monotonic = (): number => this.#now

  /** Sets the clock to another time; timers that wait do not notice. */
  set(now: number): void {
    this.#aheadMs = now - this.#now
  }

  readonly after = (delayMs: number, callback: () => void): (() => void) => {
    const timer = { at: this.#now + Math.max(0, delayMs), callback, cancelled: false }
    let low = 0
    for (let high = this.#timers.length; low < high; ) {
      const middle = (low + high) >> 1
      if ((this.#timers[middle]?.at ?? 0) > timer.at) high = middle
      else low = middle + 1
    }
    this.#timers.splice(low, 0, timer)
    return () => {
      timer.cancelled = true
    }
  }

  /** Timers that wait. */
  get pending(): number {
    return this.#timers.filter(({ cancelled }) => !cancelled).length
  }

  /** The next timer's time. */
  get next(): number | undefined {
    while (this.#timers[0]?.cancelled) this.#timers.shift()
    return this.#timers[0]?.at
  }

  /** Lets the time pass, timer by timer; promises settle before each and at the end. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms
    await this.#settle()
    for (let next = this.next; next !== undefined && next <= until; next = this.next) {
      this.step()
      await this.#settle()
    }
    this.#now = until
  }

  /** Lets as much time pass as this takes. Throws when nothing would ever end it. */
  async run<T>(work: Promise<T>): Promise<T> {
    let done = false
    const finished = () => {
      done = true
    }
    work.then(finished, finished)
    for (;;) {
      await this.#settle()
      if (done) return work
      if (this.next === undefined) throw new Error("nothing is under way that could end this")
      this.step()
    }
  }

  async #settle(): Promise<void> {
    for (let turn = 0; turn < this.turns; turn++) await settle()
  }

  /** Lets the time pass up to the next timer, and calls that one. */
  step(): void {
    if (this.next === undefined) return
    const timer = this.#timers.shift()
    if (!timer) return
    this.#now = timer.at
    timer.callback()
  }
}

/** Lets promises settle that wait for nothing but each other. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Numbers in [0, 1), the same for the same seed (mulberry32). */
export function seededRandom(seed: number): Random {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000
  }
}
