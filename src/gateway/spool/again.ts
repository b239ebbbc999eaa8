// Surveys that came while the clock was ahead: their days may not have been over, so they are to come once more.
import type { DurableDatabase } from "../../storage/database"
import type { Day } from "../../survey/calendar"
import { onDaySql, placeOf } from "./places"

/** Methods that write do so within the caller's transaction. */
export class Again {
  /** There is nearly never one, and a fleet would ask a million times. */
  #hasAny: boolean

  constructor(private readonly database: DurableDatabase) {
    this.#hasAny = this.#read()
  }

  /** All that is there of this day. */
  expect(day: Day): void {
    for (const table of ["surveys", "arrivals"]) {
      this.#query(`INSERT OR IGNORE INTO again SELECT place FROM ${table} WHERE ${onDaySql("?1", table)}`).run(day)
    }
    this.forget()
  }

  has(day: Day, address: number): boolean {
    return this.#hasAny && this.#query("SELECT 1 FROM again WHERE place = ?1").get(placeOf(day, address)) !== null
  }

  /** It has come. */
  settle(day: Day, address: number): void {
    if (this.#hasAny) this.#query("DELETE FROM again WHERE place = ?1").run(placeOf(day, address))
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
