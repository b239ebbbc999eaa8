// A network of datagrams that loses, doubles and reorders them as its seed says, in virtual time.
import type { Clock, Random } from "../../src/clock"
import type { Peer } from "../../src/coap/exchange"

export interface Faults {
  /** Share of datagrams that never come, 0 to 1. */
  readonly loss: number
  /** Share of datagrams that come twice. */
  readonly doubled: number
  /** Every copy takes its own time, up to this: whatever is sent meanwhile may overtake it. */
  readonly delayMs: number
  /** Share of copies that take 100 times as long: they come when nobody expects them any more. */
  readonly stray: number
}

const STRAY_FACTOR = 100

export class SeededLink {
  readonly counts = { sent: 0, lost: 0, doubled: 0, delivered: 0 }
  readonly #receivers = new Map<string, (datagram: Uint8Array, from: Peer) => void>()

  constructor(
    private readonly clock: Clock,
    private readonly random: Random,
    /** May be changed at any time, as when a cable is pulled. */
    public faults: Faults,
  ) {}

  /** Puts somebody on the network; returns how they send. */
  join(own: Peer, receive: (datagram: Uint8Array, from: Peer) => void): (datagram: Uint8Array, to: Peer) => void {
    this.#receivers.set(keyOf(own), receive)
    return (datagram, to) => this.#carry(datagram, own, to)
  }

  leave(own: Peer): void {
    this.#receivers.delete(keyOf(own))
  }

  #carry(datagram: Uint8Array, from: Peer, to: Peer): void {
    this.counts.sent++
    if (this.random() < this.faults.loss) {
      this.counts.lost++
      return
    }
    this.#deliver(datagram, from, to)
    if (this.random() >= this.faults.doubled) return
    this.counts.doubled++
    this.#deliver(datagram, from, to)
  }

  #deliver(datagram: Uint8Array, from: Peer, to: Peer): void {
    const { delayMs, stray } = this.faults
    const factor = this.random() < stray ? STRAY_FACTOR : 1
    const copy = new Uint8Array(datagram)
    this.clock.after(this.random() * delayMs * factor, () => {
      const receive = this.#receivers.get(keyOf(to))
      if (!receive) return
      this.counts.delivered++
      receive(copy, from)
    })
  }
}

const keyOf = ({ address, port }: Peer): string => `${address}:${port}`
