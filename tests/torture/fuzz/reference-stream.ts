// What RFC 8323 §3.2 says about a stream, read anew and with nothing of src.
import { Reference } from "./reference"

/** A whole frame, nothing whole yet, or a stream that has lost its meaning. */
export type Verdict = "frame" | "incomplete" | "malformed"

export class ReferenceStream {
  /** Fields of the last whole frame. */
  readonly body = new Reference()
  /** Where the next frame begins. */
  at = 0
  #maxBytes = 0

  begin(maxBytes: number): void {
    this.at = 0
    this.#maxBytes = maxBytes
  }

  /** Reads on in the first `length` bytes. Too large is told as soon as the header's bytes that are there can tell. */
  next(bytes: Uint8Array, length = bytes.length): Verdict {
    const available = length - this.at
    if (available === 0) return "incomplete"
    const first = bytes[this.at] ?? 0
    const tokenBytes = first & 0x0f
    if (tokenBytes > 8) return "malformed"
    const nibble = first >>> 4
    const extendedBytes = nibble < 13 ? 0 : nibble === 13 ? 1 : nibble === 14 ? 2 : 4
    let bodyBytes = nibble
    if (extendedBytes > 0) {
      bodyBytes = 0
      for (let index = 1; index <= extendedBytes; index++) {
        bodyBytes = bodyBytes * 256 + (index < available ? (bytes[this.at + index] ?? 0) : 0)
      }
      bodyBytes += nibble === 13 ? 13 : nibble === 14 ? 269 : 65_805
    }
    const headerBytes = 1 + extendedBytes + 1 + tokenBytes
    if (headerBytes + bodyBytes > this.#maxBytes) return "malformed"
    if (headerBytes + bodyBytes > available) return "incomplete"
    const code = bytes[this.at + 1 + extendedBytes] ?? 0
    // 7 is signalling, §5
    const klass = code >>> 5
    if (klass === 1 || klass === 3 || klass === 6) return "malformed"
    this.body.code = code
    this.body.tokenStart = this.at + 2 + extendedBytes
    this.body.tokenBytes = tokenBytes
    const start = this.at + headerBytes
    if (!this.body.readBody(bytes, start, start + bodyBytes)) return "malformed"
    this.at = start + bodyBytes
    return "frame"
  }
}
