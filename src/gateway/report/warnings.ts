// What a person would want to know about a day's surveys, although nothing is wrong with them.
import type { Database } from "bun:sqlite"
import { addDays, type Day } from "../../survey/calendar"
import { onDaySql, placeSql } from "../spool/places"

export type Warning =
  | { readonly kind: "unchanged"; readonly address: number; readonly since: Day }
  | { readonly kind: "empty"; readonly address: number }
  | { readonly kind: "few"; readonly address: number; readonly readings: number; readonly usual: number }

const USUAL_DAYS = 7
const FEWEST_DAYS_TO_COMPARE = 3
const FAR_FEWER = 0.5

/** The day's warnings, in address order. */
export function warningsOf(sqlite: Database, day: Day): Warning[] {
  const warnings = [...unchanged(sqlite, day), ...empty(sqlite, day), ...few(sqlite, day)]
  return warnings.sort((a, b) => a.address - b.address)
}

/** Whether any of the day's surveys is another one than that of the day before. */
export function hasChanged(sqlite: Database, day: Day): boolean {
  const sql = `SELECT 1 FROM surveys AS today
    CROSS JOIN surveys AS before ON before.place = ${placeSql("date(?1, '-1 day')", "today.address")}
    WHERE ${onDaySql("?1", "today")} AND before.body != today.body LIMIT 1`
  return sqlite.query<unknown, [Day]>(sql).get(day) !== null
}

function unchanged(sqlite: Database, day: Day): Warning[] {
  return sqlite
    .query<{ address: number; since: Day }, [Day]>(
      `WITH RECURSIVE same (address, since) AS (
         SELECT address, ?1 FROM surveys WHERE ${onDaySql("?1")} AND readings > 0
         UNION ALL
         SELECT same.address, before.day FROM same
         CROSS JOIN surveys AS before ON before.place = ${placeSql("date(same.since, '-1 day')", "same.address")}
         CROSS JOIN surveys AS today ON today.place = ${placeSql("?1", "same.address")}
         WHERE before.body = today.body
       )
       SELECT address, min(since) AS since FROM same GROUP BY address HAVING min(since) < ?1`,
    )
    .all(day)
    .map(({ address, since }) => ({ kind: "unchanged", address, since }))
}

function empty(sqlite: Database, day: Day): Warning[] {
  return sqlite
    .query<{ address: number }, [Day]>(`SELECT address FROM surveys WHERE ${onDaySql("?1")} AND readings = 0`)
    .all(day)
    .map(({ address }) => ({ kind: "empty", address }))
}

function few(sqlite: Database, day: Day): Warning[] {
  return sqlite
    .query<{ address: number; readings: number; usual: number }, [Day, Day, number, number]>(
      `WITH RECURSIVE days (day) AS (SELECT ?2 UNION ALL SELECT date(day, '+1 day') FROM days WHERE day < date(?1, '-1 day'))
       SELECT today.address, today.readings, avg(earlier.readings) AS usual FROM surveys AS today
       CROSS JOIN days
       CROSS JOIN surveys AS earlier ON earlier.place = ${placeSql("days.day", "today.address")}
       WHERE ${onDaySql("?1", "today")} AND today.readings > 0
       GROUP BY today.place HAVING count(*) >= ?3 AND today.readings < ?4 * usual`,
    )
    .all(day, addDays(day, -USUAL_DAYS), FEWEST_DAYS_TO_COMPARE, FAR_FEWER)
    .map(({ address, readings, usual }) => ({ kind: "few", address, readings, usual: Math.round(usual) }))
}
