// The surveys themselves: each version is appended as it comes and never moved, so that a fleet's uploads, which come in
// the order of chance, cost no page each. Where a survey is stands in `slots`, written in order when there is time; until
// then this process knows, and the next one finds what follows behind `settled`.
import type { Database } from "bun:sqlite"
import type { Day } from "../../survey/calendar"
import { digestNumber, digestSql } from "../../survey/digest"
import type { Days } from "./days"
import { dayOfSlot, lastSlotOf, onDaySql, slotOf } from "./slot"
import { contentOf, readTail, Tail } from "./tail"

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

/** A version that the transaction under way writes. */
interface Staged {
  readonly slot: number
  row: Row
  /** What was there before. */
  readonly before: Row | undefined
  /** The version that it was, which goes. */
  readonly replaces: number | undefined
  readonly content: number
  /** Its row; 0 until it is written. */
  id: number
}

const FEW = 64 // versions whose slots are written with them: each may write a page
const NOTED_EVERY = 1024 // of such versions, up to where there is nothing to look for

/** Methods that write do so within the caller's transaction; memory follows when that is committed. */
export class Surveys {
  readonly #tail = new Tail()
  readonly #staged = new Map<number, Staged>()
  #stagedBytes = 0
  #written: Staged[] = []
  /** Slots that the transaction has written, each followed by its version: a million of them in one run of a fleet. */
  #settling: number[] = []
  /** The last version that was committed, and the last that was given. */
  #committedId: number
  #lastId: number
  #settledUpTo: number
  /** Whether something of a day stands in `slots`; where it is not known it is asked. */
  readonly #settledDays = new Map<Day, boolean>()

  constructor(
    private readonly sqlite: Database,
    private readonly days: Days,
  ) {
    const [last = 0] = this.#numbers("SELECT max(id) FROM surveys")
    const [settled = 0] = this.#numbers("SELECT up_to FROM settled")
    this.#settledUpTo = settled
    this.#committedId = Math.max(last, settled) // no id is given twice
    this.#lastId = this.#committedId
    for (const { slot, id, readings, content, late } of readTail(sqlite)) {
      this.#tail.add(slot, id, readings, content, late)
    }
  }

  has(day: Day, address: number): boolean {
    const slot = slotOf(day, address)
    return this.#staged.has(slot) || this.#idOf(slot, day) !== undefined
  }

  find(day: Day, address: number): Row | undefined {
    const slot = slotOf(day, address)
    const staged = this.#staged.get(slot)
    if (staged) return staged.row
    const id = this.#idOf(slot, day)
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
    const content = contentOf(row.body)
    this.#stagedBytes += row.body.length
    const staged = before && this.#staged.get(slot)
    if (staged) this.#staged.set(slot, { ...staged, row, content })
    else {
      const replaces = before && this.#idOf(slot, row.day)
      this.#staged.set(slot, { slot, row, before, replaces, content, id: 0 })
    }
  }

  /** Only the last upload that was merged into it is another one. */
  touch(row: Row): void {
    const { day, address, upload } = row
    const slot = slotOf(day, address)
    const staged = this.#staged.get(slot)
    if (staged) staged.row = row
    const id = staged ? undefined : this.#idOf(slot, day)
    if (id === undefined) return
    this.#query("UPDATE surveys SET upload = ?2 WHERE id = ?1").run(id, upload === null ? null : digestNumber(upload))
  }

