// CoAP messages on a TCP stream, bytes ↔ frame (RFC 8323 §3.2). Pure and strict.
import { codeClass } from "../code"
import { type Content, decodeBody, encodeBody, MessageFormatError, NO_BYTES, part, wholeWords } from "../option"

/** A message as TCP carries it: no version, no type, no message id. */
export interface Frame extends Content {
  /** 0 to 8 bytes. */
  readonly token: Uint8Array
}

export interface ReceivedFrame extends Frame {
  /** The whole message, from the first byte of its header to the end of its payload (RFC 8323 §5.3.1). */
  readonly sizeBytes: number
}

const MAX_TOKEN_BYTES = 8
const UNASSIGNED_CLASSES: ReadonlySet<number> = new Set([1, 3, 6]) // RFC 7252 §12.1; 7 is signalling

// The length nibble's three extensions: from which length on, in how many bytes (RFC 8323 §3.2).
const EXTENSIONS = [
  { nibble: 13, base: 13, bytes: 1 },
  { nibble: 14, base: 269, bytes: 2 },
  { nibble: 15, base: 65_805, bytes: 4 },
] as const

/** The frame's bytes; its options may come in any order. */
export function encodeFrame(frame: Frame): Uint8Array {
  const { code, token, options, payload } = frame
  const body = encodeBody(options, payload, 0)
  const extension = EXTENSIONS.findLast(({ base }) => body.length >= base)
  const codeAt = 1 + (extension?.bytes ?? 0)
  const bytes = new Uint8Array(codeAt + 1 + token.length + body.length)
  bytes[0] = ((extension?.nibble ?? body.length) << 4) | token.length
  if (extension) {
    const rest = body.length - extension.base
    for (let i = 1; i < codeAt; i++) bytes[i] = rest >>> (8 * (codeAt - 1 - i))
  }
  bytes[codeAt] = code
  bytes.set(token, codeAt + 1)
  bytes.set(body, codeAt + 1 + token.length)
  return bytes
}

/**
 * The frame in at most `maxBytes`, with as much of its text as fits; without options too where not even they do.
 * A peer's Max-Message-Size is a promise to be kept, RFC 8323 §5.3.1.
 */
export function encodeCut(frame: Frame, maxBytes: number): Uint8Array {
  const bytes = encodeFrame(frame)
  const excess = bytes.length - maxBytes
  if (excess <= 0) return bytes
  const { payload } = frame
  if (payload.length < excess) return encodeFrame({ ...frame, options: [], payload: NO_BYTES })
  return encodeFrame({ ...frame, payload: payload.subarray(0, wholeWords(payload, payload.length - excess)) })
}

type Measure = ReturnType<typeof measure>

/** `complete`: all bytes of the length are here; without them `sizeBytes` is the least that it can become. */
function measure(bytes: Uint8Array, at: number) {
  const first = bytes[at] ?? 0
  const tokenBytes = first & 15
  if (tokenBytes > MAX_TOKEN_BYTES) throw new MessageFormatError(`the token length ${tokenBytes} is reserved`)
  const extension = EXTENSIONS.find(({ nibble }) => nibble === first >> 4)
  let bodyBytes = extension?.base ?? first >> 4
  const codeAt = 1 + (extension?.bytes ?? 0)
  for (let i = 1; i < codeAt; i++) bodyBytes += (bytes[at + i] ?? 0) * 256 ** (codeAt - 1 - i)
  return { codeAt, tokenBytes, sizeBytes: codeAt + 1 + tokenBytes + bodyBytes, complete: at + codeAt <= bytes.length }
}

function decodeFrame(bytes: Uint8Array, { codeAt, tokenBytes, sizeBytes }: Measure): ReceivedFrame {
  const code = bytes[codeAt] ?? 0
  if (UNASSIGNED_CLASSES.has(codeClass(code)))
    throw new MessageFormatError(`the code class ${codeClass(code)} is reserved`)
  const token = part(bytes, codeAt + 1, codeAt + 1 + tokenBytes)
  return { code, token, sizeBytes, ...decodeBody(bytes, codeAt + 1 + tokenBytes) }
}

/** Cuts a stream into frames, whatever its chunks. After a MessageFormatError the stream has no meaning any more. */
export class FrameReader {
  /** The beginning of a frame that is not complete, and room for more of it. */
  #buffer: Uint8Array = NO_BYTES
  #pendingBytes = 0

  constructor(private readonly maxMessageSizeBytes: number) {}

  /** Bytes of the frame that has begun and is not complete. */
  get pendingBytes(): number {
    return this.#pendingBytes
  }

  /**
   * The frames that this chunk completes, one after the other; long fields are views on it. Throws MessageFormatError, behind
   * the good frames, for a malformed message, and as soon as the header tells for a reserved token length or a size over
   * the maximum.
   */
  *push(chunk: Uint8Array): Generator<ReceivedFrame, void> {
    const isBegun = this.#pendingBytes > 0
    if (isBegun) this.#append(chunk)
    const bytes = isBegun ? this.#buffer.subarray(0, this.#pendingBytes) : chunk
    let at = 0
    while (at < bytes.length) {
      const measured = this.#measure(bytes, at)
      const end = at + measured.sizeBytes
      if (!measured.complete || end > bytes.length) break
      this.#pendingBytes = 0
      yield decodeFrame(bytes.subarray(at, end), measured)
      at = end
    }
    if (isBegun && at === 0) return
    this.#buffer = bytes.slice(at)
    this.#pendingBytes = this.#buffer.length
  }

  #measure(bytes: Uint8Array, at: number): Measure {
    const measured = measure(bytes, at)
    const { sizeBytes } = measured
    if (sizeBytes <= this.maxMessageSizeBytes) return measured
    const size = measured.complete ? `${sizeBytes}` : `at least ${sizeBytes}`
    throw new MessageFormatError(`the message has ${size} bytes, more than ${this.maxMessageSizeBytes}`)
  }

  /** The buffer doubles: neither a copy for each byte nor memory for what a peer only announced. */
  #append(chunk: Uint8Array): void {
    const needed = this.#pendingBytes + chunk.length
    if (needed > this.#buffer.length) {
      const grown = new Uint8Array(Math.max(needed, 2 * this.#buffer.length))
      grown.set(this.#buffer)
      this.#buffer = grown
    }
    this.#buffer.set(chunk, this.#pendingBytes)
    this.#pendingBytes = needed
  }
}
