// The gateway's durable surveys: merged as they come, kept until the cloud has them and beyond.
import type { Clock } from "../../clock"
import type { DurableDatabase } from "../../storage/database"
import type { GroupCommit } from "../../storage/group-commit"
import { clockChange, type Day } from "../../survey/calendar"
import { readCanonical } from "../../survey/canonical"
import { type Agreement, agreementOf, digestSql, NO_SURVEYS, type SumRow, sumSql } from "../../survey/digest"
import type { AddressRange } from "../../topology/address"
import { addressesIn } from "../../topology/ranges"
import type { Quarantine } from "../quarantine/quarantine"
import { type Absence, Absences } from "./absences"
import { Again } from "./again"
import { Arrivals } from "./arrivals"
import { LogRoom } from "./log-room"
import { type Accepted, Merge, type Stray, type Upload } from "./merge"
import { BEFORE_ALL, lastPlaceSql, onDaySql, placeOf } from "./places"
import { Placing } from "./placing"
import { Pruning } from "./pruning"
import { isRefusedSql, RefusedSurveys } from "./refused"
import { Strays } from "./strays"
import { type Tombstone, Tombstones } from "./tombstones"
import { Zones } from "./zones"

/** A survey on its way to the cloud. */
export interface Delivery {
  readonly day: Day
  readonly address: number
  readonly revision: number
  readonly digest: string
  /** The time zone in which the day was measured. */
  readonly zone: string
  readonly body: string
  readonly readings: number
}

const SETTLE = "DELETE FROM due WHERE place = ?1 AND revision = ?2" // a newer one stays

export class Spool {
  readonly #arrivals: Arrivals
  readonly #zones: Zones
  readonly #strays: Strays
  readonly #absences: Absences
  readonly #refused: RefusedSurveys
  readonly #tombstones: Tombstones
  readonly #again: Again
  readonly #merge: Merge
  /** How those come to their place that have landed. */
  readonly placing: Placing
  readonly #pruning: Pruning

