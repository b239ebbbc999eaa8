// Block-wise transfer of request bodies, Block1, both sides (RFC 7959 §2; BERT: RFC 8323 §6). No sockets.
import type { Clock } from "../clock"
import { Code, isSuccess } from "./code"
import { type Content, findOption, type Option, OptionNumber, readUint, uintOf, uintOption, uintValue } from "./option"
import { busy, type Handler, type Request, type Response, say } from "./resource"
import { type Transfer, type TransferLimits, Transfers } from "./transfers"

export interface Block {
  readonly number: number
  readonly more: boolean
  /** Size exponent 0…6: blocks of 2^(4 + exponent) bytes; 7 is BERT, numbered in units of 1,024 bytes. */
  readonly exponent: number
}

const BERT = 7
const LARGEST_EXPONENT = 6
export const LARGEST_BLOCK_BYTES = 1024
const COME_AGAIN_SECONDS = 5

/** The unit that block numbers count in. */
export const blockBytes = (exponent: number): number => 2 ** (4 + Math.min(exponent, LARGEST_EXPONENT))

export const encodeBlock = ({ number, more, exponent }: Block): Uint8Array =>
  uintValue(number * 16 + (more ? 8 : 0) + exponent)

/** Undefined when longer than RFC 7959 §2.1 allows. */
export function decodeBlock(value: Uint8Array): Block | undefined {
  const bits = value.length > 3 ? undefined : readUint(value)
  return bits === undefined ? undefined : { number: bits >>> 4, more: (bits & 8) !== 0, exponent: bits & 7 }
}

const block1 = (block: Block): Option => ({ number: OptionNumber.Block1, value: encodeBlock(block) })

/**
 * Sends a request whose body may need several blocks, one after the other (RFC 7959 §2.5), and resolves with the
 * last answer: the final one, or the first that refuses to go on. `ask` does one exchange, patience included.
 */
export async function sendBlockwise(
  ask: (request: Content) => Promise<Content>,
  request: Content,
  limits: { wholeBytes: number; blockBytes: number },
): Promise<Content> {
  const { code, payload: body } = request
  // on every message: damage that makes a critical option before it one to be ignored makes this one critical
  const options = [...request.options, uintOption(OptionNumber.Size1, body.length)]
  if (body.length <= limits.wholeBytes) return ask({ ...request, options })
  let exponent = LARGEST_EXPONENT
  while (exponent > 0 && blockBytes(exponent) > limits.blockBytes) exponent--
  for (let sent = 0; ; ) {
    const size = blockBytes(exponent)
    const more = sent + size < body.length
    const reply = await ask({
      code,
      options: [...options, block1({ number: sent / size, more, exponent })],
      payload: body.subarray(sent, sent + size),
    })
    const answered = findOption(reply.options, OptionNumber.Block1)
    const wanted = answered && decodeBlock(answered.value)?.exponent
    // the server may ask for smaller blocks, at the latest by refusing the first one (RFC 7959 §2.5, §2.9.3)
    const smaller = wanted !== undefined && wanted < exponent
    if (smaller && sent === 0 && reply.code === Code.RequestEntityTooLarge) {
      exponent = wanted
      continue
    }
    if (reply.code !== Code.Continue) {
      if (isSuccess(reply.code) && more) return { ...reply, code: Code.RequestEntityIncomplete }
      return reply
    }
    if (!more) return { ...reply, code: Code.RequestEntityIncomplete }
    sent += size
    if (smaller) exponent = wanted
  }
}

export interface BlockLimits extends TransferLimits {
  /** Largest body, bytes; reported as Size1. */
  readonly bodyBytes: number
  /** BERT is understood, as it must only be over TCP (RFC 8323 §6); elsewhere its exponent is reserved. */
  readonly bert?: boolean
}

/** The server's side: puts requests together from their blocks and hands them on whole. */
export class BlockReceiver {
  readonly #transfers: Transfers

  /**
   * @param admit may refuse a transfer at its first block, before anything is kept for it
   * @param handler gets every request whole
   */
  constructor(
    private readonly limits: BlockLimits,
    clock: Pick<Clock, "monotonic">,
    private readonly admit: (request: Request) => Response | undefined,
    private readonly handler: Handler,
  ) {
    this.#transfers = new Transfers(limits, clock)
  }

  /** Transfers in memory, finished ones included. */
  get size(): number {
    return this.#transfers.size
  }

  /** Forgets all transfers of an endpoint that has gone. */
  forget(peer: Pick<Request, "address" | "identity">, endpoint: string): void {
    this.#transfers.removeAll(peerOf(peer), endpoint)
  }

