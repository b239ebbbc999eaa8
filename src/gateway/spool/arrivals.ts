// Where surveys land in the spool: appended as they come, and put in their place among the others when there is time.
// In the order in which a fleet's devices happen to send, each place would cost a page read and a page written.
import type { DurableDatabase } from "../../storage/database"
import { pageBytes } from "../../storage/size"
import type { Day } from "../../survey/calendar"
import { digestNumber, digestSql } from "../../survey/digest"
import { AddressMap } from "./address-map"
import { type Amount, type AmountOfDay, Landed } from "./landed"
import type { LogRoom } from "./log-room"
import { daySql, onDaySql, placeOf } from "./places"
import { type Bytes, MOST_IN_PORTION, placingNeeds, SPLIT_LOGGED_PAGES, surveyBytes } from "./space"

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
const FOUND = `revision, body, readings, ${digestSql("digest")} AS digest,
  iif(upload IS NULL, NULL, ${digestSql("upload")}) AS upload, arrived_at AS arrivedAt, late`
const AMOUNT = "count(*) AS surveys, coalesce(sum(octet_length(body)), 0) AS bytes"
const amountsSql = (where = "") =>
  `SELECT ${daySql("min(place)")} AS day, ${AMOUNT} FROM arrivals ${where} GROUP BY place >> 32`

interface HeldDay {
  readonly day: Day
  /** For each address the row's id among the arrivals, or that it is in its place. */
  readonly addresses: AddressMap
  /** In their place. */
  readonly placed: Amount
}

/** All methods that write do so within the caller's transaction. */
export class Arrivals {
  /** The day used last comes last. */
  readonly #days = new Map<Day, HeldDay>()
  #latest: HeldDay | undefined
  /** Those that have not been put in their place. */
  #landed = new Landed()
  /** The id of the last of them. */
  #lastId = 0
  readonly #page: number
  readonly #append // held here: Bun itself keeps only its first twenty statements

