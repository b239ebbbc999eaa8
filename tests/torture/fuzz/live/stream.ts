// Byte streams that a cloud should never see, and some that it might: damaged, half, of another protocol.
import { Code } from "../../../../src/coap/code"
import { OptionNumber, textOption, uintOption } from "../../../../src/coap/option"
import { ContentFormat } from "../../../../src/coap/resource"
import { encodeFrame } from "../../../../src/coap/tcp/frame"
import { addDays, dayBefore } from "../../../../src/survey/calendar"
import { PROTOCOL } from "../../../../src/survey/protocol"
import { csmFrame, frames } from "../corpus"
import type { Dice } from "../dice"
import { appendFrame } from "../grammar"
import { Scratch } from "../scratch"
import { HONEST, OTHER_SITE, SITE, TIME_ZONE } from "./places"

const encoder = new TextEncoder()
const NOTHING = new Uint8Array(0)
const DAYS = 5
const INSTANTS = ["2026-11-23T05:00:00.000Z", "", "2026-11-23", "9999-12-31T23:59:59Z", "1970-01-01T00:00:00Z"] as const
const { Json: JSON_FORMAT, Text: TEXT_FORMAT } = ContentFormat

export class Streams {
  readonly #scratch = new Scratch()

  constructor(private readonly dice: Dice) {}

  /** What a sender at this address says. */
  make(ip: string): Uint8Array {
    const dice = this.dice
    const scratch = this.#scratch
    scratch.clear()
    const kind = dice.below(16)
    if (kind < 2) scratch.appendRandom(dice.below(400), dice)
    else if (kind === 2) this.#appendText(ip)
    else this.#appendFrames()
    return scratch.view.slice()
  }

  #appendText(ip: string): void {
    const dice = this.dice
    for (let left = 1 + dice.below(4); left > 0; left--) {
      const speaker = dice.below(4) === 0 ? dice.pick(HONEST) : ip
      this.#scratch.append(encoder.encode(`${speaker} - 1${dice.below(10)}:30 - ${dice.below(40)} - 30%\n`))
    }
    for (let left = dice.below(3); left > 0; left--) this.#scratch.mutate(dice, csmFrame, 2)
  }

  #appendFrames(): void {
    const dice = this.dice
    const scratch = this.#scratch
    if (dice.below(8) > 0) scratch.append(csmFrame)
    for (let left = 1 + dice.below(4); left > 0; left--) {
      const from = scratch.length
      const kind = dice.below(8)
      if (kind === 0) scratch.append(this.#delivery())
      else if (kind < 6) scratch.append(dice.pick(frames) ?? NOTHING)
      else appendFrame(scratch, dice)
      if (dice.below(3) === 0) scratch.mutate(dice, dice.pick(frames) ?? csmFrame, from)
    }
  }

  /** What a gateway says to a cloud: whoever speaks here is that of the other site, and of the one under fire a stranger. */
  #delivery(): Uint8Array {
    const dice = this.dice
    const day = addDays(dayBefore(Date.now(), TIME_ZONE), dice.below(DAYS + 4) - DAYS)
    const ip = `10.0.0.${1 + dice.below(9)}`
    const devices = [{ ip: "10.0.0.1-10.0.0.9", name: "x" }]
    const description = { protocol: dice.below(4) > 0 ? PROTOCOL : dice.below(3), spool: `${dice.below(3)}` }
    const site = JSON.stringify({ ...description, timeZone: "Europe/Rome", devices })
    const report = JSON.stringify({
      ...{ scheduledAt: dice.pick(INSTANTS), run: true, arrived: [], late: [], missing: ["10.0.0.1"], stale: [] },
      ...{ refused: [], changed: [], reasons: [["10.0.0.1", "x"]], surveys: 0, digest: "0000000000000000" },
    })
    const reading = `08:${10 + dice.below(50)} - ${dice.below(90)} - 30%\n`
    const theirs = dice.pick(HONEST)
    switch (dice.below(10)) {
      case 0:
        return request(Code.Put, ["sites", OTHER_SITE], JSON_FORMAT, site, dice)
      case 1:
        return request(Code.Put, ["sites", OTHER_SITE, "collections", day], JSON_FORMAT, report, dice)
      case 2:
        return request(Code.Put, ["sites", "nowhere", "surveys", ip, day], TEXT_FORMAT, reading, dice)
      case 3:
        return request(Code.Delete, ["sites", OTHER_SITE, "surveys", ip, day], undefined, "", dice)
      case 4:
        return request(Code.Put, ["sites", SITE], JSON_FORMAT, site, dice)
      case 5:
        return request(Code.Put, ["sites", SITE, "collections", day], JSON_FORMAT, report, dice)
      case 6:
        return request(Code.Put, ["sites", SITE, "surveys", theirs, day], TEXT_FORMAT, reading, dice)
      case 7:
        return request(Code.Delete, ["sites", SITE, "surveys", theirs, day], undefined, "", dice)
      default: {
        const text = dice.below(2) === 0 ? reading : `${reading}x\n`
        return request(Code.Put, ["sites", OTHER_SITE, "surveys", ip, day], TEXT_FORMAT, text, dice)
      }
    }
  }
}

function request(
  code: number,
  path: readonly string[],
  format: number | undefined,
  text: string,
  dice: Dice,
): Uint8Array {
  const options = [
    ...path.map((segment) => textOption(OptionNumber.UriPath, segment)),
    ...(format === undefined ? [] : [uintOption(OptionNumber.ContentFormat, format)]),
    ...(dice.below(2) === 0 ? [textOption(OptionNumber.UriQuery, `revision=${dice.below(1000)}`)] : []),
  ]
  return encodeFrame({ code, token: Uint8Array.of(dice.next(), 7), options, payload: encoder.encode(text) })
}
