// The gateway's durable surveys: merged as they come, kept until the cloud has them and beyond.
import { EXCHANGE_LIFETIME_MS } from "../coap/resource"
import type { DurableDatabase } from "../storage/database"
import type { GroupCommit } from "../storage/group-commit"
import { type ClockChange, clockChange, type Day } from "../survey/calendar"
import { surveyDigest } from "../survey/digest"
import { formatSurvey, mergeSurveys, parseSurvey, type Survey } from "../survey/survey"
import { type AddressRange, formatAddress } from "../topology/address"
import { addressesIn } from "../topology/ranges"
import type { Quarantine } from "./quarantine"

/** One survey as it came. */
export interface Upload {
  readonly address: number
  readonly day: Day
  readonly text: string
  /** The sender's fingerprint of the text, hex. */
  readonly digest: string
  readonly peer: string
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

const QUARANTINED_LINES = 100 // one by one; the rest of an upload together

interface Stored {
  revision: number
  body: string
  upload: string
  late: number
}

export class Spool {
  constructor(
    private readonly database: DurableDatabase,
    private readonly commits: GroupCommit,
    private readonly quarantine: Quarantine,
    private readonly site: string,
    private readonly timeZone: string,
    private readonly now: () => number,
  ) {}

  /**
   * Merges an upload into what is known and resolves once that is durable.
   * @param isClosed whether the collection of its day had been closed when it came
   * @throws StorageRefused when the disk refuses: nothing was changed
   */
  accept(upload: Upload, isClosed: boolean): Promise<Accepted | Stray> {
    const change = clockChange(upload.day, this.timeZone)
    const survey = parseSurvey(upload.text, change)
    return this.commits.add(() => this.#merge(upload, survey, change, isClosed))
  }

  #merge(upload: Upload, survey: Survey, change: ClockChange, isClosed: boolean): Accepted | Stray {
    const { address, day, digest } = upload
    const counts = { readings: survey.readings.length, refused: survey.refused.length }
    const stored = this.#find(day, address)
    if (!stored) {
      this.#write(upload, formatSurvey(survey.readings), survey.readings.length, 0, isClosed)
      this.#quarantineLines(upload, survey)
      return { first: true, changed: true, late: isClosed, ...counts }
    }
    const known = { first: false, late: stored.late === 1, ...counts }
    if (stored.upload === digest) return { ...known, changed: false }
    const { readings, superseded } = mergeSurveys(parseSurvey(stored.body, change).readings, survey.readings, change)
    const body = formatSurvey(readings)
    // a copy that would change nothing is safe to acknowledge: a sensor that sends a reading a datagram may repeat one
    const strayForMs = body === stored.body ? 0 : this.#strayForMs(address, day, digest)
    if (strayForMs > 0) return { strayForMs }

    this.#quarantineLines(upload, survey)
    this.#remember(address, day, stored.upload)
    if (superseded.length > 0) {
      const reason = "A newer upload gave other values for these times"
      this.quarantine.add(this.now(), { kind: "reading", reason, bytes: formatSurvey(superseded), address, day })
    }
    if (body === stored.body) {
      this.#query("UPDATE surveys SET upload = ?1 WHERE day = ?2 AND address = ?3").run(digest, day, address)
      return { ...known, changed: false }
    }
    this.#write(upload, body, readings.length, stored.revision, stored.late === 1)
    return { ...known, changed: true }
  }

