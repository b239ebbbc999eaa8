// Values that prove, when they come back, that a request was made after we gave them: R2 of Appendix B.2 and Echo (RFC 9175
// Appendix A). Nothing is kept of those that were given. Each has a number that rises and a MAC over it; who answered one has
// its number, and nothing up to that number is taken again.
import { createHmac, timingSafeEqual } from "node:crypto"
import { concat } from "./cbor"

const NUMBER_BYTES = 8
const MAC_BYTES = 8 // RFC 8613 Appendix B.2.1
export const CHALLENGE_BYTES = NUMBER_BYTES + MAC_BYTES
const KEY_BYTES = 32

/** So many random bytes, good enough for keys. */
export type RandomBytes = (length: number) => Uint8Array

export class Challenges {
  /** Of this process alone: what another one gave proves nothing here. */
  readonly #key: Uint8Array
  #next = 1

  constructor(randomBytes: RandomBytes) {
    this.#key = randomBytes(KEY_BYTES)
  }

  /** A new one for whoever has this identity; it never comes again. */
  make(identity: Uint8Array): Uint8Array {
    const number = new Uint8Array(NUMBER_BYTES)
    new DataView(number.buffer).setBigUint64(0, BigInt(this.#next++))
    return concat(number, this.#mac(identity, number))
  }

  /** Its number, if this process gave it to this identity. */
  numberOf(identity: Uint8Array, challenge: Uint8Array): number | undefined {
    if (challenge.length !== CHALLENGE_BYTES) return undefined
    const number = challenge.slice(0, NUMBER_BYTES)
    if (!timingSafeEqual(this.#mac(identity, number), challenge.slice(NUMBER_BYTES))) return undefined
    return Number(new DataView(number.buffer).getBigUint64(0))
  }

  #mac(identity: Uint8Array, number: Uint8Array): Uint8Array {
    const mac = createHmac("sha256", this.#key).update(Uint8Array.of(identity.length)).update(identity).update(number)
    return mac.digest().subarray(0, MAC_BYTES)
  }
}
