// What a session must make of a stream of frames (RFC 8323 §5), as far as its peer can see. Knows nothing of src.
import { Code } from "../../../src/coap/code"
import { ReferenceStream } from "./reference-stream"

const BASE_MAX_MESSAGE_BYTES = 1152 // RFC 8323 §5.3.1
const MAX_MESSAGE_SIZE = 2
const CUSTODY = 2
const LAST_METHOD = 4 // DELETE, RFC 7252 §12.1.1
/** Critical options of requests that a server understands, with their lengths in bytes (RFC 7252 §5.10, RFC 7959 §2.1). */
const CRITICAL: ReadonlyMap<number, readonly [least: number, most: number]> = new Map([
  [3, [1, 255]],
  [7, [0, 2]],
  [11, [0, 255]],
  [15, [0, 255]],
  [17, [0, 2]],
  [23, [0, 3]],
  [27, [0, 3]],
])
const REPEATABLE: readonly (number | undefined)[] = [11, 15]

export interface ReferenceOptions {
  readonly maxMessageBytes: number
  /** Requests are answered only when all of a chunk has been taken. */
  readonly slow: boolean
  /** The next frame has to wait for the answer to the one before. */
  readonly serial: boolean
  /** Bytes of our own request, and its token in hexadecimal; 0: none. */
  readonly requestBytes: number
  readonly requestToken: string
}

export class ReferenceSession {
  readonly #stream = new ReferenceStream()
  /** Tokens of the answers, in hexadecimal. */
  readonly answered: string[] = []
  pongs = 0
  aborts = 0
  ended = false
  /** What the peer takes now, and the most that it ever took. */
  peerMaxMessageBytes = BASE_MAX_MESSAGE_BYTES
  largestPeerMaxMessageBytes = BASE_MAX_MESSAGE_BYTES
  requestSent = false
  #options: ReferenceOptions = { maxMessageBytes: 0, slow: false, serial: false, requestBytes: 0, requestToken: "" }
  #waiting: string[] = []
  #custodyPings = 0
  #hasCsm = false
  #leaving = false
  #outstanding = false

  begin(options: ReferenceOptions): void {
    this.#options = options
    this.#stream.begin(options.maxMessageBytes)
    this.answered.length = 0
    this.#waiting.length = 0
    this.pongs = this.aborts = this.#custodyPings = 0
    this.ended = this.requestSent = this.#hasCsm = this.#leaving = false
    this.peerMaxMessageBytes = this.largestPeerMaxMessageBytes = BASE_MAX_MESSAGE_BYTES
    this.#outstanding = options.requestBytes > 0
  }

  /** The first `length` bytes are there: another chunk has come. */
  receive(bytes: Uint8Array, length: number): void {
    while (!this.ended) {
      const verdict = this.#stream.next(bytes, length)
      if (verdict === "incomplete") break
      if (verdict === "malformed") this.#abort()
      else {
        if (this.#options.serial) this.#finish()
        if (!this.ended) this.#take(bytes)
      }
    }
    if (!this.ended) this.#finish()
  }

  /** All that was being worked on is answered. */
  #finish(): void {
    this.answered.push(...this.#waiting)
    this.pongs += this.#custodyPings
    this.#waiting.length = 0
    this.#custodyPings = 0
    this.#endWhenIdle()
  }

  #take(bytes: Uint8Array): void {
    const { code, tokenStart, tokenBytes } = this.#stream.body
    if (code === Code.Empty) return
    if (!this.#hasCsm && code !== Code.Csm && code !== Code.Abort) return this.#abort()
    const klass = code >>> 5
    if (klass === 7) return this.#takeSignal(bytes, code)
    const token = bytes.subarray(tokenStart, tokenStart + tokenBytes).toHex()
    if (klass === 0) {
      if (this.#options.slow && !this.#isRefused(code)) this.#waiting.push(token)
      else this.answered.push(token)
    } else if (token === this.#options.requestToken) {
      this.#outstanding = false
      this.#endWhenIdle()
    }
  }

  /** At once: what is critical and not understood, too long or there too often; a method that is none; a proxy's. */
  #isRefused(code: number): boolean {
    const { optionCount, numbers, lengths } = this.#stream.body
    for (let index = 0; index < optionCount; index++) {
      const number = numbers[index] ?? 0
      if (number % 2 === 0) continue
      const [least, most] = CRITICAL.get(number) ?? [1, 0]
      const length = lengths[index] ?? 0
      const isRepeated = index > 0 && numbers[index - 1] === number && !REPEATABLE.includes(number)
      if (length < least || length > most || isRepeated) return true
    }
    return code > LAST_METHOD
  }

  #takeSignal(bytes: Uint8Array, code: number): void {
    const { optionCount, numbers, lengths } = this.#stream.body
    if (code === Code.Abort) {
      this.ended = true
      return
    }
    for (let index = 0; index < optionCount; index++) if ((numbers[index] ?? 0) % 2 === 1) return this.#abort()
    if (code === Code.Csm) {
      const size = this.#find(MAX_MESSAGE_SIZE)
      if (size >= 0 && (lengths[size] ?? 0) > 4) return this.#abort()
      if (size >= 0) this.#limit(this.#uint(bytes, size))
      if (!this.#hasCsm && this.#outstanding) {
        this.requestSent = this.#options.requestBytes <= this.peerMaxMessageBytes
        this.#outstanding = this.requestSent
      }
      this.#hasCsm = true
    } else if (code === Code.Ping) {
      if (this.#find(CUSTODY) >= 0) this.#custodyPings++
      else this.pongs++
    } else if (code === Code.Release) {
      this.#leaving = true
      this.#endWhenIdle()
    }
  }

  #limit(bytes: number): void {
    // before the first settings nothing but settings is sent: their limit is the first that counts
    const before = this.#hasCsm ? this.largestPeerMaxMessageBytes : 0
    this.peerMaxMessageBytes = bytes
    this.largestPeerMaxMessageBytes = Math.max(before, bytes)
  }

  #find(number: number): number {
    const { optionCount, numbers } = this.#stream.body
    for (let index = 0; index < optionCount; index++) if (numbers[index] === number) return index
    return -1
  }

  #uint(bytes: Uint8Array, option: number): number {
    const { starts, lengths } = this.#stream.body
    const start = starts[option] ?? 0
    let value = 0
    for (let at = start; at < start + (lengths[option] ?? 0); at++) value = value * 256 + (bytes[at] ?? 0)
    return value
  }

  #abort(): void {
    this.aborts++
    this.ended = true
  }

  #endWhenIdle(): void {
    const idle = this.#waiting.length === 0 && this.#custodyPings === 0 && !this.#outstanding
    if (this.#leaving && idle) this.ended = true
  }
}
