// One datagram: decodeMessage() against the reference, and encodeMessage() as its inverse (RFC 7252 §3).
import { MessageFormatError, type Option } from "../../../src/coap/option"
import { decodeMessage, encodeMessage, type Message } from "../../../src/coap/udp/message"
import { messages } from "./corpus"
import type { Dice } from "./dice"
import { appendMessage } from "./grammar"
import { Reference } from "./reference"
import { Scratch } from "./scratch"
import type { Target } from "./target"

type Decode = (bytes: Uint8Array) => Message

const WRITTEN_EVERY = 4
const NOTHING = new Uint8Array(1)

export class Codec implements Target {
  readonly name = "codec"
  readonly #scratch = new Scratch()
  readonly #reference = new Reference()

  constructor(private readonly decode: Decode = decodeMessage) {}

  check(dice: Dice): string | undefined {
    this.#make(dice)
    const bytes = this.#scratch.view
    const valid = this.#reference.readMessage(bytes)
    let message: Message
    try {
      message = this.decode(bytes)
    } catch (error) {
      if (!(error instanceof MessageFormatError)) throw error
      return valid ? `refused, though it is valid: ${error.message}` : undefined
    }
    if (!valid) return "accepted, though it is a message format error"
    return (
      this.#compare(bytes, message) ?? (dice.below(WRITTEN_EVERY) === 0 ? this.#writeAgain(bytes, message) : undefined)
    )
  }

  input(): string {
    return this.#scratch.view.toHex()
  }

  #make(dice: Dice): void {
    const scratch = this.#scratch
    scratch.clear()
    const kind = dice.below(32)
    if (kind === 0) return scratch.appendRandom(dice.below(32), dice)
    if (kind === 1) return scratch.append(dice.pick(messages) ?? NOTHING)
    let mutations = 0
    if (kind < 6) {
      scratch.append(dice.pick(messages) ?? NOTHING)
      mutations = 1 + dice.below(3)
    } else {
      appendMessage(scratch, dice)
      mutations = dice.below(8) === 0 ? 1 : 0
    }
    for (; mutations > 0; mutations--) scratch.mutate(dice, dice.pick(messages) ?? NOTHING)
  }

  #compare(bytes: Uint8Array, message: Message): string | undefined {
    const { tokenStart, tokenBytes, payloadStart, end } = this.#reference
    if (message.type !== ((bytes[0] ?? 0) >> 4) % 4) return `type ${message.type}`
    if (message.code !== bytes[1]) return `code ${message.code}`
    if (message.id !== (bytes[2] ?? 0) * 256 + (bytes[3] ?? 0)) return `id ${message.id}`
    if (!isSlice(message.token, bytes, tokenStart, tokenBytes)) return `token ${message.token.toHex()}`
    const wrong = compareOptions(message.options, bytes, this.#reference)
    if (wrong !== undefined) return wrong
    const isPayload = isSlice(message.payload, bytes, payloadStart, end - payloadStart)
    return isPayload ? undefined : `payload ${message.payload.toHex()}`
  }

  /** Options stand in order and every number has one form only: what was read is written as it was. */
  #writeAgain(bytes: Uint8Array, message: Message): string | undefined {
    const again = encodeMessage(message)
    return isSlice(again, bytes, 0, bytes.length) ? undefined : `written again it is ${again.toHex()}`
  }
}

/** What differs between options and those that the reference found in `bytes`. */
export function compareOptions(
  options: readonly Option[],
  bytes: Uint8Array,
  reference: Reference,
): string | undefined {
  const { optionCount, numbers, starts, lengths } = reference
  if (options.length !== optionCount) return `${options.length} options instead of ${optionCount}`
  for (let index = 0; index < optionCount; index++) {
    const option = options[index]
    if (!option || option.number !== numbers[index])
      return `option number ${option?.number} instead of ${numbers[index]}`
    const start = starts[index] ?? 0
    if (!isSlice(option.value, bytes, start, lengths[index] ?? 0)) return `option value ${option.value.toHex()}`
  }
  return undefined
}

export function isSlice(part: Uint8Array, bytes: Uint8Array, start: number, length: number): boolean {
  if (part.length !== length) return false
  for (let index = 0; index < length; index++) if (part[index] !== bytes[start + index]) return false
  return true
}
