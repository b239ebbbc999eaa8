// OSCORE at the gateway: the option's value against the reference, and a server that has a device's context, to which whole,
// damaged and repeated messages come. Nothing but what the key sealed gets in, once; all else gets its error (RFC 8613 §8.2).
import { Code } from "../../../src/coap/code"
import { type Content, NO_BYTES, OptionNumber, textOption } from "../../../src/coap/option"
import { concat, readBytes, bytes as wrapped } from "../../../src/coap/oscore/cbor"
import { decodeObject } from "../../../src/coap/oscore/compression"
import { type Context, deriveContext } from "../../../src/coap/oscore/context"
import { GATEWAY_ID, idOf } from "../../../src/coap/oscore/identity"
import { objectOf, protectRequest } from "../../../src/coap/oscore/message"
import { OscoreServer } from "../../../src/coap/oscore/server"
import type { Handler, Request, Response } from "../../../src/coap/resource"
import { say, textOf } from "../../../src/coap/resource"
import type { Dice } from "./dice"
import { readOption } from "./reference-oscore"
import { Scratch } from "./scratch"
import type { Target } from "./target"

const DEVICE = 0xc0a8_0102
const SECRET = Uint8Array.from({ length: 16 }, (_, index) => index)
const KID = Uint8Array.from(idOf(DEVICE)).toHex()
const MESSAGES = 6
const WINDOW = 32

/** What a planted fault changes. */
export interface OscoreCode {
  readonly decode?: typeof decodeObject
  readonly around?: (handle: Handler, handler: Handler) => Handler
}

/** A device's conversation: what it sealed, and what is to become of it. */
interface Conversation {
  readonly context: Context
  readonly handle: Handler
  readonly taken: Set<number>
  readonly handled: { count: number }
}

export class Oscore implements Target {
  readonly name = "oscore"
  readonly #scratch = new Scratch()
  #input = ""

  constructor(private readonly code: OscoreCode = {}) {}

  check(dice: Dice): string | undefined {
    this.#input = ""
    const wrong = this.#checkOption(dice)
    if (wrong !== undefined) return wrong
    const conversation = this.#begin(dice)
    if (typeof conversation === "string") return conversation
    const sent: { message: Content; number: number }[] = []
    for (let number = 0; number < MESSAGES; number++) {
      const request = {
        code: Code.Put,
        options: [textOption(OptionNumber.UriPath, "s")],
        payload: Uint8Array.of(number),
      }
      const kidContext = dice.below(8) === 0 ? undefined : wrapped(conversation.context.idContext ?? NO_BYTES)
      const sealed = { message: protectRequest(conversation.context, number, request, kidContext).message, number }
      sent.push(sealed)
      const { message } = dice.below(4) === 0 ? (dice.pick(sent) ?? sealed) : sealed
      const failure = this.#deliver(conversation, dice.below(3) === 0 ? message : this.#damaged(message, dice), sent)
      if (failure !== undefined) return failure
    }
    return undefined
  }

  input(): string {
    return this.#input
  }

