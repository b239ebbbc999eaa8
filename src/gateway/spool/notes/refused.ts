// What the cloud refuses. A 4.xx is believed when it was given on three runs: until then the survey stays due, outside the
// count that is agreed upon; then it is in quarantine. What only has to wait is passed over until the next run.
import type { Database } from "bun:sqlite"
import type { DurableDatabase } from "../../../storage/database"
import type { Day } from "../../../survey/calendar"
import { formatAddress } from "../../../topology/address"
import type { Reason } from "../../../verdict"
import { addressSql, onDaySql, slotOf } from "../slot"

/** One version of a survey, as it was refused. */
export interface RefusedVersion {
  readonly day: Day
  readonly address: number
  readonly version: number
}

const BELIEVED_RUNS = 3

/** SQL: whether the version that a row of this table names was refused. */
export const isRefusedSql = (table: string): string =>
  `EXISTS (SELECT 1 FROM refused WHERE refused.slot = ${table}.slot AND refused.id = ${table}.id)`

/** Methods that write do so within the caller's transaction. */
export class RefusedSurveys {
  constructor(private readonly database: DurableDatabase) {}

  /** Counts a refusal of this run; whether it is believed now. */
  note({ day, address, version }: RefusedVersion, run: number, reason: string): boolean {
    const row = this.#query<{ runs: number }>(
      `INSERT INTO refused VALUES (?1, ?2, ?3, 1, ?4)
       ON CONFLICT DO UPDATE SET id = excluded.id, run = excluded.run, reason = excluded.reason,
         runs = iif(id = excluded.id, runs + (run != excluded.run OR runs = 0), 1)
       RETURNING runs`,
    ).get(slotOf(day, address), version, run, reason)
    return (row?.runs ?? 0) >= BELIEVED_RUNS
  }

  /** It only has to wait: not before the next run is it tried again. */
  postpone({ day, address, version }: RefusedVersion, run: number, reason: string): void {
    this.#query("INSERT OR REPLACE INTO refused VALUES (?1, ?2, ?3, 0, ?4)").run(
      slotOf(day, address),
      version,
      run,
      reason,
    )
  }

  /** The cloud has taken it, or it is another one now. */
  forget(day: Day, address: number): void {
    this.#query("DELETE FROM refused WHERE slot = ?1").run(slotOf(day, address))
  }

  #query<Row = unknown>(sql: string) {
    return this.database.sqlite.query<Row, (string | number)[]>(sql)
  }
}

/** How many of a day's surveys the cloud refuses; also beside a running gateway. */
export function countRefused(sqlite: Database, day: Day): number {
  const sql = `SELECT count(*) AS surveys FROM refused WHERE ${onDaySql("?1", "refused")} AND runs > 0`
  return sqlite.query<{ surveys: number }, [Day]>(sql).get(day)?.surveys ?? 0
}

/** The first so many reasons of a day. */
export function refusalsOf(sqlite: Database, day: Day, limit: number): Reason[] {
  return sqlite
    .query<{ address: number; reason: string }, [Day, number]>(
      `SELECT ${addressSql("slot")} AS address, reason FROM refused
       WHERE ${onDaySql("?1", "refused")} AND runs > 0 ORDER BY slot LIMIT ?2`,
    )
    .all(day, limit)
    .map(({ address, reason }) => ({ ip: formatAddress(address), reason }))
}
