// The store in a SQLite file.
import type { DurableDatabase } from "../../storage/database"
import type { GroupCommit } from "../../storage/group-commit"
import { clockChange, type Day } from "../../survey/calendar"
import {
  type Agreement,
  addAgreements,
  agreementOf,
  digestNumber,
  NO_SURVEYS,
  type SumRow,
  sumSql,
} from "../../survey/digest"
import { type AddressRange, EVERY_ADDRESS } from "../../topology/address"
import type {
  Closing,
  Delivery,
  Drop,
  Kept,
  SiteDescription,
  SiteInfo,
  Store,
  StoredSurvey,
  TextSurvey,
} from "./contract"
import { type Merged, mergeVersions, type Version } from "./merge"
import { type StoredReading, toJson, toStored } from "./stored"

interface Row {
  readonly revision: number
  readonly zone: string
  readonly readings: string
  readonly revisions: string | null
}

/** Whose readings, and when they were taken. */
interface DeviceDay {
  readonly siteId: number
  readonly day: Day
  readonly address: number
}

// nearly all outcomes, made once
const NEW: Kept = { outcome: "new", superseded: 0 }
const DROPPED: Kept = { outcome: "dropped", superseded: 0 }

const PAGE = 1000
const SPOOLS_KEPT = 10 // of a site: those that delivered last

export class SqliteStore implements Store {
  readonly #siteIds = new Map<string, number>()
  readonly #zoneIds = new Map<string, number>()
  /** Days of which something was dropped, by site: nearly none, and a fleet's day would ask a million times. */
  readonly #droppedDays = new SiteDays()
  /** Days, by site, on which no agreement is to be forgotten any more, for the same reason. */
  readonly #forgotten = new SiteDays()
  readonly #insert // held here: Bun itself keeps only twenty statements

  constructor(
    private readonly database: DurableDatabase,
    private readonly commits: GroupCommit,
    private readonly now: () => number,
  ) {
    commits.attach({ rolledBack: () => this.#recall() })
    this.#insert = this.#query(
      `INSERT INTO surveys (site, day, address, revision, digest, zone, readings) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
       ON CONFLICT DO NOTHING`,
    )
    this.#recall()
  }

  async site(site: string): Promise<SiteInfo | undefined> {
    const row = this.#query<{ time_zone: string; devices: string }>(
      "SELECT time_zone, devices FROM sites WHERE site = ?1",
    ).get(site)
    return row ? { timeZone: row.time_zone, devices: JSON.parse(row.devices) } : undefined
  }

  describeSite(site: string, { timeZone, devices, spool }: SiteDescription): Promise<{ alternates: boolean }> {
    return this.commits.add(() => {
      this.#query(
        `INSERT INTO sites (site, time_zone, devices) VALUES (?1, ?2, ?3)
         ON CONFLICT DO UPDATE SET time_zone = excluded.time_zone, devices = excluded.devices`,
      ).run(site, timeZone, JSON.stringify(devices))
      return { alternates: this.#noteSpool(this.#siteId(site), spool) }
    })
  }

