// Gives what is in quarantine to today's rules again: lines and messages as uploads like any other, and surveys that the
// cloud refused as deliveries. What was superseded stays: it would overwrite newer values.
import { decodeText, MessageFormatError } from "../../coap/option"
import { isProtected } from "../../coap/oscore/identity"
import { StorageRefused } from "../../storage/errors"
import { splitAddressedLines } from "../../survey/addressed"
import { type ClockChange, clockChange, type Day } from "../../survey/calendar"
import { parseSurvey } from "../../survey/survey"
import { formatAddress, parseAddress } from "../../topology/address"
import type { Devices } from "../../topology/devices"
import type { Collector } from "../intake/collector"
import type { Sender, Senders } from "../intake/senders"
import { isSenml, readSenml } from "../intake/senml"
import { type Filter, type Quarantined, readQuarantined } from "../quarantine/entries"
import { hostOf } from "../quarantine/quarantine"
import type { Upload } from "../spool/merge"
import type { GatewayStorage } from "../storage"

export interface RetryOptions extends Pick<GatewayStorage, "database" | "commits" | "quarantine" | "spool" | "ledger"> {
  readonly collector: Collector
  /** What the topology says now. */
  readonly declared: { readonly devices: Devices }
  readonly senders: Senders
  readonly timeZone: string
}

/** What became of them, counted as they are listed. */
export interface Retried {
  readonly taken: number
  /** Surveys that are due for the cloud again. */
  readonly due: number
  /** Refused by today's rules too. */
  readonly refused: number
  /** Not given to them: damaged, cut or superseded. */
  readonly left: number
}

/** The uploads that a row becomes, none where it is refused still; `rest` are the lines of it that are. */
interface Attempt {
  readonly uploads: readonly Upload[]
  readonly rest: string
}

const REFUSED: Attempt = { uploads: [], rest: "" }

export class Retry {
  constructor(private readonly options: RetryOptions) {}

  /** Resolves when all is durable. Throws StorageRefused when the disk refuses: what is left stays. */
  async again(filter: Filter): Promise<Retried> {
    const due = await this.#redeliver(filter)
    const counts = { taken: 0, refused: 0, left: 0 }
    // values that are there win, so the newest come first
    for (const rows of readQuarantined(this.options.database.sqlite, filter, "newest first")) {
      for (const outcome of await Promise.all(rows.map((row) => this.#giveAgain(row)))) counts[outcome]++
    }
    return { ...counts, due }
  }

  async #giveAgain(row: Quarantined): Promise<"taken" | "refused" | "left"> {
    const { collector, commits, quarantine } = this.options
    if (row.again === 0 || row.kind === "delivery") return "left"
    const { uploads, rest } = row.kind === "line" ? this.#readLines(row) : this.#readMessage(row)
    if (uploads.length === 0) return "refused"
    for (const outcome of await Promise.all(uploads.map((upload) => collector.take(upload)))) {
      if (outcome.kind === "postponed") throw new StorageRefused(outcome.reason)
    }
    // a crash before this does it all once more, which changes nothing
    await commits.add(() => quarantine.settle(row.id, rest))
    return "taken"
  }

  #readLines(row: Quarantined): Attempt {
    const { address, day } = row
    const { declared, timeZone } = this.options
    if (address === null || !declared.devices.has(address) || !this.#takesDay(day)) return REFUSED
    const change = clockChange(day, timeZone)
    const good: string[] = []
    const bad: string[] = []
    for (const line of (textOf(row) ?? "").split("\n")) (isReading(line, change) ? good : bad).push(line)
    if (good.length === 0) return REFUSED
    return { uploads: [uploadOf(row, address, day, good.join("\n"))], rest: bad.join("\n").trim() }
  }

  #readMessage(row: Quarantined): Attempt {
    const { address, day } = row
    const text = textOf(row)
    if (text !== undefined && address !== null && isSenml(text)) return this.#readSenml(row, address, text)
    if (text === undefined || !this.#takesDay(day)) return REFUSED
    // plain text names its devices itself
    const surveys = address === null ? splitAddressedLines(text) : [[claimOf(row, address), text] as const]
    const uploads: Upload[] = []
    for (const [ip, lines] of surveys) {
      const identified = this.options.senders.identify(senderOf(row), ip)
      if (identified.kind !== "device") return REFUSED
      uploads.push(uploadOf(row, identified.device.address, day, lines))
    }
    return { uploads, rest: "" }
  }

  #readSenml(row: Quarantined, address: number, text: string): Attempt {
    const identified = this.options.senders.identify(senderOf(row), claimOf(row, address))
    const { collector, timeZone } = this.options
    const zoneOf = (day: Day) => collector.zoneOf(day)
    const surveys = readSenml(text, { arrivedAt: row.at, day: undefined, timeZone, zoneOf })
    if (identified.kind !== "device" || typeof surveys === "string") return REFUSED
    const { device } = identified
    const days = [...surveys]
    if (!days.every(([day]) => this.#takesDay(day))) return REFUSED
    return { uploads: days.map(([day, lines]) => uploadOf(row, device.address, day, lines)), rest: "" }
  }

  #takesDay(day: Day | null): day is Day {
    return day !== null && this.options.collector.refuseDay(day) === undefined
  }

  /** Surveys that are in the spool still, whether the quarantine kept them or not. */
  async #redeliver({ kind, ...filter }: Filter): Promise<number> {
    if (kind !== undefined && kind !== "delivery") return 0
    const { spool, ledger } = this.options
    const days = await spool.retryRefused(filter)
    for (const each of new Set(days)) await ledger.confirm(each, false)
    return days.length
  }
}

function senderOf({ peer }: Quarantined): Sender {
  const address = hostOf(peer ?? "")
  return { address, protectedBy: isProtected(peer ?? "") ? parseAddress(address) : undefined }
}

/** Undefined for a stranger that named no device and so spoke for its own address. */
function claimOf({ kind, sender }: Quarantined, address: number): string | undefined {
  const ip = formatAddress(address)
  return kind === "stranger" && ip === sender ? undefined : ip
}

const uploadOf = ({ peer }: Quarantined, address: number, day: Day, text: string): Upload => ({
  address,
  day,
  text,
  peer: peer ?? formatAddress(address),
  yields: true,
})

/** Undefined when it is not UTF-8. */
function textOf({ bytes }: Quarantined): string | undefined {
  try {
    return decodeText(bytes)
  } catch (error) {
    if (!(error instanceof MessageFormatError)) throw error
    return undefined
  }
}

/** A line alone does not tell which pass it is of, in an hour that comes twice. */
function isReading(line: string, change: ClockChange): boolean {
  const [reading] = parseSurvey(line, change).readings
  const { repeated } = change
  return reading !== undefined && !(repeated && reading.seconds >= repeated.from && reading.seconds < repeated.to)
}
