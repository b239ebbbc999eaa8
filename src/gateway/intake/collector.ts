// Takes uploads into the spool, keeps the collection's count of who is still missing, and says what is owed.
import { REFUSED_RETRY_SECONDS, REFUSED_TEXT, StorageRefused } from "../../storage/errors"
import { addDays, type Day, dayBefore, dayOf } from "../../survey/calendar"
import { type AddressRange, rangesOf } from "../../topology/address"
import { covers, joinRanges, sizeOf, without } from "../../topology/ranges"
import type { GatewayEvent } from "../events"
import type { Ledger } from "../ledger/ledger"
import type { Refusal } from "../quarantine/quarantine"
import type { RefusedMessages } from "../quarantine/refused-messages"
import type { Accepted, Stray, Upload } from "../spool/merge"
import type { Absence } from "../spool/notes/absences"
import type { Spool } from "../spool/spool"
import type { Postponed, Room } from "./room"

/** What became of an upload, and what its sender is told. */
export type Outcome = Taken | Postponed

export interface Taken {
  readonly kind: "taken"
  readonly answer: string
  /** The first survey of this device and day. */
  readonly first: boolean
  /** It brought something that was not there before. */
  readonly changed: boolean
  /** Good readings in it, and lines of it that were refused. */
  readonly readings: number
  readonly refused: number
}

/** Why a day's readings are not taken; later, where it says when. */
export interface DayRefusal {
  readonly reason: string
  readonly retryAfterSeconds?: number
}

/** A collection under way. Whom it expects is what the ledger says of its day: by that its run, `status` and the cloud count. */
export interface OpenCollection {
  readonly day: Day
  /** Resolves when every expected device has arrived. */
  readonly complete: Promise<void>
  /** How many devices are expected now. */
  expected(): number
  /** Expected devices that have not arrived, rising. */
  missing(): number[]
}

/** One whose run is not over. */
interface Run {
  readonly day: Day
  /** Who may be expected: who was so at its opening, and has not been dropped. */
  opened: readonly AddressRange[]
  outstanding: number
  readonly complete: () => void
  /** What comes goes with its delivery, and is not late. */
  isWaiting: boolean
}

export interface CollectorOptions {
  readonly spool: Spool
  readonly ledger: Ledger
  readonly refusals: RefusedMessages
  readonly room?: Pick<Room, "claim" | "release">
  readonly timeZone: string
  readonly retentionDays: number
  readonly now: () => number
  /** Whether that is a time that it cannot be. */
  readonly isClockWrong?: () => boolean
  /** Something new has come for a day whose collection is closed. */
  readonly onLate?: (upload: Upload) => void
  readonly emit: (event: GatewayEvent) => void
}

/** What a sender is told of whose survey every line was taken. */
export const ARRIVED = "Surveys arrived"

/**
 * A sender that meant to say more must hear it: libcoap sends nothing of a text in which a bare % stands. The word comes
 * first, because an answer is cut to its request's length.
 */
const ARRIVED_EMPTY = "Empty survey arrived"

/** What was refused comes first, because nobody reads beyond a word that all is well. */
export function answerOf(readings: number, refused: number): string {
  if (refused > 0) return `${refused} refused, ${readings} stored`
  return readings > 0 ? ARRIVED : ARRIVED_EMPTY
}

const CLOCK_RETRY_SECONDS = 60

export class Collector {
  /** Since the start. */
  readonly counts = { uploads: 0, changed: 0, refusedLines: 0, refusedMessages: 0 }
  #run: Run | undefined
  /** The days that are taken in this second: no zone's day changes within one. */
  #accepted = { second: Number.NaN, first: "", last: "" }

  constructor(private readonly options: CollectorOptions) {}

