// The few shapes of CBOR that OSCORE needs, in their shortest form (RFC 8949 §3, RFC 8613 §3.2.1, §5.4, Appendix B.2).

const Major = { Uint: 0, Bytes: 2, Text: 3, Array: 4 } as const
const NIL = Uint8Array.of(0xf6)
const ONE_BYTE = 24 // in the head: the argument is in the byte behind it
const TWO_BYTES = 25

function head(major: number, argument: number): number[] {
  if (argument < ONE_BYTE) return [(major << 5) | argument]
  if (argument < 0x100) return [(major << 5) | ONE_BYTE, argument]
  if (argument < 0x1_0000) return [(major << 5) | TWO_BYTES, argument >> 8, argument & 0xff]
  throw new RangeError(`${argument} is more than OSCORE needs`)
}

/** One behind the other. */
export const concat = (...parts: readonly Uint8Array[]): Uint8Array => behind([], ...parts)

function behind(first: readonly number[], ...parts: readonly Uint8Array[]): Uint8Array {
  let length = first.length
  for (const part of parts) length += part.length
  const bytes = new Uint8Array(length)
  for (let at = 0; at < first.length; at++) bytes[at] = first[at] ?? 0
  let at = first.length
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

export const nil = (): Uint8Array => NIL
export const uint = (value: number): Uint8Array => behind(head(Major.Uint, value))
export const bytes = (value: Uint8Array): Uint8Array => behind(head(Major.Bytes, value.length), value)

export function text(value: string): Uint8Array {
  const utf8 = new TextEncoder().encode(value)
  return behind(head(Major.Text, utf8.length), utf8)
}

export const array = (...items: readonly Uint8Array[]): Uint8Array => behind(head(Major.Array, items.length), ...items)

/** What is in a byte string of up to 255 bytes that is all there is; undefined where it is anything else. */
export function readBytes(encoded: Uint8Array): Uint8Array | undefined {
  const first = encoded[0] ?? 0 // by index: taken apart as a list, bytes cost more than all else here
  if (first >> 5 !== Major.Bytes) return undefined
  const argument = first & 31
  const isLong = argument === ONE_BYTE
  if (argument > ONE_BYTE) return undefined
  const from = isLong ? 2 : 1
  return encoded.length === from + (isLong ? (encoded[1] ?? 0) : argument) ? encoded.slice(from) : undefined
}