  constructor(
    private readonly database: DurableDatabase,
    private readonly commits: GroupCommit,
    private readonly quarantine: Quarantine,
    timeZone: string,
    private readonly clock: Clock,
  ) {
    const logRoom = new LogRoom(database)
    this.#arrivals = new Arrivals(database, logRoom)
    this.#zones = new Zones(database, timeZone)
    this.#strays = new Strays(database, clock)
    this.#absences = new Absences(database)
    this.#refused = new RefusedSurveys(database)
    this.#tombstones = new Tombstones(database)
    this.#again = new Again(database)
    this.#merge = new Merge({
      clock,
      quarantine,
      arrivals: this.#arrivals,
      zones: this.#zones,
      strays: this.#strays,
      absences: this.#absences,
      tombstones: this.#tombstones,
      again: this.#again,
    })
    const { revisions } = this.#merge
    this.placing = new Placing(this.#arrivals, commits, logRoom, clock)
    this.#pruning = new Pruning(database, commits, this.#arrivals, revisions, this.#strays, this.#zones)
    commits.attach({
      isEnough: () => revisions.isEnough || !logRoom.has(0),
      beforeCommit: () => {
        revisions.write()
        this.placing.placeFew()
        logRoom.reset()
      },
      rolledBack: () => {
        logRoom.reset()
        this.#arrivals.forget()
        this.#zones.forget()
        revisions.forget()
        this.#tombstones.forget()
        this.#again.forget()
      },
    })
  }

  /**
   * Merges an upload into what is known and resolves once that is durable.
   * @param isClosed whether the collection of its day had been closed when it came
   * @throws StorageRefused when the disk refuses: nothing was changed
   */
  accept(upload: Upload, isClosed: boolean): Promise<Accepted | Stray> {
    const survey = readCanonical(upload.text, clockChange(upload.day, this.#zones.of(upload.day)))
    return this.commits.add(() => this.#merge.take(upload, survey, isClosed))
  }

  /** Hands what waits to the next commit. May be called twice. */
  stop(): void {
    this.#pruning.stop()
    this.placing.stop()
  }

  /**
   * Up to `limit` surveys of these days and before that the cloud still has to get, by day and address.
   * @param run what the cloud has refused on this one is passed over
   */
  due(upTo: Day, run: number, limit: number, after?: Delivery): Delivery[] {
    const rows = this.#surveys<Omit<Delivery, "zone">>(
      `SELECT day, address, surveys.revision, ${digestSql("digest")} AS digest, body, readings
       FROM due CROSS JOIN surveys USING (place)
       WHERE place > ?2 AND place <= ${lastPlaceSql("?1")} AND NOT (${isRefusedSql("surveys")} AND
         (SELECT run FROM refused WHERE refused.place = surveys.place) = ?3)
       ORDER BY place LIMIT ?4`,
    ).all(upTo, after ? placeOf(after.day, after.address) : BEFORE_ALL, run, limit)
    return rows.map((row) => ({ ...row, zone: this.#zones.of(row.day) }))
  }

  /** The cloud acknowledged these revisions. A newer one that came meanwhile stays due. */
  markDelivered(deliveries: readonly Delivery[]): Promise<void> {
    return this.commits.add(() => {
      const settle = this.#query(SETTLE)
      for (const { day, address, revision } of deliveries) settle.run(placeOf(day, address), revision)
      if (this.#query("SELECT 1 FROM refused LIMIT 1").get() === null) return
      for (const { day, address } of deliveries) this.#refused.forget(placeOf(day, address))
    })
  }

  /**
   * The cloud refused this revision on this run. On the third it is believed: then the survey goes to quarantine, and
   * blocks nobody. Resolves with whether it was.
   */
  markRefused(delivery: Delivery, run: number, reason: string): Promise<boolean> {
    const { day, address, revision, body } = delivery
    return this.commits.add(() => {
      if (!this.#refused.note(delivery, run, reason)) return false
      this.#query(SETTLE).run(placeOf(day, address), revision)
      const why = `The cloud refused it: ${reason}`
      this.quarantine.add(this.clock.now(), { kind: "delivery", reason: why, bytes: body, address, day })
      return true
    })
  }

  /** The cloud cannot take it yet: it is passed over until the next run. */
  markPostponed(delivery: Delivery, run: number, reason: string): Promise<void> {
    return this.commits.add(() => this.#refused.postpone(delivery, run, reason))
  }

  /** Everything of this day is due again: the cloud's store differs. What it refuses stays as it is. */
  redeliver(day: Day): Promise<void> {
    return this.commits.add(() => {
      const all = `SELECT place, revision FROM surveys WHERE ${onDaySql("?1")} AND NOT ${isRefusedSql("surveys")}`
      this.#query(`INSERT OR REPLACE INTO due ${all}`).run(day)
    })
  }

  /** Why a device's survey does not come, as its host tells it. Resolves once durable; what is known costs nothing. */
  async noteAbsence(day: Day, address: number, kind: Absence, reason: string): Promise<void> {
    const known = this.#absences.find(day, address)
    if (this.has(day, address) || known?.reason === reason) return
    await this.commits.add(() => this.#absences.put(day, address, { kind, reason, upload: known?.upload ?? null }))
  }

  /**
   * Drops what there is of a day for these addresses. Up to its revision nothing of it comes back, and the cloud is told.
   * Resolves, once durable, with how many surveys it was.
   */
  drop(day: Day, { first, last }: AddressRange): Promise<number> {
    return this.commits.add(() => {
      this.#merge.revisions.end()
      while (this.#arrivals.waiting > 0) this.#arrivals.place()
      const places = [placeOf(day, first), placeOf(day, last)] as const
      const found = this.#query<{ surveys: number; revision: number | null }>(
        "SELECT count(*) AS surveys, max(revision) AS revision FROM surveys WHERE place BETWEEN ?1 AND ?2",
      ).get(...places)
      this.#strays.rememberAll(...places)
      for (const table of ["surveys", "due", "refused", "absent", "again"]) {
        this.#query(`DELETE FROM ${table} WHERE place BETWEEN ?1 AND ?2`).run(...places)
      }
      this.#tombstones.put(day, { first, last }, Math.max(this.clock.now(), found?.revision ?? 0))
      this.#arrivals.forget()
      return found?.surveys ?? 0
    })
  }

  /** What a person dropped, of days that are kept. */
  dropped(): readonly Tombstone[] {
    return this.#tombstones.all()
  }

  /** What of it the cloud does not know yet. */
  untold(): Tombstone[] {
    return this.#tombstones.untold()
  }

  /** The cloud has dropped it too, up to this revision: what came here since has to be above that, and is due as such. */
  markTold(tombstone: Tombstone, revision: number): Promise<void> {
    const { day, first, last } = tombstone
    return this.commits.add(() => {
      this.#merge.revisions.end()
      while (this.#arrivals.waiting > 0) this.#arrivals.place()
      this.#tombstones.markTold(tombstone, revision)
      const places = [placeOf(day, first), placeOf(day, last), revision] as const
      const isBelow = "place BETWEEN ?1 AND ?2 AND revision <= ?3"
      this.#query(`INSERT OR REPLACE INTO due SELECT place, ?3 + 1 FROM surveys WHERE ${isBelow}`).run(...places)
      this.#query(
        `UPDATE surveys SET arrived_at = coalesce(arrived_at, revision), revision = ?3 + 1 WHERE ${isBelow}`,
      ).run(...places)
    })
  }

  /** These days may not have been over when their surveys came: who still has them sends them again. */
  expectAgain(days: readonly Day[]): Promise<void> {
    return this.commits.add(() => {
      this.#merge.revisions.write()
      for (const day of days) this.#again.expect(day)
    })
  }

  /** Whether this device's survey of this day is to come once more. */
  isWantedAgain(day: Day, address: number): boolean {
    return this.#again.has(day, address)
  }

  has(day: Day, address: number): boolean {
    return this.#arrivals.hasOnce(day, address)
  }

  /** Addresses with a survey of this day, in time or late, rising; what the cloud refuses is not among them. */
  *arrived(day: Day, late: boolean): Generator<number> {
    const rows = this.#surveys<{ address: number }>(
      `SELECT address FROM surveys WHERE ${onDaySql("?1")} AND late = ?2 AND NOT ${isRefusedSql("surveys")} ORDER BY place`,
    )
    for (const { address } of rows.iterate(day, late ? 1 : 0)) yield address
  }

  /** Addresses whose survey of this day the cloud refuses, rising. */
  *refused(day: Day): Generator<number> {
    const rows = this.#surveys<{ address: number }>(
      `SELECT address FROM surveys WHERE ${onDaySql("?1")} AND ${isRefusedSql("surveys")} ORDER BY place`,
    )
    for (const { address } of rows.iterate(day)) yield address
  }

  /** Of these rising addresses those without a survey of this day. */
  missing(day: Day, expected: readonly AddressRange[]): number[] {
    const missing: number[] = []
    for (const address of addressesIn(expected)) if (!this.#arrivals.has(day, address)) missing.push(address)
    return missing
  }

  /** What the cloud should have of this day: all but what it refuses. */
  agreement(day: Day): Agreement {
    const sum = `SELECT ${sumSql("digest")} FROM surveys WHERE ${onDaySql("?1")} AND NOT ${isRefusedSql("surveys")}`
    const row = this.#surveys<SumRow>(sum).get(day)
    return row ? agreementOf(row) : NO_SURVEYS
  }

  /** Whether there is nothing of this day. */
  isEmpty(day: Day): boolean {
    return this.#surveys(`SELECT 1 FROM surveys WHERE ${onDaySql("?1")} LIMIT 1`).get(day) === null
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
    return this.database.sqlite.query<Result, (string | number | bigint | null)[]>(sql)
  }
}
