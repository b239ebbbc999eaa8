// The gateway's durable surveys: merged as they come, kept until the cloud has them and beyond. Nobody else reads or writes
// their tables, but for `reader.ts`.
import type { Clock } from "../../clock"
import type { DurableDatabase } from "../../storage/database"
import type { GroupCommit } from "../../storage/group-commit"
import { clockChange, type Day } from "../../survey/calendar"
import { readCanonical } from "../../survey/canonical"
import { type Agreement, digestSql, digestText } from "../../survey/digest"
import type { AddressRange } from "../../topology/address"
import { addressesIn } from "../../topology/ranges"
import type { Filter } from "../quarantine/entries"
import type { Quarantine } from "../quarantine/quarantine"
import { Days, readTotals, TOTALS, type TotalsRow } from "./days"
import { type Accepted, Merge, type Stray, type Upload } from "./merge"
import { type Absence, Absences } from "./notes/absences"
import { isRefusedSql, RefusedSurveys } from "./notes/refused"
import { ReplacedUploads } from "./notes/replaced-uploads"
import { type Tombstone, Tombstones } from "./notes/tombstones"
import { WantedAgain } from "./notes/wanted-again"
import { Pruning } from "./pruning"
import { heldDays, missingRanges } from "./reader"
import { addressOfSlot, addressSql, BEFORE_ALL, dayOfSlot, lastSlotOf, onDaySql, slotOf, slotSql } from "./slot"
import { Surveys } from "./surveys"

/** A survey on its way to the cloud. */
export interface Delivery {
  readonly day: Day
  readonly address: number
  /** The version that it is of its survey: another one is another row. */
  readonly version: number
  readonly revision: number
  readonly digest: string
  /** The time zone in which the day was measured. */
  readonly zone: string
  readonly body: string
  readonly readings: number
}

const ALL = Number.MAX_SAFE_INTEGER
const SETTLED_AT_ONCE = 4096 // slots, within the transaction that needs them
const WRITTEN_BYTES = 4 * 1024 * 1024 // of surveys in one transaction: some milliseconds
const PART_OF_RESERVE = 1 / 4 // that a transaction may be, so that the reserve has room for its pages to go to their place

export class Spool {
  readonly #surveys: Surveys
  readonly #days: Days
  readonly #replaced: ReplacedUploads
  readonly #absences: Absences
  readonly #refused: RefusedSurveys
  readonly #tombstones: Tombstones
  readonly #again: WantedAgain
  readonly #merge: Merge
  readonly #pruning: Pruning

