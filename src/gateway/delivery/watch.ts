// A connection to the cloud, and when it is given up.
import type { Clock } from "../../clock"
import type { Outgoing, Reply } from "../../coap/udp/exchange"
import { Silence } from "../../net/silence"

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
  readonly #silence: Silence
  readonly #onAbort = () => this.link.destroy()

  constructor(
    clock: Clock,
    private readonly link: Link,
    private readonly signal: AbortSignal,
  ) {
    this.#silence = new Silence(clock, SILENCE_MS, () => link.destroy())
    signal.addEventListener("abort", this.#onAbort, { once: true })
    if (signal.aborted) link.destroy()
  }

  get peerMaxMessageSizeBytes(): number {
    return this.link.peerMaxMessageSizeBytes
  }

  request(request: Outgoing): Promise<Reply> {
    return this.link.request(request).then((reply) => {
      this.#silence.heard()
      return reply
    })
  }

  stop(): void {
    this.#silence.stop()
    this.signal.removeEventListener("abort", this.#onAbort)
  }
}