  deliver(site: string, delivery: Delivery): Promise<Kept> {
    const { day, address, digest, zone, body } = delivery
    const json = toJson(body)
    return this.commits.add(() => {
      const of = { siteId: this.#siteId(site), day, address }
      const revision = delivery.revision ?? Math.max((this.#find(of)?.revision ?? 0) + 1, this.now())
      if (revision <= this.#droppedUpTo(of)) return DROPPED
      const number = digestNumber(digest)
      const { changes } = this.#insert.run(of.siteId, day, address, revision, number, this.#zoneId(zone), json)
      if (changes === 1) {
        this.#forgetAgreement(of.siteId, day)
        return NEW
      }
      const { merged, changed } = this.#merge(of, versionsOf(json, revision), revision, zone)
      const { changes: another } = this.#query(
        "UPDATE surveys SET digest = ?4 WHERE site = ?1 AND day = ?2 AND address = ?3 AND digest IS NOT ?4",
      ).run(of.siteId, day, address, number)
      if (another > 0) this.#forgetAgreement(of.siteId, day)
      return { outcome: changed ? "changed" : "known", superseded: merged.superseded.length }
    })
  }

  addText(site: string, { day, address, zone, readings }: TextSurvey) {
    const incoming = readings.map((reading) => ({ reading: toStored(reading), revision: 0 }))
    const times = new Set(incoming.map(({ reading: [time] }) => time))
    return this.commits.add((): Kept & { shown: StoredReading[] } => {
      const of = { siteId: this.#siteId(site), day, address }
      // plain text has no revision that could be higher
      if (this.#droppedUpTo(of) >= 0) return { outcome: "dropped", superseded: 0, shown: [] }
      const { changes } = this.#insert.run(of.siteId, day, address, 0, null, this.#zoneId(zone), "[]")
      const { merged, changed } = this.#merge(of, incoming, 0, zone)
      return {
        outcome: changes === 1 ? "new" : changed ? "changed" : "known",
        superseded: merged.superseded.length,
        shown: merged.versions.map(({ reading }) => reading).filter(([time]) => times.has(time)),
      }
    })
  }

  drop(site: string, { day, addresses, revision, sparesNewer = false }: Drop): Promise<number> {
    const { first, last } = addresses
    return this.commits.add(() => {
      const siteId = this.#siteId(site)
      const where = "site = ?1 AND day = ?2 AND address BETWEEN ?3 AND ?4"
      const stored = this.#query<{ revision: number | null }>(
        `SELECT max(revision) AS revision FROM surveys WHERE ${where}`,
      ).get(siteId, day, first, last)
      const upTo = sparesNewer ? revision : Math.max(revision, stored?.revision ?? 0)
      for (const table of ["surveys", "superseded"]) {
        this.#query(`DELETE FROM ${table} WHERE ${where} AND revision <= ?5`).run(siteId, day, first, last, upTo)
      }
      this.#dropOlderValues(siteId, day, addresses, upTo)
      this.#query(
        `INSERT INTO dropped VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT DO UPDATE SET revision = max(revision, excluded.revision)`,
      ).run(siteId, day, first, last, upTo)
      this.#droppedDays.add(siteId, day)
      this.#forgetAgreement(siteId, day)
      // the account of a day of which nothing is left would be shown as its last run
      this.#query(
        `DELETE FROM collections WHERE site = ?1 AND day = ?2
         AND NOT EXISTS (SELECT 1 FROM surveys WHERE site = ?1 AND day = ?2)`,
      ).run(siteId, day)
      return upTo
    })
  }

  /** Of surveys that came since, the values that did not. */
  #dropOlderValues(siteId: number, day: Day, { first, last }: AddressRange, upTo: number): void {
    const mixed = this.#query<Row & { address: number }>(
      `SELECT address, revision, zones.zone, readings, revisions FROM surveys JOIN zones ON zones.id = surveys.zone
       WHERE site = ?1 AND day = ?2 AND address BETWEEN ?3 AND ?4 AND revisions IS NOT NULL`,
    ).all(siteId, day, first, last)
    for (const row of mixed) {
      const versions = versionsOfRow(row).filter((version) => version.revision > upTo)
      const own = versions.map((version) => version.revision)
      this.#query("UPDATE surveys SET readings = ?4, revisions = ?5 WHERE site = ?1 AND day = ?2 AND address = ?3").run(
        siteId,
        day,
        row.address,
        JSON.stringify(versions.map(({ reading }) => reading)),
        own.every((each) => each === row.revision) ? null : JSON.stringify(own),
      )
    }
  }

  closeCollection(site: string, day: Day, { claimed, addresses, report, toList }: Closing): Promise<boolean> {
    const agrees = ({ surveys, digest }: Agreement) => surveys === claimed.surveys && digest === claimed.digest
    return this.commits.add(() => {
      const siteId = this.#siteId(site)
      const last = this.#lastAgreement(siteId, day)
      const ours = last && agrees(last) ? last : this.#agreementOn(siteId, day, addresses)
      if (!agrees(ours)) return false
      this.#forgotten.delete(siteId, day)
      this.#query(
        `INSERT INTO collections (site, day, surveys, digest, report, listed) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT DO UPDATE SET surveys = excluded.surveys, digest = excluded.digest, report = excluded.report,
           listed = min(listed, excluded.listed)`,
      ).run(siteId, day, ours.surveys, ours.digest, report, toList ? 0 : 1)
      return true
    })
  }

  async markListed(site: string, day: Day): Promise<void> {
    await this.commits.add(() => {
      this.#query("UPDATE collections SET listed = 1 WHERE site = ?1 AND day = ?2").run(this.#siteId(site), day)
    })
  }

  async unlisted(): Promise<{ site: string; day: Day }[]> {
    return this.#query<{ site: string; day: Day }>(
      "SELECT sites.site, day FROM collections JOIN sites ON sites.id = collections.site WHERE listed = 0 ORDER BY day",
    ).all()
  }

  async *surveys(
    site: string,
    day: Day,
    ranges: readonly AddressRange[] = [EVERY_ADDRESS],
  ): AsyncGenerator<readonly StoredSurvey[]> {
    const page = this.#query<{ address: number; readings: string }>(
      `SELECT address, readings FROM surveys
       WHERE site = ?1 AND day = ?2 AND address BETWEEN ?3 AND ?4 ORDER BY address LIMIT ?5`,
    )
    const siteId = this.#siteId(site)
    for (const { first, last } of ranges) {
      for (let next = first; next <= last; ) {
        const rows = page.all(siteId, day, next, last, PAGE)
        if (rows.length > 0) yield rows.map(({ address, readings }) => ({ address, readings: JSON.parse(readings) }))
        next = rows.length < PAGE ? last + 1 : (rows.at(-1)?.address ?? last) + 1
      }
    }
  }

  /** Merges into a row that is there; whether any value or revision of it is another one now. */
  #merge(
    of: DeviceDay,
    incoming: readonly Version[],
    revision: number,
    zone: string,
  ): { merged: Merged; changed: boolean } {
    const { siteId, day, address } = of
    const row = this.#find(of)
    if (!row) throw new Error(`the survey of ${address} on ${day} is not there`)
    // of one revision in two zones the one whose name is higher, whichever came first
    const isNewer = revision > row.revision || (revision === row.revision && zone > row.zone)
    const [latest, latestZone] = isNewer ? [revision, zone] : [row.revision, row.zone]
    const merged = mergeVersions(versionsOfRow(row), incoming, clockChange(day, latestZone))
    const readings = JSON.stringify(merged.versions.map(({ reading }) => reading))
    const own = merged.versions.map((version) => version.revision)
    const revisions = own.every((each) => each === latest) ? null : JSON.stringify(own)
    this.#keepSuperseded(of, merged.superseded)
    const isSame =
      latest === row.revision && latestZone === row.zone && readings === row.readings && revisions === row.revisions
    if (isSame) return { merged, changed: false }
    this.#query(
      `UPDATE surveys SET revision = ?4, zone = ?5, readings = ?6, revisions = ?7
       WHERE site = ?1 AND day = ?2 AND address = ?3`,
    ).run(siteId, day, address, latest, this.#zoneId(latestZone), readings, revisions)
    return { merged, changed: true }
  }

  #keepSuperseded({ siteId, day, address }: DeviceDay, superseded: readonly Version[]): void {
    const keep = this.#query(
      `INSERT INTO superseded VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
       ON CONFLICT DO UPDATE SET revision = max(revision, excluded.revision)`,
    )
    for (const { reading, revision } of superseded) keep.run(siteId, day, address, ...reading, revision)
  }

  #find({ siteId, day, address }: DeviceDay): Row | null {
    return this.#query<Row>(
      `SELECT revision, zones.zone, readings, revisions FROM surveys JOIN zones ON zones.id = surveys.zone
       WHERE site = ?1 AND day = ?2 AND address = ?3`,
    ).get(siteId, day, address)
  }

  /** The revision up to which nothing comes back; −1 where nothing was dropped. */
  #droppedUpTo({ siteId, day, address }: DeviceDay): number {
    if (!this.#droppedDays.has(siteId, day)) return -1
    const row = this.#query<{ revision: number | null }>(
      "SELECT max(revision) AS revision FROM dropped WHERE site = ?1 AND day = ?2 AND ?3 BETWEEN first AND last",
    ).get(siteId, day, address)
    return row?.revision ?? -1
  }

  /** What was agreed last, if nothing came since. */
  #lastAgreement(siteId: number, day: Day): Agreement | null {
    return this.#query<Agreement>(
      "SELECT surveys, digest FROM collections WHERE site = ?1 AND day = ?2 AND digest IS NOT NULL",
    ).get(siteId, day)
  }

  /** Of what was delivered of a day for these addresses, which do not overlap. */
  #agreementOn(siteId: number, day: Day, addresses: readonly AddressRange[]): Agreement {
    const sum = this.#query<SumRow>(
      `SELECT ${sumSql("digest")} FROM surveys WHERE site = ?1 AND day = ?2 AND address BETWEEN ?3 AND ?4`,
    )
    return addresses.reduce((agreed, { first, last }) => {
      const row = sum.get(siteId, day, first, last)
      return row ? addAgreements(agreed, agreementOf(row)) : agreed
    }, NO_SURVEYS)
  }

  #forgetAgreement(siteId: number, day: Day): void {
    if (this.#forgotten.has(siteId, day)) return
    this.#forgotten.add(siteId, day)
    this.#query("UPDATE collections SET digest = NULL WHERE site = ?1 AND day = ?2 AND digest IS NOT NULL").run(
      siteId,
      day,
    )
  }

  /** Whether this spool has come back after another one delivered. */
  #noteSpool(siteId: number, spool: string): boolean {
    if (spool === "") return false
    const latest = this.#query<{ spool: string }>(
      "SELECT spool FROM spools WHERE site = ?1 ORDER BY last_at DESC, turns DESC LIMIT 1",
    ).get(siteId)
    const isAnother = latest !== null && latest.spool !== spool ? 1 : 0
    // later than all others, also under a clock that was set back
    const row = this.#query<{ turns: number }>(
      `INSERT INTO spools SELECT ?1, ?2, at, at, 0 FROM
         (SELECT max(?3, coalesce(max(last_at) + ?4, 0)) AS at FROM spools WHERE site = ?1) WHERE true
       ON CONFLICT DO UPDATE SET last_at = excluded.last_at, turns = turns + ?4 RETURNING turns`,
    ).get(siteId, spool, this.now(), isAnother)
    this.#query(
      `DELETE FROM spools WHERE site = ?1 AND spool NOT IN
         (SELECT spool FROM spools WHERE site = ?1 ORDER BY last_at DESC LIMIT ?2)`,
    ).run(siteId, SPOOLS_KEPT)
    return isAnother === 1 && (row?.turns ?? 0) > 0
  }

  #siteId(site: string): number {
    const known = this.#siteIds.get(site)
    if (known !== undefined) return known
    const row = this.#query<{ id: number }>("SELECT id FROM sites WHERE site = ?1").get(site)
    if (!row) throw new Error(`the site ${site} has not described itself`)
    this.#siteIds.set(site, row.id)
    return row.id
  }

  #zoneId(zone: string): number {
    const known = this.#zoneIds.get(zone)
    if (known !== undefined) return known
    this.#query("INSERT OR IGNORE INTO zones (zone) VALUES (?1)").run(zone)
    const id = this.#query<{ id: number }>("SELECT id FROM zones WHERE zone = ?1").get(zone)?.id ?? 0
    this.#zoneIds.set(zone, id)
    return id
  }

  /** After a rollback only the database knows. */
  #recall(): void {
    this.#siteIds.clear()
    this.#zoneIds.clear()
    this.#forgotten.clear()
    this.#droppedDays.clear()
    const days = this.#query<{ site: number; day: Day }>("SELECT DISTINCT site, day FROM dropped").all()
    for (const { site, day } of days) this.#droppedDays.add(site, day)
  }

  #query<Result = unknown>(sql: string) {
    return this.database.sqlite.query<Result, (string | number | bigint | null)[]>(sql)
  }
}

/** Days of sites, looked up without a text for each. */
class SiteDays {
  readonly #days = new Map<number, Set<Day>>()

  has(siteId: number, day: Day): boolean {
    return this.#days.get(siteId)?.has(day) ?? false
  }

  add(siteId: number, day: Day): void {
    const days = this.#days.get(siteId)
    if (days) days.add(day)
    else this.#days.set(siteId, new Set([day]))
  }

  delete(siteId: number, day: Day): void {
    this.#days.get(siteId)?.delete(day)
  }

  clear(): void {
    this.#days.clear()
  }
}

function versionsOf(json: string, revision: number): Version[] {
  const readings: StoredReading[] = JSON.parse(json)
  return readings.map((reading) => ({ reading, revision }))
}

function versionsOfRow({ revision, readings, revisions }: Row): Version[] {
  const own: number[] | undefined = revisions === null ? undefined : JSON.parse(revisions)
  return versionsOf(readings, revision).map((version, index) => ({ ...version, revision: own?.[index] ?? revision }))
}
