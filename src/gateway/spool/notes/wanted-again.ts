// Surveys that are to come once more: their days may not have been over, as their source said or the clock was ahead.
import type { DurableDatabase } from "../../../storage/database"
import type { Day } from "../../../survey/calendar"
import { A_DAY, onDaySql, slotOf } from "../slot"

/** Methods that write do so within the caller's transaction. */
export class WantedAgain {
  /** Days since 1970 that may have one: a fleet asks a million times of days that have none. */
  #days: Set<number>

  constructor(private readonly database: DurableDatabase) {
    this.#days = this.#read()
  }

  /** All of this day whose slots are written. */
  expect(day: Day): void {
    this.#query(`INSERT OR IGNORE INTO again SELECT slot FROM slots WHERE ${onDaySql("?1")}`).run(day)
    this.#days.add(numberOf(day))
  }

  has(day: Day, address: number): boolean {
    return this.#mayHave(day) && this.#query("SELECT 1 FROM again WHERE slot = ?1").get(slotOf(day, address)) !== null
  }

  put(day: Day, address: number): void {
    this.#query("INSERT OR IGNORE INTO again VALUES (?1)").run(slotOf(day, address))
    this.#days.add(numberOf(day))
  }

  /** It has come. */
  settle(day: Day, address: number): void {
    if (this.#mayHave(day)) this.#query("DELETE FROM again WHERE slot = ?1").run(slotOf(day, address))
  }

  /** What was written may not be: only the database knows. */
  forget(): void {
    this.#days = this.#read()
  }

  #mayHave(day: Day): boolean {
    return this.#days.size > 0 && this.#days.has(numberOf(day))
  }

  #read(): Set<number> {
    const rows = this.#query<{ day: number }>("SELECT DISTINCT slot >> 32 AS day FROM again").all()
    return new Set(rows.map(({ day }) => day))
  }

  #query<Row = unknown>(sql: string) {
    return this.database.sqlite.query<Row, (string | number)[]>(sql)
  }
}

const numberOf = (day: Day): number => slotOf(day, 0) / A_DAY
