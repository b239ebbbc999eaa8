// Surveys that are to come once more: their days may not have been over, as their source said or the clock was ahead.
import type { DurableDatabase } from "../../../storage/database"
import type { Day } from "../../../survey/calendar"
import { onDaySql, slotOf } from "../slot"

/** Methods that write do so within the caller's transaction. */
export class WantedAgain {
  /** There is nearly never one, and a fleet would ask a million times. */
  #hasAny: boolean

  constructor(private readonly database: DurableDatabase) {
    this.#hasAny = this.#read()
  }

  /** All of this day whose slots are written. */
  expect(day: Day): void {
    this.#query(`INSERT OR IGNORE INTO again SELECT slot FROM slots WHERE ${onDaySql("?1")}`).run(day)
    this.forget()
  }

  has(day: Day, address: number): boolean {
    return this.#hasAny && this.#query("SELECT 1 FROM again WHERE slot = ?1").get(slotOf(day, address)) !== null
  }

  put(day: Day, address: number): void {
    this.#query("INSERT OR IGNORE INTO again VALUES (?1)").run(slotOf(day, address))
    this.#hasAny = true
  }

  /** It has come. */
  settle(day: Day, address: number): void {
    if (this.#hasAny) this.#query("DELETE FROM again WHERE slot = ?1").run(slotOf(day, address))
  }

  /** What was written may not be: only the database knows. */
  forget(): void {
    this.#hasAny = this.#read()
  }

  #read(): boolean {
    return this.#query("SELECT 1 FROM again LIMIT 1").get() !== null
  }

  #query(sql: string) {
    return this.database.sqlite.query<unknown, (string | number)[]>(sql)
  }
}
