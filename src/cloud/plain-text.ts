// The original protocol on the TCP port: lines `<ip> - HH:MM - T - H%` until the sender pauses or ends (DESIGN.md §5).
import { decodeText } from "../coap/option"
import { REFUSED_TEXT, StorageRefused } from "../storage/errors"
import { splitAddressedLines } from "../survey/addressed"
import { clockChange, dayBefore } from "../survey/calendar"
import { elapsedSeconds } from "../survey/reading"
import { parseSurvey } from "../survey/survey"
import { formatAddress, parseAddress } from "../topology/address"
import type { Devices } from "../topology/devices"
import type { Store, StoredSurvey } from "./store"
import { toStored } from "./stored"

const DIGIT_0 = 0x30
const DIGIT_9 = 0x39
const DOT = 0x2e
const NEWLINE = 0x0a

/** Whether a stream is plain text, told by two bytes: a CSM may begin with 0x30 too, but not with a digit behind it. */
export function isPlainText([first = 0, second = 0]: Uint8Array): boolean {
  const isDigit = (byte: number) => byte >= DIGIT_0 && byte <= DIGIT_9
  return isDigit(first) && (isDigit(second) || second === DOT)
}

export interface PlainTextOptions {
  readonly store: Store
  readonly site: string
  readonly timeZone: string
  readonly devices: Devices
  readonly now: () => number
  /** Whether that is a time that it cannot be. */
  readonly isClockWrong?: () => boolean
  /** Whether a sender's address may speak for a declared device. */
  readonly maySend: (sender: string, ip: string) => boolean
  /** A message, or a line of one: its sender is told, and nothing of it is kept. */
  readonly onRefusedText: (text: string) => void
  /** What has been stored, to be listed. */
  readonly onStored: (surveys: readonly StoredSurvey[]) => void
}

export class PlainText {
  constructor(private readonly options: PlainTextOptions) {}

  /** Stores and lists complete lines; the answer is a line for the sender. A last line without its % is cut off. */
  async take(bytes: Uint8Array, sender: string): Promise<string> {
    const { devices, store, isClockWrong, maySend, onStored } = this.options
    // a day is what the clock says it is
    if (isClockWrong?.()) return "The cloud's clock is not set"
    const end = endOfCompleteLines(bytes)
    let text: string
    try {
      text = decodeText(bytes.subarray(0, end))
    } catch {
      return this.#refuse(sender, "A survey is UTF-8 text: this one is not")
    }
    const surveys: [number, string][] = []
    for (const [ip, lines] of splitAddressedLines(text)) {
      const address = parseAddress(ip)
      if (address === undefined || !devices.has(address)) return this.#refuse(sender, `${ip} is not a declared device`)
      if (!maySend(sender, ip)) return this.#refuse(sender, `${sender} may not speak for ${ip}`)
      surveys.push([address, lines])
    }
    try {
      const stored = await Promise.all(surveys.map(([address, lines]) => this.#store(store, address, lines)))
      onStored(stored.map(({ survey }) => survey).sort((a, b) => a.address - b.address))
      const refused = stored.reduce((sum, survey) => sum + survey.refused, end < bytes.length ? 1 : 0)
      return refused === 0 ? "Surveys received" : `Surveys received, ${refused} refused`
    } catch (error) {
      if (error instanceof StorageRefused) return REFUSED_TEXT
      throw error
    }
  }

  #refuse(sender: string, reason: string): string {
    this.options.onRefusedText(`plain text from ${sender}: ${reason}`)
    return reason
  }

  async #store(store: Store, address: number, text: string): Promise<{ survey: StoredSurvey; refused: number }> {
    const { site, timeZone, now } = this.options
    const day = dayBefore(now(), timeZone)
    const change = clockChange(day, timeZone)
    const { readings, refused, refusedCount } = parseSurvey(text, change)
    for (const { line, rule } of refused) {
      this.options.onRefusedText(`${site} ${formatAddress(address)} ${day}, line ${line}: ${rule}`)
    }
    const shown = await store.mergeSurvey(site, day, address, readings)
    const times = new Set(readings.map((reading) => elapsedSeconds(reading, change)))
    const listed = shown.filter((reading) => times.has(elapsedSeconds(reading, change)))
    return { survey: { address, readings: listed.map(toStored) }, refused: refusedCount }
  }
}

/** Where a last line that has neither its line end nor its % begins; the length where there is no such line. */
function endOfCompleteLines(bytes: Uint8Array): number {
  const from = bytes.lastIndexOf(NEWLINE) + 1
  const last = Buffer.from(bytes.subarray(from)).toString("latin1").trim()
  return last === "" || last.endsWith("%") ? bytes.length : from
}
