// The gateway's durable surveys: merged as they come, kept until the cloud has them and beyond.
import type { Clock } from "../clock"
import type { DurableDatabase } from "../storage/database"
import type { GroupCommit } from "../storage/group-commit"
import { type ClockChange, clockChange, type Day } from "../survey/calendar"
import { type CanonicalSurvey, readCanonical } from "../survey/canonical"
import { surveyDigest } from "../survey/digest"
import type { Reading } from "../survey/reading"
import { formatSurvey, mergeSurveys, parseSurvey } from "../survey/survey"
import { type AddressRange, formatAddress } from "../topology/address"
import { addressesIn } from "../topology/ranges"
import { Arrivals, type Row } from "./arrivals"
import { LogRoom } from "./log-room"
import { BEFORE_ALL, lastPlaceSql, onDaySql, placeOf } from "./places"
import { Placing } from "./placing"
import { Pruning } from "./pruning"
import type { Quarantine } from "./quarantine"
import { Strays } from "./strays"
import { Zones } from "./zones"

/** One survey as it came. */
export interface Upload {
  readonly address: number
  readonly day: Day
  readonly text: string
  /** The sender's own fingerprint of the text, hex, where it gave one and it was right. */
  readonly digest?: string | undefined
  readonly peer: string
  /** It was in quarantine meanwhile: values that came since win. */
  readonly yields?: boolean
}

export interface Accepted {
  /** The first survey of this device and day. */
  readonly first: boolean
  /** Something that was not there before. */
  readonly changed: boolean
  readonly late: boolean
  /** Good readings in this upload, and lines of it that were refused. */
  readonly readings: number
  readonly refused: number
}

/** A copy of an upload that a newer one has replaced, delayed by the network: it must not win. */
export interface Stray {
  readonly strayForMs: number
}

/** A survey on its way to the cloud. */
export interface Delivery {
  readonly day: Day
  readonly address: number
  readonly revision: number
  readonly digest: string
  readonly body: string
  readonly readings: number
}

const SETTLE = "DELETE FROM due WHERE place = ?1 AND revision = ?2" // a newer one stays

export class Spool {
  readonly #arrivals: Arrivals
  readonly #zones: Zones
  readonly #strays: Strays
  /** How those come to their place that have landed. */
  readonly placing: Placing
  readonly #pruning: Pruning

