// The store in a SQLite file: each change is a piece of work of a group commit.
import type { DurableDatabase } from "../../../storage/database"
import type { GroupCommit } from "../../../storage/group-commit"
import type { Day } from "../../../survey/calendar"
import { digestNumber } from "../../../survey/digest"
import { type AddressRange, EVERY_ADDRESS } from "../../../topology/address"
import type {
  Closed,
  ClosedDay,
  Closing,
  Delivery,
  Drop,
  Kept,
  SiteDescription,
  SiteInfo,
  Store,
  StoredSurvey,
  TextSurvey,
} from "../contract"
import type { Version } from "../merge"
import { type StoredReading, toJson, toStored } from "../stored"
import { mergeRow, newerThan, type SurveyRow, versionsOf } from "../survey-row"
import { CHANGED, LISTED, LISTS } from "../tables"
import { agreesWith } from "./agreement"
import { type Query, queryOf } from "./query"
import { Sites } from "./sites"

type Row = Omit<SurveyRow, "zone">

/** Whose readings, and when they were taken. */
interface DeviceDay {
  readonly siteId: number
  readonly day: Day
  readonly address: number
}

// nearly all outcomes, made once
const NEW: Kept = { outcome: "new", superseded: 0 }
const EMPTIED = `json_set(report, ${LISTS.map((name) => `'$.${name}', json('[]')`).join(", ")}, '$.dropped', json('true'))`

const DROPPED: Kept = { outcome: "dropped", superseded: 0 }
const DIFFERS: Closed = { agrees: false, toList: false }

const PAGE = 1000
const OF_RANGE = "site = ?1 AND day = ?2 AND address BETWEEN ?3 AND ?4"
const OF_DEVICE = "site = ?1 AND day = ?2 AND address = ?3"

/** What is known of a day of a site. */
interface KnownDay {
  readonly siteId: number
  readonly day: Day
  /** Whether anything of it was dropped. */
  readonly hasDrops: boolean
  /** Something came since it was agreed upon, and that agreement is forgotten. */
  isOpen: boolean
  /** Its collection says that readings of it have changed. */
  isChanged: boolean
}

export class SqliteStore implements Store {
  readonly #query: Query
  readonly #sites: Sites
  /** The day of the last delivery: a fleet's would ask a million times. */
  #knownDay: KnownDay | undefined
  #closings: ClosedDay[] = []

  constructor(
    database: DurableDatabase,
    private readonly commits: GroupCommit,
    private readonly now: () => number,
  ) {
    this.#query = queryOf(database.sqlite)
    this.#sites = new Sites(this.#query)
    const rolledBack = () => {
      this.#sites.forgetIds()
      this.#knownDay = undefined
    }
    commits.attach({ rolledBack })
  }

  async site(site: string): Promise<SiteInfo | undefined> {
    return this.#sites.find(site)
  }

