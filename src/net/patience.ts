// How long a peer may take for what it has begun: by its age, so that a slow one finishes and a drip without end does not.
import type { Clock } from "../clock"

const FIRST_MS = 60_000
const SLOWEST_BYTES_A_SECOND = 100

/** How old something may be of which so many bytes have come, in milliseconds. */
export const patienceMs = (receivedBytes: number): number => FIRST_MS + (receivedBytes / SLOWEST_BYTES_A_SECOND) * 1000

/** Watches one unfinished thing at a time, with one timer, however many there are one after the other. */
export class Patience {
  #begunAt: number | undefined
  #cancel: (() => void) | undefined

  /**
   * @param receivedBytes how much there is of the unfinished thing
   * @param onOver it is too old
   */
  constructor(
    private readonly clock: Pick<Clock, "monotonic" | "after">,
    private readonly receivedBytes: () => number,
    private readonly onOver: () => void,
  ) {}

  /** Something has begun; until it is finished, that it has may be told again. */
  begin(): void {
    this.#begunAt ??= this.clock.monotonic()
    this.#cancel ??= this.clock.after(FIRST_MS, () => this.#look())
  }

  /** It is finished; the timer looks in vain. */
  finish(): void {
    this.#begunAt = undefined
  }

  stop(): void {
    this.finish()
    this.#cancel?.()
    this.#cancel = undefined
  }

  #look(): void {
    this.#cancel = undefined
    if (this.#begunAt === undefined) return
    const leftMs = this.#begunAt + patienceMs(this.receivedBytes()) - this.clock.monotonic()
    if (leftMs <= 0) this.onOver()
    else this.#cancel = this.clock.after(leftMs, () => this.#look())
  }
}