  constructor(
    private readonly database: DurableDatabase,
    private readonly commits: GroupCommit,
    private readonly quarantine: Quarantine,
    private readonly site: string,
    timeZone: string,
    private readonly clock: Clock,
  ) {
    const logRoom = new LogRoom(database)
    this.#arrivals = new Arrivals(database, logRoom)
    this.#zones = new Zones(database, timeZone)
    this.#strays = new Strays(database, clock)
    this.placing = new Placing(this.#arrivals, commits, logRoom, clock)
    this.#pruning = new Pruning(database, commits, this.#arrivals, this.#strays, this.#zones)
    commits.attach({
      isEnough: () => !logRoom.has(0),
      beforeCommit: () => {
        this.placing.placeFew()
        logRoom.reset()
      },
      rolledBack: () => {
        logRoom.reset()
        this.#arrivals.forget()
        this.#zones.forget()
      },
    })
  }

  /**
   * Merges an upload into what is known and resolves once that is durable.
   * @param isClosed whether the collection of its day had been closed when it came
   * @throws StorageRefused when the disk refuses: nothing was changed
   */
  accept(upload: Upload, isClosed: boolean): Promise<Accepted | Stray> {
    const change = clockChange(upload.day, this.#zones.of(upload.day))
    const survey = readCanonical(upload.text, change)
    return this.commits.add(() => this.#merge(upload, survey, change, isClosed))
  }

  /** Hands what waits to the next commit. May be called twice. */
  stop(): void {
    this.#pruning.stop()
    this.placing.stop()
  }

  #merge(upload: Upload, survey: CanonicalSurvey, change: ClockChange, isClosed: boolean): Accepted | Stray {
    const { address, day, text } = upload
    const { body, readings } = survey
    const refused = survey.refusedCount
    const stored = this.#arrivals.find(day, address)
    if (!stored) {
      const digest = this.#digestOf(day, address, body)
      const lastUpload = body === text ? null : uploadDigest(upload)
      const [revision, late] = [this.clock.now(), isClosed ? 1 : 0]
      this.#zones.keep(day)
      this.#arrivals.append({ day, address, revision, body, readings, digest, upload: lastUpload, late })
      if (refused > 0) this.#quarantineLines(upload, survey)
      return { first: true, changed: true, late: isClosed, readings, refused }
    }
    const known = { first: false, late: stored.late === 1, readings, refused }
    const digest = uploadDigest(upload)
    const storedUpload = stored.upload ?? uploadDigest({ address, day, text: stored.body })
    if (storedUpload === digest) return { ...known, changed: false }
    const here = parseSurvey(body, change).readings
    const there = parseSurvey(stored.body, change).readings
    const [older, newer] = upload.yields ? [here, there] : [there, here]
    const merged = mergeSurveys(older, newer, change)
    const mergedBody = formatSurvey(merged.readings)
    // a copy that would change nothing is safe to acknowledge: a sensor that sends a reading a datagram may repeat one
    const strayForMs = mergedBody === stored.body || upload.yields ? 0 : this.#strays.strayForMs(address, day, digest)
    if (strayForMs > 0) return { strayForMs }

    this.#quarantineLines(upload, survey)
    if (!upload.yields) this.#strays.remember(address, day, storedUpload)
    this.#quarantineReadings(upload, merged.superseded)
    const latest = upload.yields ? storedUpload : digest
    if (mergedBody === stored.body) {
      this.#arrivals.update(stored, { ...stored, upload: latest })
      return { ...known, changed: false }
    }
    this.#arrivals.update(stored, this.#revised(stored, mergedBody, merged.readings.length, latest))
    return { ...known, changed: true }
  }

  #revised(stored: Row, body: string, readings: number, upload: string): Row {
    const { day, address } = stored
    // rises also when the clock was set back (DESIGN.md §6.2)
    const revision = Math.max(stored.revision + 1, this.clock.now())
    const arrivedAt = stored.arrivedAt ?? stored.revision
    return { ...stored, revision, body, readings, digest: this.#digestOf(day, address, body), upload, arrivedAt }
  }

  #digestOf(day: Day, address: number, body: string): string {
    return surveyDigest(`${this.site}/${formatAddress(address)}`, day, body)
  }

  #quarantineLines({ address, day, peer }: Upload, { refused, refusedCount }: CanonicalSurvey): void {
    for (const { line, rule, text } of refused) {
      const reason = `line ${line}: ${rule}`
      this.quarantine.add(this.clock.now(), { kind: "line", reason, bytes: text, peer, address, day })
    }
    const more = refusedCount - refused.length
    if (more === 0) return
    const reason = more === 1 ? "1 more line" : `${more} more lines`
    this.quarantine.add(this.clock.now(), { kind: "line", reason, bytes: "", peer, address, day, forGood: true })
  }

