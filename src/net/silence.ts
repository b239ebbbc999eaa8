// Notices that nothing has been heard for a while, with one timer, however much is heard.
import type { Clock } from "../clock"

export class Silence {
  #heardAt: number
  #cancel: () => void

  constructor(
    private readonly clock: Pick<Clock, "monotonic" | "after">,
    private readonly longestMs: number,
    private readonly onSilent: () => void,
  ) {
    this.#heardAt = clock.monotonic()
    this.#cancel = clock.after(longestMs, () => this.#look())
  }

  heard(): void {
    this.#heardAt = this.clock.monotonic()
  }

  /** May be called twice. */
  stop(): void {
    this.#cancel()
  }

  #look(): void {
    const leftMs = this.#heardAt + this.longestMs - this.clock.monotonic()
    if (leftMs > 0) this.#cancel = this.clock.after(leftMs, () => this.#look())
    else this.onSilent()
  }
}