  /** Why this day's readings are not taken: a clock without a battery must not file readings in 1970. */
  refuseDay(day: Day): DayRefusal | undefined {
    const { ledger, now, isClockWrong, timeZone, retentionDays } = this.options
    const retryAfterSeconds = CLOCK_RETRY_SECONDS
    if (isClockWrong?.()) return { reason: "The gateway's clock is not set", retryAfterSeconds }
    const second = Math.floor(now() / 1000)
    if (second !== this.#accepted.second) {
      const today = dayOf(second * 1000, timeZone)
      this.#accepted = { second, first: addDays(today, -retentionDays), last: addDays(today, 1) }
    }
    // that day will come, and one of the two clocks may be wrong until somebody sets it
    if (day > this.#accepted.last) return { reason: `${day} is after tomorrow`, retryAfterSeconds }
    if (day < this.#accepted.first) return { reason: `${day} is too long ago` }
    // of such a day an upload would be a part, and take the place of the whole at the cloud
    if (day <= (ledger.releasedUpTo ?? "")) return { reason: `${day} is too long ago: it made room for newer days` }
    return undefined
  }

  /** Whether this day's collection is yet to come, or under way: what there is of it before may be a part. */
  isToBeCollected(day: Day): boolean {
    const { ledger, now, timeZone } = this.options
    const last = ledger.lastRunDay
    if (last === undefined) return day >= dayBefore(now(), timeZone)
    return day > last || ledger.get(day)?.closed === false
  }

  /** The zone in which a day is measured, or is to be: by no other may times have been placed that `take()` is given. */
  zoneOf(day: Day): string {
    return this.options.spool.zoneOf(day)
  }

  /** Resolves once the upload is durable, or refused for now. */
  async take(upload: Upload): Promise<Outcome> {
    const { spool, ledger, room } = this.options
    const claim = room?.claim(upload.text) ?? 0
    if (typeof claim === "object") return claim
    const isClosed = ledger.get(upload.day)?.closed ?? false
    try {
      return this.#taken(upload, await spool.accept(upload, isClosed))
    } catch (error) {
      return this.#refused(error)
    } finally {
      room?.release(claim)
    }
  }

  #taken(upload: Upload, outcome: Accepted | Stray): Outcome {
    if (outcome.kind === "stray") {
      const retryAfterSeconds = outcome.strayForMs / 1000
      return { kind: "postponed", reason: "A newer survey has replaced this one", retryAfterSeconds }
    }
    const { first, changed, readings, refused, repeated } = outcome
    this.counts.uploads++
    if (!repeated) this.counts.refusedLines += refused
    if (changed) this.counts.changed++
    if (first) this.#arrived(upload)
    if (changed && this.#isClosed(upload.day)) this.options.onLate?.(upload)
    return { kind: "taken", answer: answerOf(readings, refused), first, changed, readings, refused }
  }

  #refused(error: unknown): Outcome {
    if (!(error instanceof StorageRefused)) throw error
    this.options.emit({ kind: "uploads-refused", error })
    return { kind: "postponed", reason: REFUSED_TEXT, retryAfterSeconds: REFUSED_RETRY_SECONDS }
  }

  /** Counts a message that cannot be used, and keeps it with the reason. */
  refuseMessage(refusal: Refusal): void {
    this.counts.refusedMessages++
    this.options.refusals.note(refusal)
  }

  /** Days that this device was expected on and has not reported, or not whole, and that can be taken, oldest first. */
  owed(address: number): Day[] {
    const { ledger, spool } = this.options
    const isOwed = (day: Day) => !spool.has(day, address) || spool.isWantedAgain(day, address)
    return ledger.expectedOf(address).filter((day) => !this.refuseDay(day) && isOwed(day))
  }

  has(day: Day, address: number): boolean {
    return this.options.spool.has(day, address)
  }

  /** Keeps why a device's survey does not come, of a day that is taken. Resolves once durable, or with false when refused. */
  noteAbsence(day: Day, address: number, kind: Absence, reason: string): Promise<boolean> {
    return this.#note(day, () => this.options.spool.noteAbsence(day, address, kind, reason))
  }

  /** No more of this survey will come than is here. Resolves once durable, or with false when refused. */
  noteWhole(day: Day, address: number): Promise<boolean> {
    return this.#note(day, () => this.options.spool.noteWhole(day, address))
  }

  async #note(day: Day, note: () => Promise<void>): Promise<boolean> {
    if (this.refuseDay(day)) return true
    try {
      await note()
      return true
    } catch (error) {
      if (!(error instanceof StorageRefused)) throw error
      this.options.emit({ kind: "uploads-refused", error })
      return false
    }
  }

  /** Opens a day's collection; one is open at a time. */
  async open(day: Day, scheduledAt: number, expected: readonly AddressRange[]): Promise<OpenCollection> {
    const { promise, resolve } = Promise.withResolvers<void>()
    await this.options.ledger.open(day, scheduledAt, expected)
    this.#run = { day, opened: joinRanges(expected), outstanding: 0, complete: resolve, isWaiting: true }
    this.#count(this.#run)
    const opened = { day, complete: promise }
    return { ...opened, expected: () => sizeOf(this.#expected(day)), missing: () => this.#missing(day) }
  }

  /** Ends the waiting: what comes now is late. */
  async close(day: Day): Promise<void> {
    await this.options.ledger.close(day)
    if (this.#run) this.#run.isWaiting = false
  }

  /** The run is over: whom its collection expects now it expects for good. */
  end(): void {
    this.#run = undefined
  }

  /**
   * These are declared now and not paused. Whoever is not, and has not arrived, is not expected by the run under way; whoever
   * was not at its opening is expected from the next one on. Resolves once durable.
   */
  async declare(active: readonly AddressRange[]): Promise<void> {
    const { ledger, spool } = this.options
    const run = this.#run
    // what the cloud has agreed upon it was told with those that are missing
    if (!run || ledger.get(run.day)?.confirmed) return
    const gone = without(run.opened, joinRanges(active))
    const isExpected = ledger.expect(run.day, without(run.opened, rangesOf(spool.missing(run.day, gone))))
    this.#count(run)
    await isExpected
  }

  /** These addresses are not expected on this day any more. Resolves once durable. */
  async excuse(day: Day, addresses: AddressRange): Promise<void> {
    const run = this.#run?.day === day ? this.#run : undefined
    if (run) run.opened = without(run.opened, [addresses])
    const isExcused = this.options.ledger.excuse(day, addresses)
    if (run) this.#count(run)
    await isExcused
  }

  #expected(day: Day): readonly AddressRange[] {
    return this.options.ledger.get(day)?.expected ?? []
  }

  #missing(day: Day): number[] {
    return this.options.spool.missing(day, this.#expected(day))
  }

  #count(run: Run): void {
    run.outstanding = this.#missing(run.day).length
    if (run.outstanding === 0) run.complete()
  }

  /** Whether something for this day may go to the cloud at once. */
  #isClosed(day: Day): boolean {
    const { ledger } = this.options
    // what comes during a collection goes with it
    return !this.#run?.isWaiting && (ledger.lastClosedDay ?? "") >= day
  }

  #arrived({ day, address }: Upload): void {
    const run = this.#run
    if (run?.day !== day || !covers(this.#expected(day), address)) return
    run.outstanding--
    // one that was committed together with the opening has been counted twice: only the spool knows for certain
    if (run.outstanding <= 0) this.#count(run)
  }
}