  constructor(
    private readonly database: DurableDatabase,
    private readonly commits: GroupCommit,
    private readonly quarantine: Quarantine,
    timeZone: string,
    private readonly clock: Clock,
  ) {
    this.#days = new Days(database.sqlite, timeZone)
    this.#surveys = new Surveys(database.sqlite, this.#days)
    this.#replaced = new ReplacedUploads(database, clock)
    this.#absences = new Absences(database)
    this.#refused = new RefusedSurveys(database)
    this.#tombstones = new Tombstones(database)
    this.#again = new WantedAgain(database)
    this.#merge = new Merge({
      clock,
      quarantine,
      surveys: this.#surveys,
      days: this.#days,
      replaced: this.#replaced,
      absences: this.#absences,
      tombstones: this.#tombstones,
      again: this.#again,
    })
    const { drafts } = this.#merge
    const writtenBytes = Math.min(WRITTEN_BYTES, (database.reserve?.bytes ?? WRITTEN_BYTES) * PART_OF_RESERVE)
    this.#pruning = new Pruning(database.sqlite, commits, drafts, this.#surveys, this.#days, this.#replaced)
    commits.attach({
      isEnough: () => drafts.isEnough || this.#surveys.stagedBytes > writtenBytes,
      beforeCommit: () => {
        drafts.write()
        this.#surveys.write()
        this.#days.write()
      },
      committed: () => this.#surveys.committed(),
      rolledBack: () => {
        drafts.forget()
        this.#surveys.rolledBack()
        this.#days.rolledBack()
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
    const survey = readCanonical(upload.text, clockChange(upload.day, this.#days.zoneOf(upload.day)))
    return this.commits.add(() => this.#merge.take(upload, survey, isClosed))
  }

  /** Makes known to all who read in order what has come until now. Throws StorageRefused when the disk refuses. */
  async settle(): Promise<void> {
    const slots = this.#surveys.unsettled()
    if (slots.length === 0) return
    await this.commits.addInPortions((most, done) => {
      const portion = slots.subarray(done, done + most)
      this.#surveys.settle(portion)
      return portion.length
    })
  }

  /** Ends what takes longer. May be called twice. */
  stop(): void {
    this.#pruning.stop()
  }

  /**
   * Up to `limit` settled surveys of these days and before that the cloud still has to get, by day and address.
   * @param run what the cloud has refused on this one is passed over
   */
  due(upTo: Day, run: number, limit: number, after?: Delivery): Delivery[] {
    const rows = this.#query<
      Pick<Delivery, "version" | "revision" | "digest" | "body" | "readings"> & { slot: number }
    >(
      `SELECT due.slot, due.id AS version, revision, ${digestSql("digest")} AS digest, body, readings
       FROM due CROSS JOIN surveys USING (id)
       WHERE due.slot > ?1 AND due.slot <= ?2 AND NOT EXISTS
         (SELECT 1 FROM refused WHERE refused.slot = due.slot AND refused.id = due.id AND run = ?3)
       ORDER BY due.slot LIMIT ?4`,
    ).all(after ? slotOf(after.day, after.address) : BEFORE_ALL, lastSlotOf(upTo), run, limit)
    return rows.map(({ slot, ...row }) => {
      const day = dayOfSlot(slot)
      return { day, address: addressOfSlot(slot), ...row, zone: this.#days.zoneOf(day) }
    })
  }

  /** Whether anything of these days and before is due, settled or not. */
  isDue(upTo: Day, run: number): boolean {
    return this.#surveys.mayBeUnsettled(lastSlotOf(upTo)) || this.due(upTo, run, 1).length > 0
  }

  /** The cloud acknowledged these versions. A newer one that came meanwhile stays due. */
  markDelivered(deliveries: readonly Delivery[]): Promise<void> {
    return this.commits.addInPortions((most, done) => {
      const portion = deliveries.slice(done, done + most)
      const isAnyRefused = this.#query("SELECT 1 FROM refused LIMIT 1").get() !== null
      for (const { day, address, version } of portion) {
        this.#settleDue(slotOf(day, address), version)
        if (isAnyRefused) this.#refused.forget(day, address)
      }
      return portion.length
    })
  }

  /**
   * The cloud refused this version on this run. On the third it is believed: then the survey goes to quarantine, and
   * blocks nobody. Resolves with whether it was.
   */
  markRefused(delivery: Delivery, run: number, reason: string): Promise<boolean> {
    const { day, address, version, body } = delivery
    return this.commits.add(() => {
      if (!this.#refused.note(delivery, run, reason)) return false
      this.#settleDue(slotOf(day, address), version)
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
    return this.#whenSettled(() => {
      const isHeld = "EXISTS (SELECT 1 FROM surveys WHERE surveys.id = slots.id)" // not of a day that is being pruned
      const all = `SELECT slot, id FROM slots WHERE ${onDaySql("?1")} AND ${isHeld} AND NOT ${isRefusedSql("slots")}`
      this.#query(`INSERT OR REPLACE INTO due ${all}`).run(day)
    })
  }

  /** Surveys that the cloud refused are due again, as far as the filter goes, and no longer in quarantine; their days. */
  retryRefused({ from, to, address, upTo }: Filter): Promise<Day[]> {
    return this.#whenSettled(() => {
      const slots = this.#query<{ slot: number }>(
        `SELECT refused.slot FROM refused CROSS JOIN surveys USING (slot, id)
         WHERE (?1 IS NULL OR surveys.day >= ?1) AND (?2 IS NULL OR surveys.day <= ?2)
           AND (?3 IS NULL OR surveys.address = ?3)`,
      )
        .all(from ?? null, to ?? null, address ?? null)
        .map(({ slot }) => slot)
      for (const slot of slots) {
        this.#query("INSERT OR REPLACE INTO due SELECT slot, id FROM slots WHERE slot = ?1").run(slot)
        this.#query("DELETE FROM refused WHERE slot = ?1").run(slot)
      }
      const isHeld = `EXISTS (SELECT 1 FROM slots WHERE slot = ${slotSql("quarantine.day", "quarantine.address")})`
      this.quarantine.clear({ from, to, address, kind: "delivery", upTo }, isHeld)
      return slots.map(dayOfSlot)
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
    return this.#whenSettled(() => {
      const slots = [slotOf(day, first), slotOf(day, last)] as const
      const row = this.#query<TotalsRow & { revision: number | null }>(
        `SELECT ${TOTALS}, max(revision) AS revision FROM slots CROSS JOIN surveys USING (id)
         WHERE slots.slot BETWEEN ?1 AND ?2`,
      ).get(...slots)
      const totals = readTotals(row)
      this.#replaced.rememberAll(...slots)
      this.#query("DELETE FROM surveys WHERE id IN (SELECT id FROM slots WHERE slot BETWEEN ?1 AND ?2)").run(...slots)
      for (const table of ["slots", "due", "refused", "absent", "again"]) {
        this.#query(`DELETE FROM ${table} WHERE slot BETWEEN ?1 AND ?2`).run(...slots)
      }
      this.#days.remove(day, totals)
      this.#tombstones.put(day, { first, last }, Math.max(this.clock.now(), row?.revision ?? 0))
      return totals.surveys
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
    return this.#whenSettled(() => {
      this.#tombstones.markTold(tombstone, revision)
      const addresses = this.#query<{ address: number }>(
        `SELECT ${addressSql("slots.slot")} AS address FROM slots CROSS JOIN surveys USING (id)
         WHERE slots.slot BETWEEN ?1 AND ?2 AND revision <= ?3`,
      ).all(slotOf(day, first), slotOf(day, last), revision)
      for (const { address } of addresses) {
        const row = this.#surveys.find(day, address)
        if (!row) continue
        const arrivedAt = row.arrivedAt ?? row.revision
        this.#surveys.put({ ...row, arrivedAt, revision: revision + 1 }, row)
      }
    })
  }

  /** These days may not have been over when their surveys came: who still has them sends them again. */
  expectAgain(days: readonly Day[]): Promise<void> {
    return this.#whenSettled(() => {
      for (const day of days) this.#again.expect(day)
    })
  }

  /** Whether this device's survey of this day is to come once more. */
  isWantedAgain(day: Day, address: number): boolean {
    return this.#again.has(day, address)
  }

  /** It is not to come once more: its source has no more of it. Resolves once durable. */
  async noteWhole(day: Day, address: number): Promise<void> {
    if (this.isWantedAgain(day, address)) await this.commits.add(() => this.#again.settle(day, address))
  }

  has(day: Day, address: number): boolean {
    return this.#surveys.has(day, address)
  }

  /** Addresses with a survey of this day, in time or late, rising; what the cloud refuses is not among them. */
  arrived(day: Day, late: boolean): Generator<number> {
    return this.#addresses((table) => `late = ${late ? 1 : 0} AND NOT ${isRefusedSql(table)}`, day)
  }

  /** Addresses whose survey of this day the cloud refuses, rising. */
  refused(day: Day): Generator<number> {
    return this.#addresses(isRefusedSql, day)
  }

  *#addresses(where: (table: string) => string, day: Day): Generator<number> {
    const of = (table: string) => `SELECT slot FROM ${table} WHERE ${onDaySql("?1", table)} AND ${where(table)}`
    // what has come since all were settled
    const rest = this.#surveys.unsettledCount === 0 ? "" : `UNION ${of("surveys")} AND id > (SELECT up_to FROM settled)`
    const rows = this.#query<{ slot: number }>(`${of("slots")} ${rest} ORDER BY slot`)
    for (const { slot } of rows.iterate(day)) yield addressOfSlot(slot)
  }

  /** Of these rising addresses those without a survey of this day. */
  missing(day: Day, expected: readonly AddressRange[]): number[] {
    const missing: number[] = []
    for (const address of addressesIn(missingRanges(this.database.sqlite, day, expected, ALL))) {
      if (!this.has(day, address)) missing.push(address)
    }
    return missing
  }

  /** What the cloud should have of this day: all but what it refuses. */
  agreement(day: Day): Agreement {
    const sql = `SELECT ${TOTALS} FROM refused CROSS JOIN surveys USING (id) WHERE ${onDaySql("?1", "refused")}`
    const [all, refused] = [this.#days.of(day), readTotals(this.#query<TotalsRow>(sql).get(day))]
    return { surveys: all.surveys - refused.surveys, digest: digestText(all.digest - refused.digest) }
  }

  /** The time zone in which this day is measured. */
  zoneOf(day: Day): string {
    return this.#days.zoneOf(day)
  }

  /** That of a new day, and days that have another one. */
  zones(): ReturnType<Days["zones"]> {
    return this.#days.zones()
  }

  /** Whether there is nothing of this day. */
  isEmpty(day: Day): boolean {
    return this.#days.of(day).surveys === 0
  }

  /** Readings of this day, all devices together. */
  readings(day: Day): number {
    return this.#days.of(day).readings
  }

  /** Days of which there are surveys, oldest first. */
  days(): Day[] {
    return heldDays(this.database.sqlite)
  }

  /** Deletes delivered surveys of days before this one, and what is noted of them; resolves once that is durable. */
  async prune(before: Day): Promise<void> {
    await this.settle()
    await this.#pruning.prune(before)
  }

  /** Whether something of this day can be deleted. */
  canPrune(day: Day): boolean {
    return this.#pruning.canPrune(day)
  }

  #settleDue(slot: number, version: number): void {
    this.#query("DELETE FROM due WHERE slot = ?1 AND id = ?2").run(slot, version)
  }

  /** Does it in a transaction in which the tables say everything. */
  #whenSettled<T>(work: () => T): Promise<T> {
    if (this.#surveys.unsettledCount > SETTLED_AT_ONCE) return this.settle().then(() => this.#whenSettled(work))
    return this.commits.add(() => {
      this.#merge.drafts.end()
      this.#surveys.settle(this.#surveys.unsettled())
      this.#surveys.write(true)
      this.#surveys.keepIds()
      return work()
    })
  }

  #query<Result = unknown>(sql: string) {
    return this.database.sqlite.query<Result, (string | number | bigint | null)[]>(sql)
  }
}
