// The time zone of every day in the spool: that of its first survey, whatever the topology says later. A survey that has
// an hour twice, or none, can be read in no other.
import type { DurableDatabase } from "../../storage/database"
import type { Day } from "../../survey/calendar"
import { onDaySql } from "./places"

/** Small enough to be held in memory whole: a row a day. Methods that write do so within the caller's transaction. */
export class Zones {
  #zones: Map<Day, string>

  /** @param current the topology's */
  constructor(
    private readonly database: DurableDatabase,
    private readonly current: string,
  ) {
    this.#zones = this.#read()
  }

  of(day: Day): string {
    return this.#zones.get(day) ?? this.current
  }

  /** The day's first survey has come. */
  keep(day: Day): void {
    if (this.#zones.has(day)) return
    this.database.sqlite.query("INSERT INTO zones VALUES (?1, ?2)").run(day, this.current)
    this.#zones.set(day, this.current)
  }

  /**
   * Forgets days before this one of which there are no surveys any more.
   * @param landed days of which some are not in their place
   */
  prune(before: Day, landed: readonly Day[]): void {
    this.database.sqlite
      .query(
        `DELETE FROM zones WHERE day < ?1 AND day NOT IN (SELECT value FROM json_each(?2))
         AND NOT EXISTS (SELECT 1 FROM surveys WHERE ${onDaySql("zones.day")})`,
      )
      .run(before, JSON.stringify(landed))
    this.forget()
  }

  /** What was written may not be: only the database knows. */
  forget(): void {
    this.#zones = this.#read()
  }

  #read(): Map<Day, string> {
    const rows = this.database.sqlite.query<{ day: Day; zone: string }, []>("SELECT day, zone FROM zones").all()
    return new Map(rows.map(({ day, zone }) => [day, zone]))
  }
}
