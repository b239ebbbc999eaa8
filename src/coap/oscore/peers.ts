// What the server's side holds of each device that has spoken: its newest context and which requests of it have come. Bounded;
// whoever was forgotten makes a new context with one round trip more.
import type { Context } from "./context"
import type { ReplayWindow } from "./window"

/** A context in use. The window is made of what proved to be fresh; without one nothing is taken yet (Appendix B.1.2). */
export interface Established {
  readonly context: Context
  window: ReplayWindow | undefined
}

export interface PeerState {
  /** Of which its contexts are derived. */
  readonly masterSecret: Uint8Array
  /** The key's epoch: with another one nothing of this is worth anything. */
  readonly epoch: number
  /** The number of the challenge that it answered last: it and all before it prove nothing any more. */
  answered: number
  /** Derived anew with it (Appendix B.2). */
  renewed: Established | undefined
  /** Without an ID Context, of a sensor that keeps its own sequence number (Appendix B.1). */
  fixed: Established | undefined
}

export class Peers {
  readonly #byAddress = new Map<number, PeerState>()
  /** Challenges up to this number prove nothing: they may have been answered by somebody who was forgotten. */
  #floor = 0

  constructor(private readonly most: number) {}

  get size(): number {
    return this.#byAddress.size
  }

  /** What is known of it, or what anybody begins with. */
  get(address: number, epoch: number, masterSecret: () => Uint8Array): PeerState {
    const known = this.#byAddress.get(address)
    if (known?.epoch === epoch) return known
    if (known) this.#forget(address, known)
    return { masterSecret: masterSecret(), epoch, answered: this.#floor, renewed: undefined, fixed: undefined }
  }

  /** Keeps it, as the one that was heard last: it has proved that it has the key. */
  keep(address: number, state: PeerState): void {
    this.#byAddress.delete(address)
    this.#byAddress.set(address, state)
    if (this.#byAddress.size <= this.most) return
    for (const [oldest, forgotten] of this.#byAddress) {
      this.#forget(oldest, forgotten)
      break
    }
  }

  /** The answered challenges of one that is forgotten must not be answered once more. */
  #forget(address: number, { answered }: PeerState): void {
    this.#floor = Math.max(this.#floor, answered)
    this.#byAddress.delete(address)
  }
}