  readonly handle: Handler = (request) => {
    const option = findOption(request.options, OptionNumber.Block1)
    if (!option) {
      return request.payload.length > this.limits.bodyBytes ? this.#tooLarge() : this.handler(request)
    }
    const block = decodeBlock(option.value)
    if (!block) return say(Code.BadRequest, "Block1 is longer than 3 bytes")
    if (block.exponent === BERT && !this.limits.bert) return say(Code.BadRequest, "Block size 7 is reserved")
    const response = this.#receive(request, block)
    return response instanceof Promise
      ? response.then((answer) => withBlock(answer, block))
      : withBlock(response, block)
  }

  #receive(request: Request, block: Block): Response | Promise<Response> {
    const { payload } = request
    const unit = blockBytes(block.exponent)
    const offset = block.number * unit
    if (!isWellSized(block, payload)) return say(Code.BadRequest, `A block of ${unit} bytes carries ${payload.length}`)
    const announced = uintOf(request.options, OptionNumber.Size1) ?? 0
    if (Math.max(announced, offset + payload.length) > this.limits.bodyBytes) return this.#tooLarge()
    if (block.number === 0 && !block.more) return this.handler(request)

    this.#transfers.removeExpired()
    const key = transferKey(request)
    const known = this.#transfers.get(key)
    if (block.number === 0) {
      const refusal = this.admit(request)
      if (refusal) return refusal
      if (known) this.#transfers.remove(known)
      const address = peerOf(request)
      this.#transfers.makePlace(address)
      const { arrivedAt } = request
      return this.#append(request, block, this.#transfers.begin(key, { address, arrivedAt }))
    }
    if (known && isRepeated(known, block, offset, payload)) {
      this.#transfers.release(known)
      return this.#hold(known)
    }
    if (!known || known.answer || known.receivedBytes !== offset) {
      return say(Code.RequestEntityIncomplete, "Begin again with block 0")
    }
    this.#transfers.release(known)
    return this.#append(request, block, known)
  }

  /** What is refused here stays forgotten: its sender begins again, and the others get its room meanwhile. */
  #append(request: Request, block: Block, transfer: Transfer): Response | Promise<Response> {
    if (!this.#transfers.append(transfer, request.payload)) return busy("Too many surveys at once", COME_AGAIN_SECONDS)
    if (!block.more) {
      const payload = this.#transfers.finish(transfer)
      transfer.answer = this.handler({ ...request, payload, arrivedAt: transfer.arrivedAt })
    }
    return this.#hold(transfer)
  }

  #hold(transfer: Transfer): Response | Promise<Response> {
    this.#transfers.hold(transfer)
    return transfer.answer ?? { code: Code.Continue }
  }

  #tooLarge(): Response {
    const { bodyBytes } = this.limits
    return say(Code.RequestEntityTooLarge, `A survey has at most ${bodyBytes} bytes`, [
      uintOption(OptionNumber.Size1, bodyBytes),
    ])
  }
}

/** Whose share a transfer counts to: behind a balancer many have one address, and each a key. */
const peerOf = ({ identity, address }: Pick<Request, "address" | "identity">): string => identity ?? address

/** All blocks but the last are full; BERT carries several units a message (RFC 7959 §2.2, RFC 8323 §6). */
function isWellSized({ more, exponent }: Block, { length }: Uint8Array): boolean {
  const unit = blockBytes(exponent)
  if (exponent === BERT) return !more || (length > 0 && length % unit === 0)
  return more ? length === unit : length <= unit
}

/** The block that was taken last, byte for byte: its answer got lost. */
function isRepeated(transfer: Transfer, { more }: Block, offset: number, payload: Uint8Array): boolean {
  const { answer, buffer, receivedBytes, lastBytes } = transfer
  if (more !== (answer === undefined) || receivedBytes !== offset + payload.length) return false
  const end = answer ? lastBytes : receivedBytes
  return Buffer.compare(buffer.subarray(end - lastBytes, end), payload) === 0
}

const LONGEST_KEY = 256 // characters; of what is longer, its digest

/** Endpoint and all options but Block1 and Size1: libcoap gives every block its own token (RFC 7959 §2.5). */
function transferKey(request: Request): string {
  let key = `${request.code}`
  for (const { number, value } of request.options) {
    if (number === OptionNumber.Block1 || number === OptionNumber.Size1) continue
    key += ` ${number},${value.length}:${Buffer.from(value.buffer, value.byteOffset, value.length).toString("latin1")}`
  }
  const isLong = key.length > LONGEST_KEY
  return `${request.endpoint} ${isLong ? new Bun.CryptoHasher("sha256").update(key, "latin1").digest("latin1") : key}`
}

const withBlock = (response: Response, block: Block): Response => ({
  ...response,
  options: [...(response.options ?? []), block1({ ...block, more: block.more && response.code === Code.Continue })],
})
