// CoAP options and the payload behind them, bytes ↔ values; UDP and TCP share this format (RFC 7252 §3.1, RFC 8323 §3.2).

export interface Option {
  readonly number: number
  readonly value: Uint8Array
}

/** What a request and an answer are made of on either transport. */
export interface Content {
  readonly code: number
  readonly options: readonly Option[]
  readonly payload: Uint8Array
}

export const OptionNumber = {
  UriHost: 3,
  UriPort: 7,
  Oscore: 9, // RFC 8613 §2
  UriPath: 11,
  ContentFormat: 12,
  MaxAge: 14,
  UriQuery: 15,
  Accept: 17,
  Block2: 23, // RFC 7959
  Block1: 27, // RFC 7959
  ProxyUri: 35,
  ProxyScheme: 39,
  Size1: 60, // RFC 7252 §5.10.9
  Echo: 252, // RFC 9175 §2
  RequestTag: 292, // RFC 9175 §3
} as const

/** Odd option numbers are critical: who does not know one must refuse the request (RFC 7252 §5.4.6). */
export const isCritical = (number: number): boolean => (number & 1) === 1

export class MessageFormatError extends Error {
  override name = "MessageFormatError"
}

const PAYLOAD_MARKER = 0xff
export const NO_BYTES = new Uint8Array(0)
const encoder = new TextEncoder()
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

/** The shortest big-endian form of an unsigned integer of up to 32 bits; zero is no bytes (RFC 7252 §3.2). */
export function uintValue(value: number): Uint8Array {
  if (value === 0) return NO_BYTES
  const length = value > 0xffffff ? 4 : value > 0xffff ? 3 : value > 0xff ? 2 : 1
  const bytes = new Uint8Array(length)
  for (let i = 0; i < length; i++) bytes[i] = (value >>> (8 * (length - 1 - i))) & 0xff
  return bytes
}

/** Up to 4 bytes as an unsigned integer; longer values are undefined. */
export function readUint(bytes: Uint8Array): number | undefined {
  if (bytes.length > 4) return undefined
  let value = 0
  for (let at = 0; at < bytes.length; at++) value = value * 256 + (bytes[at] ?? 0)
  return value
}

export const uintOption = (number: number, value: number): Option => ({ number, value: uintValue(value) })
export const textOption = (number: number, text: string): Option => ({ number, value: encoder.encode(text) })

/** The first option of this number. */
export function findOption(options: readonly Option[], number: number): Option | undefined {
  for (const option of options) if (option.number === number) return option
  return undefined
}

/** An option's unsigned integer; undefined when it is absent or longer than that. */
export function uintOf(options: readonly Option[], number: number, mostBytes = 4): number | undefined {
  const option = findOption(options, number)
  return option && option.value.length <= mostBytes ? readUint(option.value) : undefined
}

/** The text of every option of this number, in order. Throws MessageFormatError when one is not UTF-8. */
export function textsOf(options: readonly Option[], number: number): string[] {
  const texts: string[] = []
  for (const option of options) if (option.number === number) texts.push(decodeText(option.value))
  return texts
}

/** Strict UTF-8. Throws MessageFormatError. */
export function decodeText(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes)
  } catch (cause) {
    throw new MessageFormatError("text is not UTF-8", { cause })
  }
}

const BLANK = 0x20

/**
 * How many bytes of a UTF-8 text, `end` at most, are whole words; whole characters where not even the first word fits.
 */
export function wholeWords(text: Uint8Array, end: number): number {
  let at = Math.max(0, end)
  if (at >= text.length) return text.length
  while (at > 0 && ((text[at] ?? 0) & 0xc0) === 0x80) at--
  for (let word = at; word > 0; word--) if ((text[word] ?? 0) <= BLANK) return withoutBlanks(text, word)
  return at
}

function withoutBlanks(text: Uint8Array, end: number): number {
  let at = end
  while (at > 0 && (text[at - 1] ?? 0) <= BLANK) at--
  return at
}

const nibble = (value: number) => (value < 13 ? value : value < 269 ? 13 : 14)
const extraBytes = (value: number) => (value < 13 ? 0 : value < 269 ? 1 : 2)

function writeExtra(bytes: Uint8Array, at: number, value: number): number {
  if (value < 13) return at
  if (value < 269) {
    bytes[at] = value - 13
    return at + 1
  }
  bytes[at] = (value - 269) >> 8
  bytes[at + 1] = (value - 269) & 0xff
  return at + 2
}

/** Options (in any order) and payload as bytes, with `headerBytes` left free in front. */
export function encodeBody(options: readonly Option[], payload: Uint8Array, headerBytes: number): Uint8Array {
  const sorted = options.length > 1 ? [...options].sort((a, b) => a.number - b.number) : options
  let length = headerBytes + (payload.length > 0 ? 1 + payload.length : 0)
  let previous = 0
  for (const { number, value } of sorted) {
    length += 1 + extraBytes(number - previous) + extraBytes(value.length) + value.length
    previous = number
  }
  const bytes = new Uint8Array(length)
  let at = headerBytes
  previous = 0
  for (const { number, value } of sorted) {
    const delta = number - previous
    bytes[at++] = (nibble(delta) << 4) | nibble(value.length)
    at = writeExtra(bytes, at, delta)
    at = writeExtra(bytes, at, value.length)
    bytes.set(value, at)
    at += value.length
    previous = number
  }
  if (payload.length > 0) {
    bytes[at++] = PAYLOAD_MARKER
    bytes.set(payload, at)
  }
  return bytes
}

const MOST_COPIED_BYTES = 1024 // a block
const { slice } = Uint8Array.prototype // a Buffer's own is a view

/** Bytes of a message: a copy where they are few, which costs a third of a view and lets go of the message. */
export function part(bytes: Uint8Array, from: number, to: number): Uint8Array {
  if (from === to) return NO_BYTES
  return to - from > MOST_COPIED_BYTES ? bytes.subarray(from, to) : slice.call(bytes, from, to)
}

/** Options and payload from `start` to the end of `bytes`, long ones as views on it. Throws MessageFormatError. */
export function decodeBody(bytes: Uint8Array, start: number): { options: Option[]; payload: Uint8Array } {
  const options: Option[] = []
  let at = start
  let number = 0

  const extended = (kind: number): number => {
    if (kind < 13) return kind
    if (kind === 15) throw new MessageFormatError("an option uses the reserved length 15")
    const size = kind - 12
    if (at + size > bytes.length) throw new MessageFormatError("an option is cut short")
    const value = size === 1 ? 13 + (bytes[at] ?? 0) : 269 + (((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0))
    at += size
    return value
  }

  while (at < bytes.length) {
    const first = bytes[at++] ?? 0
    if (first === PAYLOAD_MARKER) {
      if (at === bytes.length) throw new MessageFormatError("a payload marker has no payload behind it")
      return { options, payload: part(bytes, at, bytes.length) }
    }
    number += extended(first >> 4)
    if (number > 0xffff) throw new MessageFormatError("an option number is past 65535")
    const length = extended(first & 15)
    if (at + length > bytes.length) throw new MessageFormatError("an option runs past the end")
    options.push({ number, value: part(bytes, at, at + length) })
    at += length
  }
  return { options, payload: NO_BYTES }
}
