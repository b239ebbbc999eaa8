// One CoAP message in one datagram, bytes ↔ message (RFC 7252 §3). Pure and strict.
import { Code, codeClass } from "../code"
import { type Content, decodeBody, encodeBody, MessageFormatError, NO_BYTES, part } from "../option"

export const Type = { Confirmable: 0, NonConfirmable: 1, Acknowledgement: 2, Reset: 3 } as const
export type Type = (typeof Type)[keyof typeof Type]

export interface Message extends Content {
  readonly type: Type
  /** Message id, 16 bits. */
  readonly id: number
  /** 0 to 8 bytes. */
  readonly token: Uint8Array
}

const HEADER_BYTES = 4
const MAX_TOKEN_BYTES = 8

/** What can be read of any datagram of 4 bytes or more, malformed ones included: enough to answer RST. */
export function readHeader(bytes: Uint8Array): { version: number; type: Type; id: number } | undefined {
  if (bytes.length < HEADER_BYTES) return undefined
  const first = bytes[0] ?? 0 // by index: taken apart as a list, bytes cost a sixth of the whole decoding
  return { version: first >> 6, type: ((first >> 4) & 3) as Type, id: ((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0) }
}

/** Throws MessageFormatError on anything that RFC 7252 §3 calls a message format error. Long fields are views on `bytes`. */
export function decodeMessage(bytes: Uint8Array): Message {
  const header = readHeader(bytes)
  if (!header) throw new MessageFormatError(`a message has at least 4 bytes, this one has ${bytes.length}`)
  if (header.version !== 1) throw new MessageFormatError(`the version is ${header.version}, not 1`)
  const { type, id } = header
  const tokenLength = (bytes[0] ?? 0) & 15
  const code = bytes[1] ?? 0
  if (tokenLength > MAX_TOKEN_BYTES) throw new MessageFormatError(`the token length ${tokenLength} is reserved`)
  if (code === Code.Empty) {
    if (bytes.length !== HEADER_BYTES || tokenLength > 0)
      throw new MessageFormatError("an empty message carries more than its header")
    return { type, code, id, token: NO_BYTES, options: [], payload: NO_BYTES }
  }
  const klass = codeClass(code)
  if (klass === 1 || klass === 3 || klass > 5) throw new MessageFormatError(`the code class ${klass} is reserved`)
  const start = HEADER_BYTES + tokenLength
  if (start > bytes.length) throw new MessageFormatError("the token is cut short")
  const { options, payload } = decodeBody(bytes, start)
  return { type, code, id, token: part(bytes, HEADER_BYTES, start), options, payload }
}

export function encodeMessage(message: Message): Uint8Array {
  const { type, code, id, token, options, payload } = message
  const bytes = encodeBody(options, payload, HEADER_BYTES + token.length)
  bytes[0] = (1 << 6) | (type << 4) | token.length
  bytes[1] = code
  bytes[2] = id >> 8
  bytes[3] = id & 0xff
  bytes.set(token, HEADER_BYTES)
  return bytes
}

/** An empty acknowledgement or reset. */
export const encodeEmpty = (type: typeof Type.Acknowledgement | typeof Type.Reset, id: number): Uint8Array =>
  encodeMessage({ type, code: Code.Empty, id, token: NO_BYTES, options: [], payload: NO_BYTES })
