// The surveys themselves: each version is appended as it comes and never moved, so that a fleet's uploads, which come in
// the order of chance, cost no page each. Which row a slot's survey is stands in `slots`, written in order when somebody
// reads in order; until then in memory, and the next process finds it behind `settled`.
import type { Database } from "bun:sqlite"
import type { Day } from "../../survey/calendar"
import { digestNumber, digestSql } from "../../survey/digest"
import type { Days } from "./days"
import { A_DAY, slotOf } from "./slot"

/** A survey's columns; digests as hexadecimal text. */
export interface Row {
  readonly day: Day
  readonly address: number
  readonly revision: number
  /** Canonical survey text. */
  readonly body: string
  readonly readings: number
  readonly digest: string
  /** Of the last upload that was merged into it; null: it was the body itself. */
  readonly upload: string | null
  /** Milliseconds since the epoch; null: at the revision. */
  readonly arrivedAt: number | null
  readonly late: number
}

/** A version that the transaction under way is to write. */
interface Staged {
  readonly slot: number
  readonly row: Row
  /** What was there before, and its row, which goes. */
  readonly before: Row | undefined
  readonly replaces: number | undefined
}

const NOWHERE = -1 // no version

/** SQL: the last surveys, as far as their slots are not written. */
export const TAIL = `surveys WHERE id > (SELECT up_to FROM settled)
  AND NOT EXISTS (SELECT 1 FROM slots WHERE slots.slot = surveys.slot AND slots.id = surveys.id)`

export const SLOT_COLUMNS = "slot, id, readings, content, late"

/** Methods that write do so within the caller's transaction. */
export class Surveys {
  readonly #staged = new Map<number, Staged>()
  #stagedBytes = 0
  /** The version of each slot that is not written. */
  readonly #tail = new Map<number, number>()
  /** What stood there before the transaction under way, the last change last. */
  #undo: { readonly slot: number; readonly id: number }[] = []
  #lastId = 0
  /** Days of which something stands in `slots`. */
  readonly #settledDays = new Map<number, boolean>()

  constructor(
    private readonly sqlite: Database,
    private readonly days: Days,
  ) {
    this.#readIds()
    const tail = this.#query<{ slot: number; id: number }>(`SELECT slot, id FROM ${TAIL}`)
    for (const { slot, id } of tail.iterate()) this.#tail.set(slot, id)
  }

  has(day: Day, address: number): boolean {
    const slot = slotOf(day, address)
    return this.#staged.has(slot) || this.#idOf(slot) !== undefined
  }

