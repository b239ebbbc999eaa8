// Message deduplication: what a peer's message was answered with (RFC 7252 §4.5). No sockets.
import type { Clock } from "../../clock"
import { EXCHANGE_LIFETIME_MS } from "../resource"

const GENERATION_ANSWERS = 16_384 // some megabytes of memory
const GENERATION_BYTES = 4 * 1024 * 1024 // an answer may be as long as its request

/**
 * Answers by peer and message id, kept for EXCHANGE_LIFETIME in two generations, so that forgetting costs nothing.
 * Past their number or bytes the oldest go first: a busy peer's requests are idempotent.
 */
export class RecentAnswers {
  #young = new Map<string, Uint8Array>()
  #youngBytes = 0
  #old = new Map<string, Uint8Array>()
  #turnedAt: number

  constructor(private readonly clock: Pick<Clock, "monotonic">) {
    this.#turnedAt = clock.monotonic()
  }

  /** In memory, both generations. */
  get size(): number {
    return this.#young.size + this.#old.size
  }

  get(key: string): Uint8Array | undefined {
    this.#turn()
    return this.#young.get(key) ?? this.#old.get(key)
  }

  set(key: string, answer: Uint8Array): void {
    this.#turn()
    this.#young.set(key, answer)
    this.#youngBytes += answer.length
  }

  #turn(): void {
    const ageMs = this.clock.monotonic() - this.#turnedAt
    const full = this.#young.size >= GENERATION_ANSWERS || this.#youngBytes >= GENERATION_BYTES
    if (ageMs < EXCHANGE_LIFETIME_MS && !full) return
    this.#old = ageMs < 2 * EXCHANGE_LIFETIME_MS ? this.#young : new Map()
    this.#young = new Map()
    this.#youngBytes = 0
    this.#turnedAt = this.clock.monotonic()
  }
}
