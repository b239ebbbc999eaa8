// The cloud's durable surveys: a row a device and day, replaced only by a higher revision, and what was added to it.
import type { DurableDatabase } from "../storage/database"
import type { GroupCommit } from "../storage/group-commit"
import { type ClockChange, clockChange, type Day } from "../survey/calendar"
import { countedDigest } from "../survey/digest"
import type { Reading } from "../survey/reading"
import { type CanonicalText, formatSurvey, mergeSurveys } from "../survey/survey"
import type { AddressRange } from "../topology/address"
import { Added, type DeviceDay } from "./added"
import { fromJson, type StoredReading, toJson } from "./stored"

export interface StoredSurvey {
  readonly address: number
  readonly readings: readonly StoredReading[]
}

export interface SiteInfo {
  readonly timeZone: string
  /** `ip` may be a range. */
  readonly devices: readonly { readonly ip: string; readonly name?: string | undefined }[]
}

export interface NewSurvey {
  readonly day: Day
  readonly address: number
  /** Without it the survey is newer than whatever is there. */
  readonly revision?: number
  readonly digest: string
  readonly body: CanonicalText
}

export interface Agreement {
  readonly surveys: number
  readonly digest: string
}

/** A gateway's account of a day. */
export interface Closing {
  readonly claimed: Agreement
  /** Whose surveys are counted. */
  readonly addresses: readonly AddressRange[]
  readonly summary: string
  /** Whether the day is to be listed on the console, now or after a restart. */
  readonly toList: boolean
}

interface Site {
  readonly id: number
  readonly info: SiteInfo
}

interface Row {
  readonly revision: number | null
  readonly readings: string
  readonly merged: string | null
}

const PAGE = 1000
const NOTHING = "[]" // no readings, as JSON

const EVERY_ADDRESS: AddressRange = { first: 0, last: 0xffff_ffff }

export class Store {
  readonly #sites = new Map<string, Site>()
  readonly #added: Added
  /** Days, by site, on which no agreement is to be forgotten any more: a fleet's day would ask a million times. */
  readonly #forgotten = new Map<number, Set<Day>>()
  readonly #insert // held here: Bun itself keeps only twenty statements

  constructor(
    private readonly database: DurableDatabase,
    private readonly commits: GroupCommit,
    private readonly now: () => number,
  ) {
    this.#added = new Added(database.sqlite)
    commits.attach({ rolledBack: () => this.#forgotten.clear() })
    this.#insert = this.#query(
      "INSERT INTO surveys (site, day, address, revision, digest, readings) VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",
    )
    const rows = this.#query<{ id: number; site: string; time_zone: string; devices: string }>("SELECT * FROM sites")
    for (const { id, site, time_zone, devices } of rows.all()) {
      this.#sites.set(site, { id, info: { timeZone: time_zone, devices: JSON.parse(devices) } })
    }
  }

  /** A site as it last described itself; undefined before it did. */
  siteInfo(site: string): SiteInfo | undefined {
    return this.#sites.get(site)?.info
  }

  async putSite(site: string, info: SiteInfo): Promise<void> {
    const row = await this.commits.add(() =>
      this.#query<{ id: number }>(
        `INSERT INTO sites (site, time_zone, devices) VALUES (?1, ?2, ?3)
         ON CONFLICT DO UPDATE SET time_zone = excluded.time_zone, devices = excluded.devices RETURNING id`,
      ).get(site, info.timeZone, JSON.stringify(info.devices)),
    )
    if (row) this.#sites.set(site, { id: row.id, info })
  }

