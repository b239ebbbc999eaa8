// Which addresses have brought something lately, remembered in a fixed memory: where there is a crowd, they go first.
import type { Clock, Random } from "../clock"
import { SLOTS, slotOf } from "./allowance"

const DAY_MS = 86_400_000
const STAMPS = 255 // 0: never

/** Addresses share places by a hash that nobody outside knows: one in many thousands goes first without merit. */
export class Regulars {
  /** The day, counted round and round, on which an address brought something. */
  readonly #stamps = new Uint8Array(SLOTS)
  readonly #seed: number

  constructor(
    private readonly clock: Clock,
    random: Random,
  ) {
    this.#seed = Math.floor(random() * 0x1_0000_0000)
  }

  /** It has brought something. */
  note(address: string): void {
    this.#stamps[slotOf(address, this.#seed)] = this.#stamp(0)
  }

  /** Whether it has, today or the day before. */
  has(address: string): boolean {
    const stamp = this.#stamps[slotOf(address, this.#seed)]
    return stamp === this.#stamp(0) || stamp === this.#stamp(1)
  }

  #stamp(daysAgo: number): number {
    return ((Math.floor(this.clock.now() / DAY_MS) - daysAgo) % STAMPS) + 1
  }
}
