// Datagrams that a gateway should never see, and some that it might: damaged, half, forged, doubled, out of place.
import { encodeBlock } from "../../../../src/coap/block"
import { Code } from "../../../../src/coap/code"
import { type Option, OptionNumber, textOption, uintOption } from "../../../../src/coap/option"
import { encodeMessage, type Message, Type } from "../../../../src/coap/udp/message"
import { addDays, dayBefore } from "../../../../src/survey/calendar"
import { messages } from "../corpus"
import type { Dice } from "../dice"
import { appendMessage } from "../grammar"
import { Scratch } from "../scratch"
import { HONEST, TIME_ZONE } from "./places"

const encoder = new TextEncoder()
const NOTHING = new Uint8Array(0)
const DAYS = 5
const SOUND_EVERY = 4
const WRONG_DAYS = ["1970-01-01", "2026-02-30", "9999-12-31", "yesterday"] as const
const LARGEST_BYTES = 2000
const IS_NO_DIGIT = 0x40

export class Datagrams {
  #templates: readonly Uint8Array[] = []
  #lines: readonly string[] = []

  readonly #scratch = new Scratch()

  constructor(private readonly dice: Dice) {}

  /** What the next datagrams are sent as: a device that is declared, or nobody. */
  from(ip: string): void {
    const { dice } = this
    // what is taken costs a commit: few batches shall have any of it
    const isSound = dice.below(SOUND_EVERY) === 0
    const yesterday = dayBefore(Date.now(), TIME_ZONE)
    const day = isSound ? addDays(yesterday, -dice.below(DAYS)) : dice.pick(WRONG_DAYS)
    const honest = dice.pick(HONEST)
    const reading = `${10 + dice.below(14)}:${10 + dice.below(50)} - ${dice.below(90)} - ${dice.below(100)}%`
    const own = pathOf("surveys", ip, day)
    const tag = uintOption(OptionNumber.RequestTag, dice.below(65_536))
    this.#templates = [
      message(Code.Put, own, reading),
      message(Code.Put, pathOf("surveys", ...(isSound ? [] : [day])), `${reading}\n08:00 - 99 - 30%\n`),
      message(Code.Put, pathOf("surveys", honest, yesterday), reading),
      message(Code.Put, [...own, textOption(OptionNumber.UriQuery, "digest=0123456789abcdef")], reading),
      message(Code.Put, [...own, block1(0, true), tag], reading.padEnd(16).slice(0, 16)),
      message(Code.Put, [...own, block1(1, true), tag], "x".repeat(16)),
      message(Code.Put, [...own, block1(2, false), tag], "x"),
      message(Code.Put, [...pathOf("surveys", honest, yesterday), block1(0, true), tag], "x".repeat(16)),
      message(Code.Get, pathOf("owed", ip), ""),
      message(Code.Get, pathOf("owed"), ""),
    ]
    const speaker = isSound ? ip : honest
    this.#lines = [
      `${speaker} ${reading}\n`,
      `${speaker} - ${reading}\n`,
      `${honest} ${reading}\n`,
      `${ip} ${reading.slice(0, 9)}\n`,
    ]
  }

  /** Anything whose first byte is no digit. */
  makeCoap(): Uint8Array {
    const dice = this.dice
    const scratch = this.#scratch
    scratch.clear()
    const kind = dice.below(32)
    if (kind < 12) scratch.append(dice.pick(this.#templates) ?? NOTHING)
    else if (kind < 18) appendMessage(scratch, dice)
    else if (kind < 24) scratch.append(dice.pick(messages) ?? NOTHING)
    else if (kind < 31) scratch.appendRandom(1 + dice.below(64), dice)
    else scratch.appendRandom(1 + dice.below(LARGEST_BYTES), dice)
    for (let left = dice.below(3); left > 0; left--) scratch.mutate(dice, dice.pick(messages) ?? NOTHING)
    if (scratch.length === 0) scratch.push(0)
    scratch.put(0, (scratch.view[0] ?? 0) | IS_NO_DIGIT)
    return scratch.view.slice()
  }

  /** Survey lines in plain text, and whatever else begins with a digit; now and then nothing at all. */
  makeText(): Uint8Array {
    const dice = this.dice
    const scratch = this.#scratch
    scratch.clear()
    if (dice.below(32) === 0) return NOTHING
    for (let left = 1 + dice.below(4); left > 0; left--) scratch.append(encoder.encode(dice.pick(this.#lines) ?? ""))
    for (let left = dice.below(4); left > 0; left--) scratch.mutate(dice, dice.pick(messages) ?? NOTHING)
    scratch.put(0, 0x30 + dice.below(10))
    return scratch.view.slice()
  }
}

const pathOf = (...segments: string[]): Option[] => segments.map((segment) => textOption(OptionNumber.UriPath, segment))

const block1 = (number: number, more: boolean): Option => ({
  number: OptionNumber.Block1,
  value: encodeBlock({ number, more, exponent: 0 }),
})

function message(code: number, options: readonly Option[], text: string): Uint8Array {
  const made: Message = {
    type: Type.Confirmable,
    code,
    id: 0,
    token: Uint8Array.of(1, 2),
    options,
    payload: encoder.encode(text),
  }
  return encodeMessage(made)
}
