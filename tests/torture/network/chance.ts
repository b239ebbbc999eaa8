// Randomness as plans are made with it.
import type { Random } from "../../../src/clock"
import { seededRandom } from "../../virtual-clock"

export const MINUTE_MS = 60_000
export const HOUR_MS = 60 * MINUTE_MS
export const DAY_MS = 24 * HOUR_MS

/** Randomness of its own for each purpose: more of one leaves the others as they were. */
export const randomFor = (seed: number, purpose: string): Random => seededRandom(Bun.hash.xxHash32(purpose, seed))

export class Chance {
  constructor(readonly random: Random) {}

  between(least: number, most: number): number {
    return least + (most - least) * this.random()
  }

  whole(least: number, most: number): number {
    return Math.floor(this.between(least, most + 1))
  }

  is(share: number): boolean {
    return this.random() < share
  }

  pick<T>(first: T, ...others: readonly T[]): T {
    return [first, ...others][Math.floor(this.random() * (others.length + 1))] ?? first
  }

  /** Times between two others, so many apart on average. */
  *times(from: number, to: number, apartMs: number): Generator<number> {
    for (let at = from; ; ) {
      at -= apartMs * Math.log(1 - this.random())
      if (at >= to) return
      yield at
    }
  }
}