  /** The value alone, whatever it is. */
  #checkOption(dice: Dice): string | undefined {
    const scratch = this.#scratch
    scratch.clear()
    scratch.push(dice.below(3) === 0 ? dice.next() : dice.below(32))
    scratch.appendRandom(dice.below(24), dice)
    const value = Uint8Array.from(scratch.view.subarray(0, dice.below(16) === 0 ? 0 : scratch.length))
    this.#input = value.toHex()
    const read = (this.code.decode ?? decodeObject)(value)
    const hex = (part: Uint8Array | undefined) => part && Uint8Array.from(part).toHex()
    const ours = read && { piv: hex(read.partialIv), kidContext: hex(read.kidContext), kid: hex(read.kid) }
    const reference = readOption(value)
    return Bun.deepEquals(ours, reference)
      ? undefined
      : `read as ${JSON.stringify(ours)} instead of ${JSON.stringify(reference)}`
  }

  /** Appendix B.2, by hand: a context that this server knows and that has not been used. */
  #begin(dice: Dice): Conversation | string {
    const randomBytes = (length: number) => Uint8Array.from({ length }, () => dice.next() & 0xff)
    const handled = { count: 0 }
    const handler: Handler = ({ protectedBy }) => {
      if (protectedBy === DEVICE) handled.count++
      return say(Code.Changed)
    }
    const keys = {
      epochOf: (address: number) => (address === DEVICE ? 1 : undefined),
      secretOf: () => SECRET,
    }
    const server = new OscoreServer({ keys, handler, randomBytes, ownNumber: () => 1 })
    const handle = this.code.around?.(server.handle, handler) ?? server.handle
    const first = randomBytes(8)
    const { message } = protectRequest(
      contextOf(first),
      0,
      { code: Code.Get, options: [], payload: NO_BYTES },
      wrapped(first),
    )
    const answer = handle(arriving(message)) as Response
    const object = objectOf({ options: answer.options ?? [], payload: answer.payload ?? NO_BYTES })
    const random = object && object !== "none" && object.kidContext && readBytes(object.kidContext)
    if (!random) return "no challenge came"
    const context = contextOf(concat(random, randomBytes(8)))
    // whole, so that the context is established; its number is none of those that follow
    const last = { code: Code.Put, options: [], payload: NO_BYTES }
    handle(arriving(protectRequest(context, MESSAGES, last, wrapped(context.idContext ?? NO_BYTES)).message))
    if (handled.count !== 1) return "the answer to the challenge was not taken"
    handled.count = 0
    return { context, handle, taken: new Set([MESSAGES]), handled }
  }

  #damaged(message: Content, dice: Dice): Content {
    const scratch = this.#scratch
    const [option] = message.options
    const isOption = dice.below(2) === 0
    scratch.clear()
    scratch.append(isOption ? (option?.value ?? NO_BYTES) : message.payload)
    for (let left = 1 + dice.below(2); left > 0; left--) scratch.mutate(dice, message.payload)
    const changed = Uint8Array.from(scratch.view)
    return isOption
      ? { ...message, options: [{ number: OptionNumber.Oscore, value: changed.subarray(0, 255) }] }
      : { ...message, payload: changed }
  }

  #deliver(conversation: Conversation, message: Content, sent: readonly { message: Content; number: number }[]) {
    const { context, handle, taken, handled } = conversation
    const value = message.options[0]?.value ?? NO_BYTES
    this.#input = `${Uint8Array.from(value).toHex()} ${Uint8Array.from(message.payload).toHex()}`
    const before = handled.count
    const { code, options = [], payload = NO_BYTES } = handle(arriving(message)) as Response
    const came = handled.count - before
    const expected = expectedOf(value, message.payload, context, taken, sent)
    if (expected === "taken") {
      return came === 1 && objectOf({ options, payload }) !== "none"
        ? undefined
        : `not taken: ${textOf({ code, payload })}`
    }
    if (came !== 0) return `taken ${came} times instead of ${expected}`
    const heard = `${code} ${textOf({ code, payload })}`
    return heard === expected ? undefined : `answered ${heard} instead of ${expected}`
  }
}

/** What RFC 8613 §8.2 says of a message at a server that has this context and has taken these. */
function expectedOf(
  value: Uint8Array,
  payload: Uint8Array,
  { idContext }: Context,
  taken: Set<number>,
  sent: readonly { message: Content; number: number }[],
): string {
  const object = readOption(value)
  if (!object?.piv || object.kid === undefined || payload.length === 0) return `${Code.BadOption} Failed to decode COSE`
  const named = object.kidContext
  const id = named === undefined ? undefined : readBytes(Uint8Array.fromHex(named))
  if (object.kid !== KID || (named !== undefined && !id)) return `${Code.Unauthorized} Security context not found`
  const isOurs = id === undefined || Buffer.compare(id, idContext ?? NO_BYTES) === 0
  const number = Number.parseInt(object.piv, 16)
  const isOld = taken.has(number) || number <= Math.max(...taken) - WINDOW
  if (isOurs && isOld) return `${Code.Unauthorized} Replay detected`
  const isSealed = sent.some((each) => each.number === number && Buffer.compare(each.message.payload, payload) === 0)
  if (!isOurs || !isSealed) return `${Code.BadRequest} Decryption failed`
  taken.add(number)
  return "taken"
}

const contextOf = (idContext: Uint8Array): Context =>
  deriveContext({ masterSecret: SECRET, idContext, senderId: idOf(DEVICE), recipientId: GATEWAY_ID })

const arriving = (content: Content): Request => ({
  ...content,
  address: "127.168.1.2",
  endpoint: "127.168.1.2:5",
  arrivedAt: 0,
  sizeBytes: 200,
})