  describeSite(site: string, description: SiteDescription): Promise<{ alternates: boolean }> {
    return this.commits.add(() => ({ alternates: this.#sites.describe(site, description, this.now()) }))
  }

  deliver(site: string, delivery: Delivery): Promise<Kept> {
    const { day, address, digest, zone, body } = delivery
    const json = toJson(body)
    return this.commits.add(() => {
      const of = { siteId: this.#sites.idOf(site), day, address }
      const revision = delivery.revision ?? Math.max((this.#find(of)?.revision ?? 0) + 1, this.now())
      if (revision <= this.#droppedUpTo(of)) return DROPPED
      const number = digestNumber(digest)
      if (this.#insert(of, revision, number, zone, json)) {
        this.#reopen(of.siteId, day)
        this.#noteChange(of.siteId, day)
        return NEW
      }
      const incoming = versionsOf({ revision, readings: json, revisions: null })
      const { superseded, changed, showsOthers } = this.#merge(of, incoming, revision, zone)
      if (showsOthers) this.#noteChange(of.siteId, day)
      const setDigest = this.#query(`UPDATE surveys SET digest = ?4 WHERE ${OF_DEVICE} AND digest IS NOT ?4`)
      if (setDigest.run(of.siteId, day, address, number).changes > 0) this.#reopen(of.siteId, day)
      return { outcome: changed ? "changed" : "known", superseded: superseded.length }
    })
  }

  addText(site: string, { day, address, zone, readings }: TextSurvey) {
    const incoming = readings.map((reading) => ({ reading: toStored(reading), revision: 0 }))
    const times = new Set(incoming.map(({ reading: [time] }) => time))
    return this.commits.add((): Kept & { shown: StoredReading[] } => {
      const of = { siteId: this.#sites.idOf(site), day, address }
      // plain text has no revision that could be higher
      if (this.#droppedUpTo(of) >= 0) return { ...DROPPED, shown: [] }
      const isNew = this.#insert(of, 0, null, zone, "[]")
      const { versions, superseded, changed } = this.#merge(of, incoming, 0, zone)
      return {
        outcome: isNew ? "new" : changed ? "changed" : "known",
        superseded: superseded.length,
        shown: versions.map(({ reading }) => reading).filter(([time]) => times.has(time)),
      }
    })
  }

  drop(site: string, { day, addresses: { first, last }, revision, sparesNewer = false }: Drop): Promise<number> {
    return this.commits.add(() => {
      const range = [this.#sites.idOf(site), day, first, last] as const
      const [siteId] = range
      const stored = this.#query<{ revision: number | null }>(
        `SELECT max(revision) AS revision FROM surveys WHERE ${OF_RANGE}`,
      ).get(...range)
      const upTo = sparesNewer ? revision : Math.max(revision, stored?.revision ?? 0)
      for (const table of ["surveys", "superseded"]) {
        this.#query(`DELETE FROM ${table} WHERE ${OF_RANGE} AND revision <= ?5`).run(...range, upTo)
      }
      this.#dropOlderValues(siteId, day, first, last, upTo)
      this.#query(
        `INSERT INTO dropped VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT DO UPDATE SET revision = max(revision, excluded.revision)`,
      ).run(...range, upTo)
      this.#knownDay = undefined
      this.#reopen(siteId, day)
      // of a day of which nothing is left the account says only that its run took place: none of it is awaited any more
      this.#query(
        `UPDATE collections SET listed = listed | ${LISTED}, report = iif(json_valid(report), ${EMPTIED}, report)
         WHERE site = ?1 AND day = ?2 AND NOT EXISTS (SELECT 1 FROM surveys WHERE site = ?1 AND day = ?2)`,
      ).run(siteId, day)
      return upTo
    })
  }

  async closeCollection(site: string, day: Day, closing: Closing): Promise<Closed> {
    const { claimed, report, watched } = closing
    const closed = await this.commits.add((): Closed => {
      const siteId = this.#sites.idOf(site)
      if (!agreesWith(this.#query, siteId, day, closing)) return DIFFERS
      this.#knownDay = undefined
      const known = this.#query<{ listed: number }>("SELECT listed FROM collections WHERE site = ?1 AND day = ?2")
      const { listed = LISTED | CHANGED } = known.get(siteId, day) ?? {}
      const toList = closing.toList && (listed & CHANGED) !== 0
      this.#query(
        `INSERT INTO collections (site, day, surveys, digest, report, listed) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT DO UPDATE SET surveys = excluded.surveys, digest = excluded.digest, report = excluded.report,
           listed = excluded.listed`,
      ).run(siteId, day, claimed.surveys, claimed.digest, report, toList ? 0 : listed)
      return { agrees: true, toList }
    })
    if (closed.agrees && watched) this.#closings.push({ site, day, ...watched })
    return closed
  }

  async markListed(site: string, day: Day): Promise<void> {
    await this.commits.add(() => {
      this.#query(`UPDATE collections SET listed = listed | ${LISTED} WHERE site = ?1 AND day = ?2`).run(
        this.#sites.idOf(site),
        day,
      )
    })
  }

  async unlisted(): Promise<{ site: string; day: Day }[]> {
    return this.#query<{ site: string; day: Day }>(
      `SELECT sites.site, day FROM collections JOIN sites ON sites.id = collections.site
       WHERE listed & ${LISTED} = 0 ORDER BY day`,
    ).all()
  }

  async watches(): Promise<boolean> {
    return true
  }

  async closings(): Promise<ClosedDay[]> {
    return this.#closings.splice(0)
  }

  async *surveys(
    site: string,
    day: Day,
    ranges: readonly AddressRange[] = [EVERY_ADDRESS],
  ): AsyncGenerator<readonly StoredSurvey[]> {
    const page = this.#query<{ address: number; readings: string }>(
      `SELECT address, readings FROM surveys WHERE ${OF_RANGE} ORDER BY address LIMIT ?5`,
    )
    const siteId = this.#sites.idOf(site)
    for (const { first, last } of ranges) {
      for (let next = first; next <= last; ) {
        const rows = page.all(siteId, day, next, last, PAGE)
        if (rows.length > 0) yield rows.map(({ address, readings }) => ({ address, readings: JSON.parse(readings) }))
        next = rows.length < PAGE ? last + 1 : (rows.at(-1)?.address ?? last) + 1
      }
    }
  }

  /** Whether it was not there. */
  #insert({ siteId, day, address }: DeviceDay, revision: number, digest: bigint | null, zone: string, json: string) {
    const { changes } = this.#query(
      `INSERT INTO surveys (site, day, address, revision, digest, zone, readings) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
       ON CONFLICT DO NOTHING`,
    ).run(siteId, day, address, revision, digest, this.#sites.zoneIdOf(zone, day), json)
    return changes === 1
  }

  /**
   * Merges into a row that is there. `changed`: any value or revision of it is another one now; `showsOthers`: any value.
   */
  #merge(of: DeviceDay, incoming: readonly Version[], revision: number, zone: string) {
    const { siteId, day, address } = of
    const row = this.#find(of)
    if (!row) throw new Error(`the survey of ${address} on ${day} is not there`)
    const merged = mergeRow(row, day, { revision, zone, versions: incoming })
    this.#keepSuperseded(of, merged.superseded)
    if (!merged.changed) return merged
    const { row: latest } = merged
    const update = `UPDATE surveys SET revision = ?4, zone = ?5, readings = ?6, revisions = ?7 WHERE ${OF_DEVICE}`
    const zoneId = this.#sites.zoneIdOf(latest.zone, day)
    this.#query(update).run(siteId, day, address, latest.revision, zoneId, latest.readings, latest.revisions)
    return merged
  }

  #keepSuperseded({ siteId, day, address }: DeviceDay, superseded: readonly Version[]): void {
    const keep = this.#query(
      `INSERT INTO superseded VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
       ON CONFLICT DO UPDATE SET revision = max(revision, excluded.revision)`,
    )
    for (const { reading, revision } of superseded) keep.run(siteId, day, address, ...reading, revision)
  }

  #find({ siteId, day, address }: DeviceDay) {
    return this.#query<SurveyRow>(
      `SELECT revision, zones.zone, readings, revisions FROM surveys JOIN zones ON zones.id = surveys.zone
       WHERE ${OF_DEVICE}`,
    ).get(siteId, day, address)
  }

  #dayOf(siteId: number, day: Day): KnownDay {
    if (this.#knownDay?.siteId === siteId && this.#knownDay.day === day) return this.#knownDay
    const dropped = this.#query("SELECT 1 FROM dropped WHERE site = ?1 AND day = ?2 LIMIT 1").get(siteId, day)
    this.#knownDay = { siteId, day, hasDrops: dropped !== null, isOpen: false, isChanged: false }
    return this.#knownDay
  }

  /** The revision up to which nothing comes back; −1 where nothing was dropped. */
  #droppedUpTo({ siteId, day, address }: DeviceDay): number {
    if (!this.#dayOf(siteId, day).hasDrops) return -1
    const row = this.#query<{ revision: number | null }>(
      "SELECT max(revision) AS revision FROM dropped WHERE site = ?1 AND day = ?2 AND ?3 BETWEEN first AND last",
    ).get(siteId, day, address)
    return row?.revision ?? -1
  }

  /** Forgets what was agreed upon a day, which has changed. */
  #reopen(siteId: number, day: Day): void {
    const known = this.#dayOf(siteId, day)
    if (known.isOpen) return
    known.isOpen = true
    const forget = "UPDATE collections SET digest = NULL WHERE site = ?1 AND day = ?2 AND digest IS NOT NULL"
    this.#query(forget).run(siteId, day)
  }

  /** The day is to be listed when it is closed again: what comes once more, or under another revision, is no change. */
  #noteChange(siteId: number, day: Day): void {
    const known = this.#dayOf(siteId, day)
    if (known.isChanged) return
    known.isChanged = true
    this.#query(`UPDATE collections SET listed = listed | ${CHANGED} WHERE site = ?1 AND day = ?2`).run(siteId, day)
  }

  /** Of surveys that came since, the values that did not. */
  #dropOlderValues(siteId: number, day: Day, first: number, last: number, upTo: number): void {
    const mixed = this.#query<Row & { address: number }>(
      `SELECT address, revision, readings, revisions FROM surveys WHERE ${OF_RANGE} AND revisions IS NOT NULL`,
    ).all(siteId, day, first, last)
    const update = this.#query(`UPDATE surveys SET readings = ?4, revisions = ?5 WHERE ${OF_DEVICE}`)
    for (const row of mixed) {
      const { readings, revisions } = newerThan(upTo, row)
      update.run(siteId, day, row.address, readings, revisions)
    }
  }
}