  #write(upload: Upload, body: string, readings: number, lastRevision: number, late: boolean): void {
    const { address, day, digest: uploadDigest } = upload
    const now = this.now()
    // rises also when the clock was set back (DESIGN.md §6.2)
    const revision = Math.max(lastRevision + 1, now)
    const digest = surveyDigest(`${this.site}/${formatAddress(address)}`, day, body)
    this.#query(
      `INSERT INTO surveys (day, address, revision, body, readings, digest, upload, arrived_at, late)
       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
       ON CONFLICT DO UPDATE SET
         revision = excluded.revision, body = excluded.body, readings = excluded.readings,
         digest = excluded.digest, upload = excluded.upload`,
    ).run(day, address, revision, body, readings, digest, uploadDigest, now, late ? 1 : 0)
  }

  #quarantineLines({ address, day, peer }: Upload, { refused }: Survey): void {
    for (const { line, rule, text } of refused.slice(0, QUARANTINED_LINES)) {
      const reason = `line ${line}: ${rule}`
      this.quarantine.add(this.now(), { kind: "line", reason, bytes: text, peer, address, day })
    }
    const rest = refused.slice(QUARANTINED_LINES)
    if (rest.length === 0) return
    const reason = `${rest.length} more lines, from line ${rest[0]?.line} on`
    const bytes = rest.map(({ text }) => text).join("\n")
    this.quarantine.add(this.now(), { kind: "line", reason, bytes, peer, address, day })
  }

  #remember(address: number, day: Day, digest: string): void {
    const now = this.now()
    this.#query("DELETE FROM replaced WHERE address = ?1 AND replaced_at < ?2").run(address, now - EXCHANGE_LIFETIME_MS)
    this.#query("INSERT OR REPLACE INTO replaced VALUES (?1, ?2, ?3, ?4)").run(address, day, digest, now)
  }

  #strayForMs(address: number, day: Day, digest: string): number {
    const row = this.#query<{ replaced_at: number }>(
      "SELECT replaced_at FROM replaced WHERE address = ?1 AND day = ?2 AND digest = ?3",
    ).get(address, day, digest)
    const ageMs = row ? this.now() - row.replaced_at : EXCHANGE_LIFETIME_MS
    // a clock that was set back must not make a stray of everything
    return ageMs < 0 ? 0 : EXCHANGE_LIFETIME_MS - ageMs
  }

  /** Up to `limit` surveys of these days and before that the cloud still has to get, by day and address. */
  due(upTo: Day, limit: number, after?: Delivery): Delivery[] {
    return this.#query<Delivery>(
      `SELECT day, address, revision, digest, body, readings FROM surveys INDEXED BY due
       WHERE delivered < revision AND refused < revision AND day <= ?1 AND (day, address) > (?2, ?3)
       ORDER BY day, address LIMIT ?4`,
    ).all(upTo, after?.day ?? "", after?.address ?? -1, limit)
  }

  /** The cloud acknowledged these revisions. A newer one that came meanwhile stays due. */
  markDelivered(deliveries: readonly Delivery[]): Promise<void> {
    return this.commits.add(() => {
      const mark = this.#query(
        "UPDATE surveys SET delivered = max(delivered, ?1), delivered_at = ?2 WHERE day = ?3 AND address = ?4",
      )
      for (const { revision, day, address } of deliveries) mark.run(revision, this.now(), day, address)
    })
  }

  /** The cloud refused this revision for good: it goes to quarantine and blocks nobody. */
  markRefused({ revision, day, address, body }: Delivery, reason: string): Promise<void> {
    return this.commits.add(() => {
      this.#query("UPDATE surveys SET refused = ?1 WHERE day = ?2 AND address = ?3").run(revision, day, address)
      this.quarantine.add(this.now(), { kind: "delivery", reason, bytes: body, address, day })
    })
  }

  /** Everything of this day is due again: the cloud's store differs. */
  redeliver(day: Day): Promise<void> {
    return this.commits.add(() => {
      this.#query("UPDATE surveys SET delivered = 0 WHERE day = ?1").run(day)
    })
  }

  has(day: Day, address: number): boolean {
    return this.#query("SELECT 1 FROM surveys WHERE day = ?1 AND address = ?2").get(day, address) !== null
  }

  /** Addresses with a survey of this day, rising; `late` narrows it to those in time or late. */
  arrived(day: Day, late?: boolean): number[] {
    const rows = this.#query<{ address: number }>(
      "SELECT address FROM surveys WHERE day = ?1 AND (?2 IS NULL OR late = ?2) ORDER BY address",
    ).all(day, late === undefined ? null : late ? 1 : 0)
    return rows.map(({ address }) => address)
  }

  /** Of these rising addresses those without a survey of this day. */
  missing(day: Day, expected: readonly AddressRange[]): number[] {
    const arrived = new Set(this.arrived(day))
    const missing: number[] = []
    for (const address of addressesIn(expected)) if (!arrived.has(address)) missing.push(address)
    return missing
  }

  /** Digests of what the cloud should hold of this day, in address order. */
  digests(day: Day): string[] {
    const rows = this.#query<{ digest: string }>(
      "SELECT digest FROM surveys WHERE day = ?1 AND refused < revision ORDER BY address",
    ).all(day)
    return rows.map(({ digest }) => digest)
  }

  /** Readings of this day, all devices together. */
  readings(day: Day): number {
    return (
      this.#query<{ sum: number | null }>("SELECT sum(readings) AS sum FROM surveys WHERE day = ?1").get(day)?.sum ?? 0
    )
  }

  /** Deletes delivered surveys of days before this one, and strays' digests; within the caller's transaction. */
  prune(before: Day): void {
    this.#query("DELETE FROM replaced WHERE replaced_at < ?1").run(this.now() - EXCHANGE_LIFETIME_MS)
    this.#query("DELETE FROM surveys WHERE day < ?1 AND (delivered >= revision OR refused >= revision)").run(before)
  }

  #find(day: Day, address: number): Stored | null {
    return this.#query<Stored>("SELECT revision, body, upload, late FROM surveys WHERE day = ?1 AND address = ?2").get(
      day,
      address,
    )
  }

  #query<Row>(sql: string) {
    return this.database.sqlite.query<Row, (string | number | null)[]>(sql)
  }
}