  find(day: Day, address: number): Row | undefined {
    const slot = slotOf(day, address)
    const staged = this.#staged.get(slot)
    if (staged) return staged.row
    const id = this.#idOf(slot)
    if (id === undefined) return undefined
    const row = this.#query<Omit<Row, "day" | "address">>(
      `SELECT revision, body, readings, ${digestSql("digest")} AS digest,
         iif(upload IS NULL, NULL, ${digestSql("upload")}) AS upload, arrived_at AS arrivedAt, late
       FROM surveys WHERE id = ?1`,
    ).get(id)
    return row ? { ...row, day, address } : undefined
  }

  /**
   * The survey of its slot from now on; it is due.
   * @param before what is there, as `find()` gives it
   */
  put(row: Row, before: Row | undefined): void {
    const slot = slotOf(row.day, row.address)
    this.#stagedBytes += row.body.length
    const staged = before && this.#staged.get(slot)
    const replaces = before && !staged ? this.#idOf(slot) : undefined
    this.#staged.set(slot, staged ? { ...staged, row } : { slot, row, before, replaces })
  }

  /** Only the last upload that was merged into it is another one. */
  touch(row: Row): void {
    const { day, address, upload } = row
    const slot = slotOf(day, address)
    const staged = this.#staged.get(slot)
    if (staged) this.#staged.set(slot, { ...staged, row })
    else this.#query("UPDATE surveys SET upload = ?2 WHERE id = ?1").run(this.#idOf(slot) ?? 0, numberOf(upload))
  }

  /** Bytes of what was put and is not written yet. */
  get stagedBytes(): number {
    return this.#stagedBytes
  }

  /**
   * Appends what was put, in slot order, so that later few pages at a time are read.
   * @param isSettling with their slots; all others are written by then
   */
  write(isSettling = false): void {
    if (this.#staged.size === 0) return
    const staged = [...this.#staged.values()].sort((one, other) => one.slot - other.slot)
    this.#staged.clear()
    this.#stagedBytes = 0
    const last = this.#lastId
    const append = this.#query("INSERT INTO surveys VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")
    for (const { slot, row, before, replaces } of staged) {
      const { day, revision, body, readings, digest, upload, arrivedAt, late } = row
      if (before) this.days.add(day, -1, -before.readings, -before.body.length, -digestNumber(before.digest))
      if (replaces !== undefined) this.#query("DELETE FROM surveys WHERE id = ?1").run(replaces)
      const [id, number, content] = [++this.#lastId, digestNumber(digest), Bun.hash.crc32(body)]
      append.run(id, slot, revision, readings, content, number, numberOf(upload), arrivedAt, late, body)
      this.days.add(day, 1, readings, body.length, number)
      if (!isSettling) this.#keep(slot, id)
    }
    if (!isSettling) return
    this.#query(`INSERT OR REPLACE INTO slots SELECT ${SLOT_COLUMNS} FROM surveys WHERE id > ?1`).run(last)
    this.#query("INSERT OR REPLACE INTO due SELECT slot, id FROM surveys WHERE id > ?1").run(last)
    this.#settledDays.clear()
  }

  /** Surveys whose slots are yet to be written. */
  get unsettledCount(): number {
    return this.#tail.size
  }

  /** Whether some are not, of this slot or of those before it. */
  mayBeUnsettled(upTo: number): boolean {
    return this.#tail.keys().some((slot) => slot <= upTo)
  }

  /** The slots that are yet to be written, rising. */
  unsettled(): Float64Array {
    return Float64Array.from(this.#tail.keys()).sort()
  }

  /** Writes these of them, and makes them due. */
  settle(slots: Float64Array): void {
    const ids = JSON.stringify(Array.from(slots, (slot) => this.#tail.get(slot) ?? 0))
    const versions = (columns: string) =>
      `SELECT ${columns} FROM (SELECT value FROM json_each(?1)) CROSS JOIN surveys ON id = value`
    this.#query(`INSERT OR REPLACE INTO slots ${versions(SLOT_COLUMNS)}`).run(ids)
    this.#query(`INSERT OR REPLACE INTO due ${versions("slot, id")}`).run(ids)
    for (const slot of slots) this.#keep(slot, NOWHERE)
    this.#settledDays.clear()
    if (this.#tail.size === 0) this.#query("UPDATE settled SET up_to = ?1").run(this.#lastId)
  }

  /** Rows are about to be deleted: the ids of the last of them are not given again. */
  keepIds(): void {
    this.#query("UPDATE settled SET last_id = ?1").run(this.#lastId)
  }

  committed(): void {
    this.#undo = []
  }

  rolledBack(): void {
    this.#staged.clear()
    this.#stagedBytes = 0
    for (const { slot, id } of this.#undo.reverse()) this.#setTail(slot, id)
    this.#undo = []
    this.#settledDays.clear()
    this.#readIds()
  }

  #keep(slot: number, id: number): void {
    this.#undo.push({ slot, id: this.#tail.get(slot) ?? NOWHERE })
    this.#setTail(slot, id)
  }

  #setTail(slot: number, id: number): void {
    if (id === NOWHERE) this.#tail.delete(slot)
    else this.#tail.set(slot, id)
  }

  #readIds(): void {
    const sql = "SELECT max(last_id, coalesce((SELECT max(id) FROM surveys), 0)) AS last FROM settled"
    this.#lastId = this.#query<{ last: number }>(sql).get()?.last ?? 0
  }

  #idOf(slot: number): number | undefined {
    const id = this.#tail.get(slot)
    if (id !== undefined || !this.#hasSettled(slot)) return id
    return this.#query<{ id: number }>("SELECT id FROM slots WHERE slot = ?1").get(slot)?.id
  }

  /** Whether something of this slot's day is in `slots`. */
  #hasSettled(slot: number): boolean {
    const day = Math.floor(slot / A_DAY)
    const known = this.#settledDays.get(day)
    if (known !== undefined) return known
    const first = day * A_DAY
    const has =
      this.#query("SELECT 1 FROM slots WHERE slot BETWEEN ?1 AND ?2 LIMIT 1").get(first, first + A_DAY - 1) !== null
    this.#settledDays.set(day, has)
    return has
  }

  #query<Result = unknown>(sql: string) {
    return this.sqlite.query<Result, (string | number | bigint | null)[]>(sql)
  }
}

const numberOf = (digest: string | null): bigint | null => (digest === null ? null : digestNumber(digest))
