// What the simulated network between two ends of a TCP connection does to the bytes.
import type { Clock, Random } from "../../../src/clock"
import { damage } from "../../coap/udp/seeded-link"

export interface StreamFaults {
  /** A piece's way takes up to this. */
  readonly delayMs: number
  /** Share of connects that are refused although somebody listens. */
  readonly refused: number
  /** Share of connections that die after a while. */
  readonly dying: number
  /** Share of pieces that are damaged in a way that no checksum of the Internet sees. */
  readonly damaged: number
}

/** The network that all connections share. */
export interface Net {
  readonly clock: Clock
  readonly random: Random
  readonly faults: StreamFaults
  /** No piece arrives before then, ms since the epoch. */
  readonly cutUntil: number
  /** Addresses of machines that have no power. */
  readonly dark: ReadonlySet<string>
}

/** A kernel's patience with a peer that acknowledges nothing (net.ipv4.tcp_retries2). */
export const GIVEN_UP_MS = 15 * 60_000
const DIES_WITHIN_BYTES = 6000 // about two surveys and their answers
const RESENT_SHARE = 0.05
const RESENT_MS = 1000

/** One connection's way through it. */
export class Wire {
  #bytesLeft: number
  #isDead = false

  constructor(readonly net: Net) {
    const { random, faults } = net
    this.#bytesLeft = random() < faults.dying ? random() * DIES_WITHIN_BYTES : Number.POSITIVE_INFINITY
  }

  get isCut(): boolean {
    return this.net.clock.now() < this.net.cutUntil
  }

  /** The bytes as they will arrive, in two pieces or one. */
  cut(bytes: Uint8Array): Uint8Array[] {
    const { random, faults } = this.net
    const at = Math.floor(random() * (bytes.length + 1))
    const pieces = [bytes.slice(0, at), bytes.slice(at)].filter(({ length }) => length > 0)
    for (const piece of pieces) if (random() < faults.damaged) damage(piece, random)
    return pieces
  }

  /** When something that is sent now arrives; undefined: never. In order, so not before what was sent before it. */
  arrival(notBefore: number, sizeBytes: number): number | undefined {
    const { clock, random, faults, cutUntil } = this.net
    this.#bytesLeft -= sizeBytes
    const now = clock.now()
    if (this.#bytesLeft < 0 || cutUntil - now > GIVEN_UP_MS) this.#isDead = true
    if (this.#isDead) return undefined
    const resentMs = random() < RESENT_SHARE ? RESENT_MS : 0
    return Math.max(notBefore, now, cutUntil) + random() * faults.delayMs + resentMs
  }
}
