// Which Partial IVs of the other end have come: each is taken once (RFC 8613 §7.4, RFC 6347 §4.1.2.6).

const SIZE = 32 // RFC 8613 §3.2.2

export class ReplayWindow {
  /** The highest that has come; below `first` nothing is taken. */
  #highest: number
  /** Of the 32 up to the highest, which have come: the lowest bit is the highest's own. */
  #seen = 0

  /** @param first the lowest that is taken (Appendix B.1.2) */
  constructor(first = 0) {
    this.#highest = first - 1
    this.#seen = -1
  }

  /** Whether it may still come. */
  isNew(number: number): boolean {
    const behind = this.#highest - number
    return behind < 0 || (behind < SIZE && (this.#seen & (1 << behind)) === 0)
  }

  /** It has come, and was verified. */
  add(number: number): void {
    const ahead = number - this.#highest
    if (ahead <= 0) this.#seen |= 1 << -ahead
    else {
      this.#seen = ahead < SIZE ? (this.#seen << ahead) | 1 : 1
      this.#highest = number
    }
  }
}
