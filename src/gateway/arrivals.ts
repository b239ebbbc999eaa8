// Where surveys land in the spool: appended as they come, and put in their place among the others when there is time.
// In the order in which a fleet's devices happen to send, each place would cost a page read and a page written.
import type { DurableDatabase } from "../storage/database"
import type { Day } from "../survey/calendar"
import { AddressMap } from "./address-map"
import { daySql, onDaySql, placeOf } from "./places"

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

const DAYS_IN_MEMORY = 8
const IN_PLACE = 0

const COLUMNS = "place, revision, body, readings, digest, upload, arrived_at, late"
const FOUND = `revision, body, readings, lower(hex(digest)) AS digest, lower(hex(upload)) AS upload,
  arrived_at AS arrivedAt, late`

/** All methods that write do so within the caller's transaction. */
export class Arrivals {
  /** By day and address: the row's id among the arrivals, or that it is in its place. The day used last comes last. */
  readonly #days = new Map<Day, AddressMap>()
  #latest: { readonly day: Day; readonly addresses: AddressMap } | undefined
  /** Days of which some have not been put in their place. */
  #waitingDays: Set<Day>
  #waiting: number
  readonly #append // held here: Bun itself keeps only its first twenty statements

  constructor(private readonly database: DurableDatabase) {
    this.#waiting = this.#count()
    this.#waitingDays = this.#readWaitingDays()
    this.#append = this.#query(
      "INSERT INTO arrivals (place, revision, body, readings, digest, upload, late) VALUES (?, ?, ?, ?, unhex(?), unhex(?), ?)",
    )
  }

  /** Surveys that have not been put in their place. */
  get waiting(): number {
    return this.#waiting
  }

  has(day: Day, address: number): boolean {
    return this.#of(day).get(address) !== undefined
  }

  /** The same for one device of many days: each of them is not read whole. */
  hasOnce(day: Day, address: number): boolean {
    if (this.#days.has(day) || this.#waitingDays.has(day)) return this.has(day, address)
    return this.#query("SELECT 1 FROM surveys WHERE place = ?1").get(placeOf(day, address)) !== null
  }

  find(day: Day, address: number): Row | undefined {
    const id = this.#of(day).get(address)
    if (id === undefined) return undefined
    const row =
      id === IN_PLACE
        ? this.#query<Row>(`SELECT ${FOUND} FROM surveys WHERE place = ?1`).get(placeOf(day, address))
        : this.#query<Row>(`SELECT ${FOUND} FROM arrivals WHERE id = ?1`).get(id)
    return row ? { ...row, day, address, upload: row.upload || null } : undefined
  }

  /** A device's first survey of its day. */
  append(row: Omit<Row, "arrivedAt">): void {
    const { day, address, revision, body, readings, digest, upload, late } = row
    this.#append.run(placeOf(day, address), revision, body, readings, digest, upload, late)
    const id = ++this.#waiting // as SQLite counts: rows leave all at once, so there is no gap
    this.#of(day).set(address, id)
    this.#waitingDays.add(day)
  }

  /** Another content or another last upload; a new revision goes to the cloud. */
  update({ day, address, revision, body, readings, digest, upload, arrivedAt }: Row): void {
    const id = this.#of(day).get(address) ?? IN_PLACE
    const columns = "body = ?2, readings = ?3, digest = unhex(?4), upload = unhex(?5), arrived_at = ?6"
    const values = [revision, body, readings, digest, upload, arrivedAt]
    if (id !== IN_PLACE) {
      this.#query(`UPDATE arrivals SET revision = ?1, ${columns} WHERE id = ?7`).run(...values, id)
      return
    }
    const place = placeOf(day, address)
    this.#query("INSERT OR REPLACE INTO due SELECT place, ?2 FROM surveys WHERE place = ?1 AND revision != ?2").run(
      place,
      revision,
    )
    this.#query(
      `UPDATE surveys SET refused = iif(revision = ?1, refused, 0), revision = ?1, ${columns} WHERE place = ?7`,
    ).run(...values, place)
  }

  /** Puts all that wait in their place, in address order. */
  place(): void {
    if (this.#waiting === 0) return
    this.#query(`INSERT INTO surveys (${COLUMNS}) SELECT ${COLUMNS} FROM arrivals ORDER BY place`).run()
    this.#query("INSERT INTO due SELECT place, revision FROM arrivals ORDER BY place").run()
    this.#query("DELETE FROM arrivals").run()
    for (const addresses of this.#days.values()) addresses.setAll(IN_PLACE)
    this.#waiting = 0
    this.#waitingDays.clear()
  }

  /** Surveys of days before this one may have been deleted. */
  prune(before: Day): void {
    for (const day of this.#days.keys()) if (day < before) this.#days.delete(day)
    if (this.#latest && this.#latest.day < before) this.#latest = undefined
  }

  /** What was written is not: after a rollback only the database knows. */
  forget(): void {
    this.#days.clear()
    this.#latest = undefined
    this.#waiting = this.#count()
    this.#waitingDays = this.#readWaitingDays()
  }

  #of(day: Day): AddressMap {
    if (this.#latest?.day === day) return this.#latest.addresses
    const addresses = this.#days.get(day) ?? this.#read(day)
    this.#days.delete(day)
    this.#days.set(day, addresses)
    this.#latest = { day, addresses }
    const [oldest] = this.#days.keys()
    if (this.#days.size > DAYS_IN_MEMORY && oldest !== undefined) this.#days.delete(oldest)
    return addresses
  }

  #read(day: Day): AddressMap {
    const addresses = new AddressMap()
    const rows = this.#query<{ address: number; id: number }>(
      `SELECT address, ${IN_PLACE} AS id FROM surveys WHERE ${onDaySql("?1")}
       UNION ALL SELECT address, id FROM arrivals WHERE ${onDaySql("?1", "arrivals")}`,
    )
    for (const { address, id } of rows.iterate(day)) addresses.set(address, id)
    return addresses
  }

  #count(): number {
    return this.#query<{ rows: number }>("SELECT count(*) AS rows FROM arrivals").get()?.rows ?? 0
  }

  #readWaitingDays(): Set<Day> {
    const days = this.#query<{ day: Day }>(`SELECT ${daySql("min(place)")} AS day FROM arrivals GROUP BY place >> 32`)
    return new Set(days.all().map(({ day }) => day))
  }

  #query<Result = unknown>(sql: string) {
    return this.database.sqlite.query<Result, (string | number | null)[]>(sql)
  }
}
