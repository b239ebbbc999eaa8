// A connection to the cloud, and when it is given up.
import type { Clock } from "../clock"
import type { Outgoing, Reply } from "../coap/exchange"

/** A connection to the cloud. */
export interface Link {
  readonly peerMaxMessageSizeBytes: number
  request(request: Outgoing): Promise<Reply>
  /** Finishes what is under way and ends the connection. */
  release(): Promise<void>
  destroy(): void
}

const SILENCE_MS = 30_000 // a peer that answers nothing for this long is gone, whatever TCP still hopes

/** A link that is given up when nothing has been answered for a while, or when it is no longer wanted. */
export class Watch {
  #cancel = () => {}
  readonly #onAbort = () => this.link.destroy()

  constructor(
    private readonly clock: Clock,
    private readonly link: Link,
    private readonly signal: AbortSignal,
  ) {
    signal.addEventListener("abort", this.#onAbort, { once: true })
    if (signal.aborted) link.destroy()
    this.#rewind()
  }

  get peerMaxMessageSizeBytes(): number {
    return this.link.peerMaxMessageSizeBytes
  }

  async request(request: Outgoing): Promise<Reply> {
    const reply = await this.link.request(request)
    this.#rewind()
    return reply
  }

  stop(): void {
    this.#cancel()
    this.signal.removeEventListener("abort", this.#onAbort)
  }

  #rewind(): void {
    this.#cancel()
    this.#cancel = this.clock.after(SILENCE_MS, () => this.link.destroy())
  }
}
