// What a person dropped: the day and the addresses, and the revision up to which nothing comes back. The cloud is told.
import type { DurableDatabase } from "../../../storage/database"
import type { Day } from "../../../survey/calendar"
import type { AddressRange } from "../../../topology/address"

export interface Tombstone extends AddressRange {
  readonly day: Day
  readonly revision: number
  /** The cloud has dropped it too. */
  readonly told: boolean
}

interface Row extends AddressRange {
  readonly day: Day
  readonly revision: number
  readonly told: number
}

/** Few enough to be held in memory. Methods that write do so within the caller's transaction. */
export class Tombstones {
  #all: readonly Tombstone[]

  constructor(private readonly database: DurableDatabase) {
    this.#all = this.#read()
  }

  /** All of them, by day and address. */
  all(): readonly Tombstone[] {
    return this.#all
  }

  /** Those that the cloud does not know yet. */
  untold(): Tombstone[] {
    return this.#all.filter(({ told }) => !told)
  }

  /** The revision up to which nothing of this survey comes back; −1 where nobody dropped it. */
  upTo(day: Day, address: number): number {
    let revision = -1
    for (const each of this.#all) {
      const holds = each.day === day && each.first <= address && address <= each.last
      if (holds && each.revision > revision) revision = each.revision
    }
    return revision
  }

  put(day: Day, { first, last }: AddressRange, revision: number): void {
    this.#query(
      `INSERT INTO dropped (day, first, last, revision) VALUES (?1, ?2, ?3, ?4)
       ON CONFLICT DO UPDATE SET revision = max(revision, excluded.revision), told = 0`,
    ).run(day, first, last, revision)
    this.forget()
  }

  /** The cloud has dropped it, and what it had was of no higher revision than this. */
  markTold({ day, first, last, revision: known }: Tombstone, revision: number): void {
    this.#query(
      `UPDATE dropped SET told = (revision = ?4), revision = max(revision, ?5)
       WHERE day = ?1 AND first = ?2 AND last = ?3`,
    ).run(day, first, last, known, revision)
    this.forget()
  }

  /** What was written may not be: only the database knows. */
  forget(): void {
    this.#all = this.#read()
  }

  #read(): Tombstone[] {
    const rows = this.#query<Row>("SELECT day, first, last, revision, told FROM dropped ORDER BY day, first").all()
    return rows.map((row) => ({ ...row, told: row.told === 1 }))
  }

  #query<Result = unknown>(sql: string) {
    return this.database.sqlite.query<Result, (string | number)[]>(sql)
  }
}
