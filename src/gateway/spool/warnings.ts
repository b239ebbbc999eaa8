// What a person would want to know about a day's surveys, although nothing is wrong with them.
import type { Database } from "bun:sqlite"
import type { Day } from "../../survey/calendar"
import { IS_SAME } from "./reader"
import { A_DAY, addressOfSlot, dayOfSlot, onDaySql } from "./slot"

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
  const sql = `SELECT 1 FROM slots AS today CROSS JOIN slots AS before ON before.slot = today.slot - ${A_DAY}
    WHERE ${onDaySql("?1", "today")} AND NOT (${IS_SAME}) LIMIT 1`
  return sqlite.query<unknown, [Day]>(sql).get(day) !== null
}

function unchanged(sqlite: Database, day: Day): Warning[] {
  return sqlite
    .query<{ slot: number; since: number }, [Day]>(
      `WITH RECURSIVE same (slot, since, content, readings) AS (
         SELECT slot, slot, content, readings FROM slots WHERE ${onDaySql("?1")} AND readings > 0
         UNION ALL
         SELECT today.slot, before.slot, today.content, today.readings FROM same AS today
         CROSS JOIN slots AS before ON before.slot = today.since - ${A_DAY} WHERE ${IS_SAME}
       )
       SELECT slot, min(since) AS since FROM same GROUP BY slot HAVING min(since) < slot`,
    )
    .all(day)
    .map(({ slot, since }) => ({ kind: "unchanged", address: addressOfSlot(slot), since: dayOfSlot(since) }))
}

function empty(sqlite: Database, day: Day): Warning[] {
  return sqlite
    .query<{ address: number }, [Day]>(`SELECT address FROM slots WHERE ${onDaySql("?1")} AND readings = 0`)
    .all(day)
    .map(({ address }) => ({ kind: "empty", address }))
}

function few(sqlite: Database, day: Day): Warning[] {
  return sqlite
    .query<{ address: number; readings: number; usual: number }, [Day, number, number, number]>(
      `WITH RECURSIVE ago (days) AS (SELECT 1 UNION ALL SELECT days + 1 FROM ago WHERE days < ?2)
       SELECT today.address, today.readings, avg(earlier.readings) AS usual FROM slots AS today
       CROSS JOIN ago
       CROSS JOIN slots AS earlier ON earlier.slot = today.slot - ago.days * ${A_DAY}
       WHERE ${onDaySql("?1", "today")} AND today.readings > 0
       GROUP BY today.slot HAVING count(*) >= ?3 AND today.readings < ?4 * usual`,
    )
    .all(day, USUAL_DAYS, FEWEST_DAYS_TO_COMPARE, FAR_FEWER)
    .map(({ address, readings, usual }) => ({ kind: "few", address, readings, usual: Math.round(usual) }))
}