  #quarantineReadings({ address, day, peer, yields }: Upload, superseded: readonly Reading[]): void {
    if (superseded.length === 0) return
    const reason = yields ? "Other values came before these" : "A newer upload gave other values for these times"
    const bytes = formatSurvey(superseded)
    this.quarantine.add(this.clock.now(), { kind: "reading", reason, bytes, peer, address, day })
  }

  /** Up to `limit` surveys of these days and before that the cloud still has to get, by day and address. */
  due(upTo: Day, limit: number, after?: Delivery): Delivery[] {
    return this.#surveys<Delivery>(
      `SELECT day, address, surveys.revision, lower(hex(digest)) AS digest, body, readings
       FROM due CROSS JOIN surveys USING (place)
       WHERE place > ?2 AND place <= ${lastPlaceSql("?1")} ORDER BY place LIMIT ?3`,
    ).all(upTo, after ? placeOf(after.day, after.address) : BEFORE_ALL, limit)
  }

  /** The time zone of a day that was measured in another one than the topology's. */
  formerZone(day: Day): string | undefined {
    return this.#zones.former(day)
  }

  /** The cloud acknowledged these revisions. A newer one that came meanwhile stays due. */
  markDelivered(deliveries: readonly Delivery[]): Promise<void> {
    return this.commits.add(() => {
      const settle = this.#query(SETTLE)
      for (const { day, address, revision } of deliveries) settle.run(placeOf(day, address), revision)
    })
  }

  /** The cloud refused this revision for good: it goes to quarantine and blocks nobody. */
  markRefused(delivery: Delivery, reason: string): Promise<void> {
    const { day, address, revision, body } = delivery
    return this.commits.add(() => {
      const place = placeOf(day, address)
      this.#query(SETTLE).run(place, revision)
      this.#query("UPDATE surveys SET refused = 1 WHERE place = ?1 AND revision = ?2").run(place, revision)
      this.quarantine.add(this.clock.now(), { kind: "delivery", reason, bytes: body, address, day })
    })
  }

  /** Everything of this day is due again: the cloud's store differs. */
  redeliver(day: Day): Promise<void> {
    return this.commits.add(() => {
      const all = `SELECT place, revision FROM surveys WHERE ${onDaySql("?1")} AND refused = 0`
      this.#query(`INSERT OR REPLACE INTO due ${all}`).run(day)
    })
  }

  has(day: Day, address: number): boolean {
    return this.#arrivals.hasOnce(day, address)
  }

  /** Addresses with a survey of this day, rising; `late` narrows it to those in time or late. */
  *arrived(day: Day, late?: boolean): Generator<number> {
    const rows = this.#surveys<{ address: number }>(
      `SELECT address FROM surveys WHERE ${onDaySql("?1")} AND (?2 IS NULL OR late = ?2) ORDER BY place`,
    )
    for (const { address } of rows.iterate(day, late === undefined ? null : late ? 1 : 0)) yield address
  }

  /** Of these rising addresses those without a survey of this day. */
  missing(day: Day, expected: readonly AddressRange[]): number[] {
    const missing: number[] = []
    for (const address of addressesIn(expected)) if (!this.#arrivals.has(day, address)) missing.push(address)
    return missing
  }

  /** Digests of what the cloud should hold of this day, in address order. */
  *digests(day: Day): Generator<string> {
    const rows = this.#surveys<{ digest: string }>(
      `SELECT lower(hex(digest)) AS digest FROM surveys WHERE ${onDaySql("?1")} AND refused = 0 ORDER BY place`,
    )
    for (const { digest } of rows.iterate(day)) yield digest
  }

  /** Readings of this day, all devices together. */
  readings(day: Day): number {
    const sum = `SELECT coalesce(sum(readings), 0) AS readings FROM surveys WHERE ${onDaySql("?1")}`
    return this.#surveys<{ readings: number }>(sum).get(day)?.readings ?? 0
  }

  /** Deletes delivered surveys of days before this one, and strays' digests; resolves once that is durable. */
  prune(before: Day): Promise<void> {
    return this.#pruning.prune(before)
  }

  /** Whether something of this day can be deleted. */
  canPrune(day: Day): boolean {
    return this.#pruning.canPrune(day)
  }

  /** For whoever reads the surveys in order: all are in their place. */
  #surveys<Result = unknown>(sql: string) {
    this.placing.placeAll()
    return this.#query<Result>(sql)
  }

  #query<Result = unknown>(sql: string) {
    return this.database.sqlite.query<Result, (string | number | null)[]>(sql)
  }
}

const uploadDigest = ({ address, day, text, digest }: Pick<Upload, "address" | "day" | "text" | "digest">): string =>
  digest ?? surveyDigest(formatAddress(address), day, text)
