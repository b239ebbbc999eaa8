// The original protocol on the TCP port: lines `<ip> - HH:MM - T - H%`, stored and listed.
import { type Clock, isWrong } from "../clock"
import { decodeText } from "../coap/option"
import { quote } from "../log"
import { BYTE_ORDER_MARK, isDigit, isWhiteSpace, splitAddressedLines } from "../survey/addressed"
import { clockChange, type Day, dayBefore } from "../survey/calendar"
import type { Reading } from "../survey/reading"
import { parseSurvey } from "../survey/survey"
import { formatAddress, parseAddress } from "../topology/address"
import type { Topology } from "../topology/topology"
import type { CloudEvent } from "./events"
import type { Gateways } from "./gateways"
import type { Store, StoredSurvey } from "./store/contract"

const DOT = 0x2e

/**
 * Whether a stream is lines, which begin with a digit, perhaps behind a byte order mark or white space. Two bytes tell: a
 * CSM may begin with a digit or a blank too, but has none of these behind it.
 */
export function isPlainText([first = 0, second = 0]: Uint8Array): boolean {
  const [markFirst, markSecond] = BYTE_ORDER_MARK
  if (first === markFirst) return second === markSecond
  const isInText = isDigit(second) || isWhiteSpace(second) || second === DOT || second === markFirst
  return isInText && (isDigit(first) || isWhiteSpace(first))
}

export interface PlainTextOptions {
  readonly store: Store
  readonly topology: Pick<Topology, "site" | "timeZone">
  /** Whose text is taken; it may change. */
  readonly declared: Pick<Topology, "devices">
  readonly gateways: Pick<Gateways, "maySendFor">
  readonly clock: Clock
  readonly emit: (event: CloudEvent) => void
  /** What has been stored, to be listed. */
  readonly onStored: (surveys: readonly StoredSurvey[]) => void
}

/** What is in the store and how many lines were refused, or why none is taken, as a line for the sender. */
export type Taken = { readonly readings: number; readonly refused: number } | { readonly refusal: string }

/** One sender's text, which comes in parts. */
interface Text {
  readonly sender: string
  /** When it began, ms since 1970: all of it is of the day before that. */
  readonly begunAt: number
  /** By address, the last reading that came: in an hour that comes twice it tells of which pass the next one is. */
  readonly latest: Map<number, Reading>
}

export class PlainText {
  constructor(private readonly options: PlainTextOptions) {}

  /**
   * A text has begun. What this gives stores and lists complete lines of it, one part after the other: all of them or,
   * where one is not its sender's to send, none. It rejects with StorageRefused when the disk refuses.
   */
  begin(sender: string, begunAt: number): (lines: Uint8Array) => Promise<Taken> {
    const text: Text = { sender, begunAt, latest: new Map() }
    return (lines) => this.#take(lines, text)
  }

  async #take(lines: Uint8Array, part: Text): Promise<Taken> {
    const { topology, declared, gateways, clock, onStored } = this.options
    const { sender, begunAt } = part
    // a day is what the clock says it is
    if (isWrong(clock, begunAt)) return { refusal: "The cloud's clock is not set" }
    let text: string
    try {
      text = decodeText(lines)
    } catch {
      return this.#refuse(sender, "A survey is UTF-8 text: this one is not")
    }
    const surveys: [number, string][] = []
    for (const [ip, own] of splitAddressedLines(text)) {
      const address = parseAddress(ip)
      if (address === undefined || !declared.devices.has(address))
        return this.#refuse(sender, `${quote(ip)} is not a declared device`)
      if (!gateways.maySendFor(sender, ip)) return this.#refuse(sender, `${sender} may not speak for ${ip}`)
      surveys.push([address, own])
    }
    const day = dayBefore(begunAt, topology.timeZone)
    const stored = await Promise.all(surveys.map(([address, own]) => this.#store(part, day, address, own)))
    onStored(stored.map(({ survey }) => survey).sort((a, b) => a.address - b.address))
    let [readings, refused] = [0, 0]
    for (const survey of stored) {
      readings += survey.readings
      refused += survey.refused
    }
    return { readings, refused }
  }

  #refuse(sender: string, reason: string): Taken {
    this.options.emit({ kind: "refused", text: `plain text from ${sender}: ${reason}`, sender, isStranger: true })
    return { refusal: reason }
  }

  async #store(
    { latest, sender }: Text,
    day: Day,
    address: number,
    text: string,
  ): Promise<{ survey: StoredSurvey; readings: number; refused: number }> {
    const { store, emit } = this.options
    const { site, timeZone } = this.options.topology
    const survey = `${site} ${formatAddress(address)} ${day}`
    const change = clockChange(day, timeZone)
    const { readings, refused, refusedCount } = parseSurvey(text, change, { after: latest.get(address) })
    const last = readings.at(-1)
    if (change.repeated && last) latest.set(address, last)
    for (const { line, rule } of refused) {
      emit({ kind: "refused", text: `${survey}, line ${line}: ${rule}`, sender, isStranger: false })
    }
    const { outcome, shown } = await store.addText(site, { day, address, zone: timeZone, readings })
    if (outcome !== "dropped") {
      return { survey: { address, readings: shown }, readings: readings.length, refused: refusedCount }
    }
    emit({ kind: "refused", text: `${survey} was dropped here`, sender, isStranger: false })
    return { survey: { address, readings: [] }, readings: 0, refused: refusedCount + readings.length }
  }
}
