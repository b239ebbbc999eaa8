// A network of datagrams that loses, doubles, reorders and damages them as its seed says, in virtual time.
import type { Clock, Random } from "../../../src/clock"
import type { Peer } from "../../../src/net/udp"

export interface Faults {
  /** Share of datagrams that never come, 0 to 1. */
  readonly loss: number
  /** Share of datagrams that come twice. */
  readonly doubled: number
  /** Every copy takes its own time, up to this: whatever is sent meanwhile may overtake it. */
  readonly delayMs: number
  /** Share of copies that take 100 times as long: they come when nobody expects them any more. */
  readonly stray: number
  /** Share of copies that are damaged in a way that no checksum of the Internet sees; none without it. */
  readonly damaged?: number
}

const STRAY_FACTOR = 100
const DAMAGE_TRIES = 64 // two bits that are not the same are soon found, where there are any

export class SeededLink {
  readonly counts = { sent: 0, lost: 0, doubled: 0, damaged: 0, delivered: 0 }
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

  /** What happens to a datagram on its way from one to the other. */
  protected faultsBetween(_from: Peer, _to: Peer): Faults {
    return this.faults
  }

  #carry(datagram: Uint8Array, from: Peer, to: Peer): void {
    const faults = this.faultsBetween(from, to)
    this.counts.sent++
    if (this.random() < faults.loss) {
      this.counts.lost++
      return
    }
    this.#deliver(datagram, from, to, faults)
    if (this.random() >= faults.doubled) return
    this.counts.doubled++
    this.#deliver(datagram, from, to, faults)
  }

  #deliver(datagram: Uint8Array, from: Peer, to: Peer, { delayMs, stray, damaged = 0 }: Faults): void {
    const factor = this.random() < stray ? STRAY_FACTOR : 1
    const copy = new Uint8Array(datagram)
    if (damaged > 0 && this.random() < damaged) {
      this.counts.damaged++
      damage(copy, this.random)
    }
    this.clock.after(this.random() * delayMs * factor, () => {
      const receive = this.#receivers.get(keyOf(to))
      if (!receive) return
      this.counts.delivered++
      receive(copy, from)
    })
  }
}

/** Two bits at one place of two 16-bit words change sides: the sum stays what it was (RFC 1071). */
export function damage(bytes: Uint8Array, random: Random): void {
  const words = Math.floor(bytes.length / 2)
  const half = Math.floor(2 * random())
  for (let tries = 0; tries < DAMAGE_TRIES; tries++) {
    const one = 2 * Math.floor(words * random()) + half
    const other = 2 * Math.floor(words * random()) + half
    const bit = (1 << Math.floor(8 * random())) & ((bytes[one] ?? 0) ^ (bytes[other] ?? 0))
    if (bit === 0) continue
    bytes[one] = (bytes[one] ?? 0) ^ bit
    bytes[other] = (bytes[other] ?? 0) ^ bit
    return
  }
}

/** Everything that such damage can make of these bytes. */
export function* damaged(bytes: Uint8Array): Generator<Uint8Array> {
  for (let one = 0; one < bytes.length; one++) {
    for (let other = one + 2; other < bytes.length; other += 2) {
      const differing = (bytes[one] ?? 0) ^ (bytes[other] ?? 0)
      for (let bit = 1; bit <= differing; bit <<= 1) {
        if ((differing & bit) === 0) continue
        const copy = new Uint8Array(bytes)
        copy[one] = (copy[one] ?? 0) ^ bit
        copy[other] = (copy[other] ?? 0) ^ bit
        yield copy
      }
    }
  }
}

const keyOf = ({ address, port }: Peer): string => `${address}:${port}`
