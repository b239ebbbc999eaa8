// What RFC 7252 §3 says about bytes, read anew and with nothing of src: valid or not, and where each field is.

const MAX_OPTIONS = 4096

/** One reading; the next one overwrites it. */
export class Reference {
  code = 0
  tokenStart = 0
  tokenBytes = 0
  optionCount = 0
  readonly numbers = new Int32Array(MAX_OPTIONS)
  readonly starts = new Int32Array(MAX_OPTIONS)
  readonly lengths = new Int32Array(MAX_OPTIONS)
  payloadStart = 0
  end = 0

  /** A datagram, figure 7. False: a message format error. */
  readMessage(bytes: Uint8Array): boolean {
    const length = bytes.length
    if (length < 4) return false
    const first = bytes[0] ?? 0
    const code = bytes[1] ?? 0
    if (first >>> 6 !== 1) return false
    this.code = code
    this.tokenStart = 4
    this.tokenBytes = first & 0x0f
    if (code === 0) {
      this.optionCount = 0
      this.payloadStart = this.end = 4
      return this.tokenBytes === 0 && length === 4
    }
    // request, success, client error, server error: "all other class values are reserved"
    const klass = code >>> 5
    if (klass !== 0 && klass !== 2 && klass !== 4 && klass !== 5) return false
    if (this.tokenBytes > 8 || 4 + this.tokenBytes > length) return false
    return this.readBody(bytes, 4 + this.tokenBytes, length)
  }

  /** Options and payload from `start` to `end`, §3.1. */
  readBody(bytes: Uint8Array, start: number, end: number): boolean {
    this.optionCount = 0
    this.end = end
    let at = start
    let number = 0
    while (at < end) {
      const head = bytes[at] ?? 0
      at += 1
      if (head === 255) {
        this.payloadStart = at
        return at < end
      }
      let delta = head >>> 4
      if (delta === 13) {
        if (at + 1 > end) return false
        delta = 13 + (bytes[at] ?? 0)
        at += 1
      } else if (delta === 14) {
        if (at + 2 > end) return false
        delta = 269 + (bytes[at] ?? 0) * 256 + (bytes[at + 1] ?? 0)
        at += 2
      } else if (delta === 15) return false
      let length = head & 0x0f
      if (length === 13) {
        if (at + 1 > end) return false
        length = 13 + (bytes[at] ?? 0)
        at += 1
      } else if (length === 14) {
        if (at + 2 > end) return false
        length = 269 + (bytes[at] ?? 0) * 256 + (bytes[at + 1] ?? 0)
        at += 2
      } else if (length === 15) return false
      number += delta
      if (number > 65_535 || at + length > end) return false
      this.numbers[this.optionCount] = number
      this.starts[this.optionCount] = at
      this.lengths[this.optionCount] = length
      this.optionCount += 1
      at += length
    }
    this.payloadStart = end
    return true
  }
}