  constructor(
    private readonly database: DurableDatabase,
    private readonly logRoom: LogRoom,
  ) {
    this.#page = pageBytes(database.sqlite).one
    this.#readLanded()
    this.#append = this.#query(
      "INSERT INTO arrivals (place, revision, body, readings, digest, upload, late) VALUES (?, ?, ?, ?, ?, ?, ?)",
    )
  }

  /** Surveys that have not been put in their place. */
  get waiting(): number {
    return this.#landed.surveys
  }

  /** Their days. */
  get waitingDays(): readonly Day[] {
    return this.#landed.days
  }

  /** What it takes to put them in their place. */
  get needs(): Bytes {
    return this.#landed.needs(this.#page)
  }

  /** Pages of a day that uploads may split, beside those that have landed. */
  splittable(day: Day): number {
    return this.#landed.splittable(day, this.#of(day).placed, this.#page)
  }

  has(day: Day, address: number): boolean {
    return this.#of(day).addresses.get(address) !== undefined
  }

  /** The same for one device of many days: each of them is not read whole. */
  hasOnce(day: Day, address: number): boolean {
    if (this.#days.has(day) || this.#landed.has(day)) return this.has(day, address)
    return this.#query("SELECT 1 FROM surveys WHERE place = ?1").get(placeOf(day, address)) !== null
  }

  find(day: Day, address: number): Row | undefined {
    const id = this.#of(day).addresses.get(address)
    if (id === undefined) return undefined
    const row =
      id === IN_PLACE
        ? this.#query<Row>(`SELECT ${FOUND} FROM surveys WHERE place = ?1`).get(placeOf(day, address))
        : this.#query<Row>(`SELECT ${FOUND} FROM arrivals WHERE id = ?1`).get(id)
    return row ? { ...row, day, address } : undefined
  }

  /** A device's first survey of its day. */
  append(row: Omit<Row, "arrivedAt">): void {
    const { day, address, revision, body, readings, digest, upload, late } = row
    const lastUpload = upload === null ? null : digestNumber(upload)
    this.#append.run(placeOf(day, address), revision, body, readings, digestNumber(digest), lastUpload, late)
    const { addresses, placed } = this.#of(day)
    addresses.set(address, ++this.#lastId) // as SQLite counts: only the first leave, or all, and then it begins at 1 again
    this.logRoom.wrote(body.length)
    this.#landed.add(day, { surveys: 1, bytes: body.length }, placed)
  }

  /** One will get another content within this transaction. */
  expectUpdate(): void {
    this.logRoom.wrote(SPLIT_LOGGED_PAGES * this.#page)
  }

  /** Another content or another last upload; a new revision goes to the cloud. */
  update(stored: Row, { revision, body, readings, digest, upload, arrivedAt }: Omit<Row, "day" | "address">): void {
    const { day, address } = stored
    const { addresses, placed } = this.#of(day)
    const id = addresses.get(address) ?? IN_PLACE
    const columns = "body = ?2, readings = ?3, digest = ?4, upload = ?5, arrived_at = ?6"
    const lastUpload = upload === null ? null : digestNumber(upload)
    const values = [revision, body, readings, digestNumber(digest), lastUpload, arrivedAt]
    const longerBytes = body.length - stored.body.length
    if (id !== IN_PLACE) {
      this.#query(`UPDATE arrivals SET revision = ?1, ${columns} WHERE id = ?7`).run(...values, id)
      this.#landed.resize(day, longerBytes)
      return
    }
    placed.bytes += longerBytes
    const place = placeOf(day, address)
    this.#query("INSERT OR REPLACE INTO due SELECT place, ?2 FROM surveys WHERE place = ?1 AND revision != ?2").run(
      place,
      revision,
    )
    this.#query(`UPDATE surveys SET revision = ?1, ${columns} WHERE place = ?7`).run(...values, place)
  }

  /**
   * Puts those that wait in their place, in address order: all, or as many of the first as a commit may write, one at
   * least. Returns how many.
   */
  place(mostLogBytes = Number.POSITIVE_INFINITY): number {
    const { waiting, needs } = this
    if (waiting === 0) return 0
    const portion = needs.logBytes <= mostLogBytes ? { surveys: waiting, ...needs } : this.#portion(mostLogBytes)
    this.logRoom.wrote(portion.logBytes)
    this.#placeUpTo(this.#lastId - waiting + portion.surveys)
    return portion.surveys
  }

  /** The first ones that need no more, counted one by one: each of the first may split a page, those behind them share. */
  #portion(mostLogBytes: number): { surveys: number; logBytes: number } {
    const mostSplits = this.#landed.splits(this.#page)
    const first = this.#query<{ bytes: number }>(
      `SELECT octet_length(body) AS bytes FROM arrivals ORDER BY id LIMIT ${MOST_IN_PORTION}`,
    ).all()
    let [surveys, bytes, logBytes] = [0, 0, 0]
    for (const survey of first) {
      bytes += surveyBytes(survey.bytes, this.#page)
      const needs = placingNeeds(bytes, Math.min(surveys + 1, mostSplits), this.#page)
      if (surveys > 0 && needs.logBytes > mostLogBytes) break
      logBytes = needs.logBytes
      surveys++
    }
    return { surveys, logBytes }
  }

  #placeUpTo(id: number): void {
    const isAll = id === this.#lastId // then SQLite empties the table without a look at its rows
    const [where, values] = isAll ? ["", []] : ["WHERE id <= ?1", [id]]
    const moved = isAll ? this.#landed.all : this.#query<AmountOfDay>(amountsSql(where)).all(...values)
    this.#query(`INSERT INTO surveys (${COLUMNS}) SELECT ${COLUMNS} FROM arrivals ${where} ORDER BY place`).run(
      ...values,
    )
    this.#query(`INSERT INTO due SELECT place, revision FROM arrivals ${where} ORDER BY place`).run(...values)
    this.#query(`DELETE FROM arrivals ${where}`).run(...values)
    for (const { addresses } of this.#days.values()) addresses.replaceUpTo(id, IN_PLACE)
    for (const { day, ...amount } of moved) this.#landed.place(day, amount)
    if (isAll) this.#lastId = 0
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
    this.#readLanded()
  }

  #of(day: Day): HeldDay {
    if (this.#latest?.day === day) return this.#latest
    const held = this.#days.get(day) ?? this.#read(day)
    this.#days.delete(day)
    this.#days.set(day, held)
    this.#latest = held
    const [oldest] = this.#days.keys()
    if (this.#days.size > DAYS_IN_MEMORY && oldest !== undefined) this.#days.delete(oldest)
    return held
  }

  #read(day: Day): HeldDay {
    const addresses = new AddressMap()
    const placed = { surveys: 0, bytes: 0 }
    const rows = this.#query<{ address: number; id: number; bytes: number }>(
      `SELECT address, ${IN_PLACE} AS id, octet_length(body) AS bytes FROM surveys WHERE ${onDaySql("?1")}
       UNION ALL SELECT address, id, 0 FROM arrivals WHERE ${onDaySql("?1", "arrivals")}`,
    )
    for (const { address, id, bytes } of rows.iterate(day)) {
      addresses.set(address, id)
      if (id === IN_PLACE) placed.surveys++
      placed.bytes += bytes
    }
    return { day, addresses, placed: this.#landed.placedOf(day) ?? placed }
  }

  #readPlaced(day: Day): Amount {
    const amount = this.#query<Amount>(`SELECT ${AMOUNT} FROM surveys WHERE ${onDaySql("?1")}`).get(day)
    return amount ?? { surveys: 0, bytes: 0 }
  }

  #readLanded(): void {
    this.#landed = new Landed()
    this.#lastId = this.#query<{ id: number }>("SELECT coalesce(max(id), 0) AS id FROM arrivals").get()?.id ?? 0
    const days = this.#query<AmountOfDay>(amountsSql())
    for (const { day, ...amount } of days.all()) this.#landed.add(day, amount, this.#readPlaced(day))
  }

  #query<Result = unknown>(sql: string) {
    return this.database.sqlite.query<Result, (string | number | bigint | null)[]>(sql)
  }
}