  /** Appends what was put, in slot order, so that later few pages at a time are read; and the slots of a few. */
  write(): void {
    if (this.#staged.size === 0) return
    const staged = [...this.#staged.values()].sort((one, other) => one.slot - other.slot)
    this.#staged.clear()
    this.#stagedBytes = 0
    const append = this.#query("INSERT INTO surveys VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")
    for (const each of staged) {
      const { slot, before, replaces } = each
      const { day, revision, body, readings, digest, upload, arrivedAt, late } = each.row
      if (before) this.days.add(day, -1, -before.readings, -before.body.length, -digestNumber(before.digest))
      if (replaces !== undefined) this.#query("DELETE FROM surveys WHERE id = ?1").run(replaces)
      each.id = ++this.#lastId
      const number = digestNumber(digest)
      const merged = upload === null ? null : digestNumber(upload)
      append.run(each.id, slot, revision, body, readings, number, merged, arrivedAt, late)
      this.days.add(day, 1, readings, body.length, number)
      this.#written.push(each)
    }
    if (this.#tail.size > 0 || this.#written.length > FEW) return
    this.#settleWritten()
    if (this.#lastId - this.#settledUpTo >= NOTED_EVERY) this.#noteSettled(this.#lastId)
  }

  /** The slots that are yet to be written, rising. */
  unsettled(): Float64Array {
    return this.#tail.slots()
  }

  /** Whether there are none. */
  get isSettled(): boolean {
    return this.#tail.size === 0
  }

  /** Whether there may be some of this day, or of those before it. */
  mayBeUnsettled(upTo: Day): boolean {
    return this.#tail.mayHave(lastSlotOf(upTo))
  }

  /** Bytes of what was put and is not written yet. */
  get stagedBytes(): number {
    return this.#stagedBytes
  }

  /** Writes these slots, of those. */
  settle(slots: Float64Array): void {
    for (const slot of slots) {
      const entry = this.#tail.find(slot)
      if (!entry) continue
      this.#writeSlot(slot, entry.id, entry.readings, entry.content, entry.late)
      this.#settling.push(slot, entry.id)
    }
    if (this.#settling.length === 2 * this.#tail.size) this.#noteSettled(this.#committedId)
  }

  /** Writes all that was put, and all slots: from here on the tables say everything, within this transaction too. */
  settleAll(): void {
    this.write()
    this.settle(this.unsettled())
    this.#settleWritten()
    this.#noteSettled(this.#lastId)
  }

  committed(): void {
    this.#committedId = this.#lastId
    for (let at = 0; at < this.#settling.length; at += 2) {
      this.#tail.settle(this.#settling[at] ?? 0, this.#settling[at + 1] ?? 0)
    }
    for (const { slot, id, row, content } of this.#written) this.#tail.add(slot, id, row.readings, content, row.late)
    this.#settling = []
    this.#written = []
  }

  rolledBack(): void {
    this.#lastId = this.#committedId
    this.#staged.clear()
    this.#stagedBytes = 0
    this.#settling = []
    this.#written = []
    this.forgetDays()
    this.#settledUpTo = this.#numbers("SELECT up_to FROM settled")[0] ?? 0
  }

  /** Slots were deleted. */
  forgetDays(): void {
    this.#settledDays.clear()
  }

  #settleWritten(): void {
    for (const { slot, id, row, content } of this.#written) this.#writeSlot(slot, id, row.readings, content, row.late)
    this.#written = []
  }

  #writeSlot(slot: number, id: number, readings: number, content: number, late: number): void {
    this.#query("INSERT OR REPLACE INTO slots VALUES (?1, ?2, ?3, ?4, ?5)").run(slot, id, readings, content, late)
    this.#query("INSERT OR REPLACE INTO due VALUES (?1, ?2)").run(slot, id)
    this.#settledDays.set(dayOfSlot(slot), true)
  }

  #noteSettled(upTo: number): void {
    if (upTo === this.#settledUpTo) return
    this.#query("UPDATE settled SET up_to = ?1").run(upTo)
    this.#settledUpTo = upTo
  }

  #idOf(slot: number, day: Day): number | undefined {
    const id = this.#tail.idOf(slot)
    if (id !== undefined || !this.#hasSettled(day)) return id
    return this.#numbers("SELECT id FROM slots WHERE slot = ?1", slot)[0]
  }

  #hasSettled(day: Day): boolean {
    const known = this.#settledDays.get(day)
    if (known !== undefined) return known
    const has = this.#numbers(`SELECT slot FROM slots WHERE ${onDaySql("?1")} LIMIT 1`, day).length > 0
    this.#settledDays.set(day, has)
    return has
  }

  #numbers(sql: string, ...values: (string | number)[]): number[] {
    const row = this.sqlite.query<Record<string, number | null>, (string | number)[]>(sql).get(...values)
    return Object.values(row ?? {}).map((value) => value ?? 0)
  }

  #query<Result = unknown>(sql: string) {
    return this.sqlite.query<Result, (string | number | bigint | null)[]>(sql)
  }
}
