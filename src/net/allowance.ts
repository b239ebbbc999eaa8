// How many datagrams a second each address may send, counted in a fixed memory and at the cost of a few nanoseconds.
import type { Clock, Random } from "../clock"

const SLOTS = 65_536 // that addresses share
const WINDOW_MS = 1000
const FNV_PRIME = 0x0100_0193

/**
 * Addresses share counters by a hash that nobody outside knows: two that meet in one share its allowance. A clock is read
 * only where a count is exceeded, so who stays below it is never refused and hardly costs anything.
 */
export class Allowance {
  readonly #counts = new Uint32Array(SLOTS)
  readonly #seed: number
  #all = 0
  #since: number

  /** @param perAddress and @param overall datagrams a second */
  constructor(
    private readonly perAddress: number,
    private readonly overall: number,
    private readonly clock: Pick<Clock, "monotonic">,
    random: Random,
  ) {
    this.#seed = Math.floor(random() * 0x1_0000_0000)
    this.#since = clock.monotonic()
  }

  /** Counts one datagram of this address; false where it is one too many. */
  take(address: string): boolean {
    const slot = slotOf(address, this.#seed)
    const count = (this.#counts[slot] ?? 0) + 1
    if (count <= this.perAddress && this.#all < this.overall) {
      this.#counts[slot] = count
      this.#all++
      return true
    }
    return this.#beginAgain() && this.take(address)
  }

  /** Whether the second is over. */
  #beginAgain(): boolean {
    const now = this.clock.monotonic()
    if (now - this.#since < WINDOW_MS) return false
    this.#counts.fill(0)
    this.#all = 0
    this.#since = now
    return true
  }
}

/** An address's place, 0 to 65,535; another one with every seed. */
function slotOf(address: string, seed: number): number {
  let hash = seed
  for (let at = 0; at < address.length; at++) hash = Math.imul(hash ^ address.charCodeAt(at), FNV_PRIME)
  return (hash ^ (hash >>> 16)) & (SLOTS - 1)
}
