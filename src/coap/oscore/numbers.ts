// Our own Partial IVs under contexts that are never derived anew: none is given twice, whatever is restarted (RFC 8613 Appendix
// B.1.1). One row of numbers serves all contexts, so that there is one to keep.
import { LAST_SEQUENCE_NUMBER } from "./context"

const RESERVED = 4096 // K: so many are given before the next are written down
const A_SECOND = 64 // numbers: 2^40 of them last 544 years
const BEGINNING_S = 1_767_225_600 // 2026-01-01T00:00:00Z

export interface OwnNumbersOptions {
  /** Up to which number all may have been given; undefined where nothing was ever written. */
  readonly reserved: number | undefined
  /** Wall clock, ms since the epoch. */
  readonly now: number
  /** Durable when it returns: from now on all below this one may have been given. False where it cannot be written. */
  readonly reserve: (upTo: number) => boolean
}

export class OwnNumbers {
  #next: number
  #reserved: number

  /** Beyond what is written, and beyond the clock: a file that was restored is caught by the clock, a wrong clock by the file. */
  constructor(private readonly options: OwnNumbersOptions) {
    const { reserved = 0, now } = options
    this.#next = Math.max(reserved, Math.floor((now / 1000 - BEGINNING_S) * A_SECOND), 0)
    this.#reserved = this.#next
  }

  /** One that was never given before; undefined where it could not be written down. */
  take(): number | undefined {
    if (this.#next > LAST_SEQUENCE_NUMBER) return undefined
    if (this.#next >= this.#reserved) {
      const upTo = this.#next + RESERVED
      if (!this.options.reserve(upTo)) return undefined
      this.#reserved = upTo
    }
    return this.#next++
  }
}
