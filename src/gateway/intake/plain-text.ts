// The original protocol on the UDP port: a datagram of lines `<ip> HH:MM - T - H%`, or an empty one.
import { decodeText, MessageFormatError, wholeWords } from "../../coap/option"
import { BYTE_ORDER_MARK, isDigit, isWhiteSpace, splitAddressedLines } from "../../survey/addressed"
import { type Day, dayBefore } from "../../survey/calendar"
import type { Device } from "../../topology/devices"
import { ARRIVED, answerOf, type Collector, type Outcome } from "./collector"
import type { Senders } from "./senders"

/**
 * Text whose first character, behind a byte order mark or white space, is a digit; nothing at all is a survey too. A CoAP
 * message of version 1 begins with 0x40 to 0x7f, so none is taken for text.
 */
export function isPlainText(datagram: Uint8Array): boolean {
  if (datagram.length === 0) return true
  let at = 0
  for (let skipped = beforeText(datagram, 0); skipped > 0; skipped = beforeText(datagram, at)) at += skipped
  return isDigit(datagram[at] ?? 0)
}

/** How many bytes there come before text: of white space, or of a byte order mark. */
function beforeText(datagram: Uint8Array, at: number): number {
  if (isWhiteSpace(datagram[at] ?? 0)) return 1
  const isMark = BYTE_ORDER_MARK.every((byte, index) => datagram[at + index] === byte)
  return isMark ? BYTE_ORDER_MARK.length : 0
}

export class PlainText {
  constructor(
    private readonly senders: Senders,
    private readonly collector: Collector,
    private readonly timeZone: string,
    private readonly now: () => number,
  ) {}

  /** The answer to a datagram; undefined where there is none, to an empty one from nobody we know. */
  async handle(datagram: Uint8Array, address: string, peer: string): Promise<string | undefined> {
    const day = dayBefore(this.now(), this.timeZone)
    if (datagram.length === 0) {
      const identified = this.senders.identify({ address })
      if (identified.kind !== "device") return undefined
      return answerTo([await this.#take(identified.device, day, "", peer)])
    }
    return cut(await this.#takeLines(datagram, day, address, peer), datagram.length)
  }

  /** Keeps a datagram that cannot be used as it came: it names its devices itself. Returns the reason. */
  refuse(datagram: Uint8Array, address: string, peer: string, reason: string): string {
    const kind = this.senders.isDeclared(address) ? "message" : "stranger"
    const day = dayBefore(this.now(), this.timeZone)
    this.collector.refuseMessage({ kind, reason, bytes: datagram, peer, day })
    return reason
  }

  async #takeLines(datagram: Uint8Array, day: Day, address: string, peer: string): Promise<string> {
    let text: string
    try {
      text = decodeText(datagram)
    } catch (error) {
      if (!(error instanceof MessageFormatError)) throw error
      return this.refuse(datagram, address, peer, "A survey is UTF-8 text: this one is not")
    }
    const surveys: [Device, string][] = []
    for (const [ip, lines] of splitAddressedLines(text)) {
      const identified = this.senders.identify({ address }, ip)
      // all or nothing: the answer speaks for the whole datagram
      if (identified.kind === "keyless") return identified.reason
      if (identified.kind === "stranger") return this.refuse(datagram, address, peer, identified.reason)
      surveys.push([identified.device, lines])
    }
    return answerTo(await Promise.all(surveys.map(([device, lines]) => this.#take(device, day, lines, peer))))
  }

  async #take(device: Device, day: Day, text: string, peer: string): Promise<Outcome> {
    const refusal = this.collector.refuseDay(day)
    if (refusal) return { kind: "postponed", reason: refusal.reason, retryAfterSeconds: 0 }
    return this.collector.take({ address: device.address, day, text, peer })
  }
}

function answerTo(outcomes: readonly Outcome[]): string {
  let [readings, refused] = [0, 0]
  for (const outcome of outcomes) {
    if (outcome.kind === "postponed") return outcome.reason
    readings += outcome.readings
    refused += outcome.refused
  }
  return refused === 0 ? ARRIVED : answerOf(readings, refused)
}

function cut(answer: string, limitBytes: number): string {
  const bytes = Buffer.from(answer)
  return bytes.toString("utf8", 0, wholeWords(bytes, limitBytes))
}
