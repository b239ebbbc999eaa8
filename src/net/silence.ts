// Notices that nothing has been heard for a while, with one timer, however much is heard.
import type { Clock } from "../clock"

export class Silence {
  #heardAt: number
  #cancel: () => void

  constructor(
    private readonly clock: Clock,
    private readonly longestMs: number,
    private readonly onSilent: () => void,
  ) {
    this.#heardAt = clock.now()
    this.#cancel = clock.after(longestMs, () => this.#look())
  }

  heard(): void {
    this.#heardAt = this.clock.now()
  }

  /** May be called twice. */
  stop(): void {
    this.#cancel()
  }

  #look(): void {
    const leftMs = this.#heardAt + this.longestMs - this.clock.now()
    // after a clock that was set back it waits once more, and no longer
    if (leftMs > 0) this.#cancel = this.clock.after(Math.min(leftMs, this.longestMs), () => this.#look())
    else this.onSilent()
  }
}
