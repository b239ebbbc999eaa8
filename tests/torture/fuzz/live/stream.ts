// Byte streams that a cloud should never see, and some that it might: damaged, half, of another protocol.
import { Code } from "../../../../src/coap/code"
import { encodeFrame } from "../../../../src/coap/frame"
import { OptionNumber, textOption, uintOption } from "../../../../src/coap/option"
import { addDays, dayBefore } from "../../../../src/survey/calendar"
import { csmFrame, frames } from "../corpus"
import type { Dice } from "../dice"
import { appendFrame } from "../grammar"
import { Scratch } from "../scratch"
import { HONEST, OTHER_SITE, TIME_ZONE } from "./places"

const encoder = new TextEncoder()
const NOTHING = new Uint8Array(0)
const DAYS = 5

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

  /** What a gateway says to a cloud; of the site under fire only what must be refused. */
  #delivery(): Uint8Array {
    const dice = this.dice
    const day = addDays(dayBefore(Date.now(), TIME_ZONE), -dice.below(DAYS))
    const ip = `10.0.0.${1 + dice.below(9)}`
    const site = JSON.stringify({ timeZone: "Europe/Rome", devices: [{ ip: "10.0.0.1-10.0.0.9", name: "x" }] })
    const report = JSON.stringify({
      ...{ scheduledAt: "2026-11-23T05:00:00.000Z", run: true, arrived: ["10.0.0.1"], late: [], missing: [] },
      ...{ changed: [], surveys: 1, digest: "0123456789abcdef" },
    })
    switch (dice.below(5)) {
      case 0:
        return put(["sites", OTHER_SITE], 50, site, dice)
      case 1:
        return put(["sites", OTHER_SITE, "collections", day], 50, report, dice)
      case 2:
        return put(["sites", "nowhere", "surveys", ip, day], 0, "08:00 - 20 - 30%\n", dice)
      default:
        return put(["sites", OTHER_SITE, "surveys", ip, day], 0, `08:${10 + dice.below(50)} - 20 - 30%\nx\n`, dice)
    }
  }
}

function put(path: readonly string[], format: number, text: string, dice: Dice): Uint8Array {
  const options = [
    ...path.map((segment) => textOption(OptionNumber.UriPath, segment)),
    uintOption(OptionNumber.ContentFormat, format),
    ...(dice.below(2) === 0 ? [textOption(OptionNumber.UriQuery, `revision=${dice.below(1000)}`)] : []),
  ]
  return encodeFrame({ code: Code.Put, token: Uint8Array.of(dice.next(), 7), options, payload: encoder.encode(text) })
}