  /** What the gateway delivers. Resolves once durable: "new", "changed", or "known" when the row is at least as new. */
  putSurvey(site: string, survey: NewSurvey): Promise<"new" | "changed" | "known"> {
    const { day, address, digest, body } = survey
    const { id: siteId, info } = this.#known(site)
    const of = { siteId, day, address }
    const json = toJson(body)
    return this.commits.add(() => {
      const first = survey.revision ?? this.now()
      if (this.#insert.run(siteId, day, address, first, digest, json).changes === 1) {
        this.#forgetAgreement(siteId, day)
        return "new"
      }
      const stored = this.#find(of)
      const last = stored?.revision ?? undefined
      const revision = survey.revision ?? Math.max((last ?? 0) + 1, this.now())
      if (last !== undefined && last >= revision) return "known"
      const hasAdded = stored !== null && stored.merged !== null
      const merged = hasAdded ? this.#merge(of, json, clockChange(day, info.timeZone)) : null
      this.#query(
        `INSERT OR REPLACE INTO surveys (site, day, address, revision, digest, readings, merged)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)`,
      ).run(siteId, day, address, revision, digest, json, merged && toJson(formatSurvey(merged)))
      this.#forgetAgreement(siteId, day)
      return last === undefined ? "new" : "changed"
    })
  }

  /**
   * Keeps readings beside what the gateway delivers, whose values count where both have the same time; what is agreed
   * with it stays as it is. Resolves, once durable, with all that is shown of that device and day.
   */
  mergeSurvey(site: string, day: Day, address: number, readings: readonly Reading[]): Promise<Reading[]> {
    const { id: siteId, info } = this.#known(site)
    const of = { siteId, day, address }
    const change = clockChange(day, info.timeZone)
    return this.commits.add(() => {
      this.#added.put(of, readings, this.now())
      const merged = this.#merge(of, this.#find(of)?.readings ?? NOTHING, change)
      this.#query(
        `INSERT INTO surveys (site, day, address, readings, merged) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT DO UPDATE SET merged = excluded.merged`,
      ).run(siteId, day, address, NOTHING, toJson(formatSurvey(merged)))
      return merged
    })
  }

  /**
   * Records a collection if the store agrees with it: what was delivered of its addresses has that count and digest.
   * Resolves, once durable, with what the store has.
   */
  closeCollection(site: string, day: Day, closing: Closing): Promise<Agreement> {
    const id = this.#siteId(site)
    const { claimed, addresses, summary, toList } = closing
    const agrees = ({ surveys, digest }: Agreement) => surveys === claimed.surveys && digest === claimed.digest
    return this.commits.add(() => {
      const last = this.#lastAgreement(id, day)
      const ours = last && agrees(last) ? last : this.#agreementOf(id, day, addresses)
      if (!agrees(ours)) return ours
      this.#forgotten.get(id)?.delete(day)
      this.#query(
        `INSERT INTO collections (site, day, surveys, digest, summary, listed) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT DO UPDATE SET surveys = excluded.surveys, digest = excluded.digest, summary = excluded.summary,
           listed = min(listed, excluded.listed)`,
      ).run(id, day, ours.surveys, ours.digest, summary, toList ? 0 : 1)
      return ours
    })
  }

  async markListed(site: string, day: Day): Promise<void> {
    await this.commits.add(() => {
      this.#query("UPDATE collections SET listed = 1 WHERE site = ?1 AND day = ?2").run(this.#siteId(site), day)
    })
  }

  /** Collections that were closed and whose listing was not finished. */
  unlisted(): { site: string; day: Day }[] {
    return this.#query<{ site: string; day: Day }>(
      "SELECT sites.site, day FROM collections JOIN sites ON sites.id = collections.site WHERE listed = 0 ORDER BY day",
    ).all()
  }

  /**
   * A day's surveys in address order, read in pages so that a fleet's day is never in memory whole.
   * @param ranges only addresses within these, which rise
   */
  *surveys(site: string, day: Day, ranges: readonly AddressRange[] = [EVERY_ADDRESS]): Generator<StoredSurvey> {
    const page = this.#query<{ address: number; readings: string }>(
      `SELECT address, coalesce(merged, readings) AS readings FROM surveys
       WHERE site = ?1 AND day = ?2 AND address BETWEEN ?3 AND ?4 ORDER BY address LIMIT ?5`,
    )
    for (const { first, last } of ranges) {
      for (let next = first; next <= last; ) {
        const rows = page.all(this.#siteId(site), day, next, last, PAGE)
        for (const { address, readings } of rows) yield { address, readings: JSON.parse(readings) }
        next = rows.length < PAGE ? last + 1 : (rows.at(-1)?.address ?? last) + 1
      }
    }
  }

  /** What was agreed last, if nothing came since. */
  #lastAgreement(siteId: number, day: Day): Agreement | null {
    return this.#query<Agreement>(
      "SELECT surveys, digest FROM collections WHERE site = ?1 AND day = ?2 AND digest IS NOT NULL",
    ).get(siteId, day)
  }

  /** Count and common digest of what the gateway delivered of a day for these addresses. */
  #agreementOf(siteId: number, day: Day, addresses: readonly AddressRange[]): Agreement {
    return countedDigest(this.#digests(siteId, day, addresses))
  }

  /** In address order, one after the other: a fleet's are never in memory together. */
  *#digests(siteId: number, day: Day, addresses: readonly AddressRange[]): Generator<string> {
    const rising = addresses.toSorted((a, b) => a.first - b.first)[Symbol.iterator]()
    let range = rising.next().value
    const rows = this.#query<{ address: number; digest: string }>(
      "SELECT address, digest FROM surveys WHERE site = ?1 AND day = ?2 AND digest IS NOT NULL ORDER BY address",
    )
    for (const { address, digest } of rows.iterate(siteId, day)) {
      while (range && range.last < address) range = rising.next().value
      if (range && range.first <= address) yield digest
    }
  }

  #find({ siteId, day, address }: DeviceDay): Row | null {
    return this.#query<Row>(
      "SELECT revision, readings, merged FROM surveys WHERE site = ?1 AND day = ?2 AND address = ?3",
    ).get(siteId, day, address)
  }

  /** What was delivered, as JSON, with what was added at other times. */
  #merge(of: DeviceDay, delivered: string, change: ClockChange): Reading[] {
    return mergeSurveys(this.#added.latest(of, change), fromJson(delivered), change).readings
  }

  #forgetAgreement(siteId: number, day: Day): void {
    const forgotten = this.#forgotten.get(siteId)
    if (forgotten?.has(day)) return
    if (forgotten) forgotten.add(day)
    else this.#forgotten.set(siteId, new Set([day]))
    this.#query("UPDATE collections SET digest = NULL WHERE site = ?1 AND day = ?2 AND digest IS NOT NULL").run(
      siteId,
      day,
    )
  }

  #siteId(site: string): number {
    return this.#known(site).id
  }

  #known(site: string): Site {
    const known = this.#sites.get(site)
    if (!known) throw new Error(`the site ${site} has not described itself`)
    return known
  }

  #query<Row>(sql: string) {
    return this.database.sqlite.query<Row, (string | number | null)[]>(sql)
  }
}
