// The spool as it is read: by its gateway in order, when all is settled, and by others beside it.
import type { Database } from "bun:sqlite"
import { openForReading } from "../../storage/database"
import type { Day } from "../../survey/calendar"
import type { AddressRange } from "../../topology/address"
import { covers, joinRanges, sizeOf } from "../../topology/ranges"
import { SPOOL } from "./schema"
import { A_DAY, addressSql, daySql, lastSlotOf, onDaySql, slotOf } from "./slot"
import { SLOT_COLUMNS, TAIL } from "./surveys"

/** One day in numbers. */
export interface DayCounts {
  readonly day: Day
  /** The gateway no longer waits for it. */
  readonly closed: boolean
  /** The cloud's store agreed. */
  readonly confirmed: boolean
  readonly expected: number
  /** Surveys that came, late ones among them, also from devices that nobody expected. */
  readonly arrived: number
  readonly late: number
  /** Expected devices without a survey. */
  readonly missing: number
  /** Surveys with the readings of the day before. */
  readonly unchanged: number
  readonly delivered: number
  /** Surveys that are here and not at the cloud yet; what it refuses is not among them. */
  readonly waiting: number
  /** Surveys that the cloud refuses. */
  readonly refused: number
  /** Bytes of their text. */
  readonly bytes: number
}

/** One device's day. */
export interface DeviceDay {
  readonly day: Day
  /** `waiting`: it is here and goes to the cloud; `none`: nothing came, and nothing was expected. */
  readonly state: "delivered" | "waiting" | "refused" | "missing" | "none"
  readonly late: boolean
  readonly unchanged: boolean
  readonly readings: number
}

// Where the slots of the last surveys are not written yet, `slots` and `due` are views, which SQLite serves by their keys
// where these are compared with values, not with another table's columns.

/** A day's collection, as far as its surveys are counted by it. */
interface Expectation {
  readonly day: Day
  readonly closed: boolean
  readonly confirmed: boolean
  readonly expected: readonly AddressRange[]
}

/**
 * Opens a spool beside its gateway, which notices nothing: what is read is of one moment, and whole. Throws StorageError,
 * also when there is none yet.
 */
export function openSpool(file: string): Database {
  const sqlite = openForReading(file, SPOOL)
  sqlite.run("BEGIN")
  sqlite.run("CREATE TEMP TABLE tail (slot INTEGER PRIMARY KEY, id, readings, content, late)")
  sqlite.run(`INSERT INTO tail SELECT ${SLOT_COLUMNS} FROM ${TAIL}`)
  if (sqlite.query("SELECT 1 FROM tail LIMIT 1").get() === null) return sqlite
  // in the place of the tables of these names
  const isElsewhere = (table: string) => `NOT EXISTS (SELECT 1 FROM tail WHERE tail.slot = ${table}.slot)`
  sqlite.run(
    `CREATE TEMP VIEW slots AS
       SELECT ${SLOT_COLUMNS}, day, address FROM main.slots WHERE ${isElsewhere("slots")}
       UNION ALL SELECT ${SLOT_COLUMNS}, ${daySql("slot")}, ${addressSql("slot")} FROM tail`,
  )
  sqlite.run(
    `CREATE TEMP VIEW due AS
       SELECT slot, id FROM main.due WHERE ${isElsewhere("due")} UNION ALL SELECT slot, id FROM tail`,
  )
  return sqlite
}

/** The surveys of each day from one to another, oldest first; days without any are not among them. */
export function countSurveys(sqlite: Database, from: Day, to: Day): { day: Day; surveys: number }[] {
  return sqlite
    .query<{ day: Day; surveys: number }, [Day, Day]>(
      "SELECT day, surveys FROM days WHERE surveys > 0 AND day BETWEEN ?1 AND ?2 ORDER BY day",
    )
    .all(from, to)
}

/** Days with surveys, oldest first. */
export const heldDays = (sqlite: Database): Day[] =>
  countSurveys(sqlite, "0000-01-01", "9999-12-31").map(({ day }) => day)

/** How many surveys of a day and of these addresses are there. */
export function countSurveysOf(sqlite: Database, day: Day, { first, last }: AddressRange): number {
  const sql = "SELECT count(*) AS surveys FROM slots WHERE slot BETWEEN ?1 AND ?2"
  const row = sqlite.query<{ surveys: number }, [number, number]>(sql).get(slotOf(day, first), slotOf(day, last))
  return row?.surveys ?? 0
}

export function countDay(sqlite: Database, { day, closed, confirmed, expected }: Expectation): DayCounts {
  const totals = sqlite
    .query<{ surveys: number; bytes: number }, [Day]>("SELECT surveys, bytes FROM days WHERE day = ?1")
    .get(day)
  const counts = sqlite
    .query<Pick<DayCounts, "late" | "refused"> & { due: number; quarantined: number }, [Day]>(
      `SELECT (SELECT count(*) FROM slots WHERE ${onDaySql("?1")} AND late = 1) AS late,
         (SELECT count(*) FROM refused WHERE ${onDaySql("?1", "refused")} AND runs > 0) AS refused,
         (SELECT count(*) FROM refused WHERE ${onDaySql("?1", "refused")} AND runs > 0
            AND slot NOT IN (SELECT slot FROM due WHERE ${onDaySql("?1", "due")})) AS quarantined,
         (SELECT count(*) FROM due WHERE ${onDaySql("?1", "due")}) AS due`,
    )
    .get(day)
  const { surveys: arrived = 0, bytes = 0 } = totals ?? {}
  const { late = 0, refused = 0, quarantined = 0, due = 0 } = counts ?? {}
  const ranges = joinRanges(expected)
  return {
    day,
    closed,
    confirmed,
    expected: sizeOf(ranges),
    arrived,
    late,
    missing: countMissing(sqlite, day, ranges),
    unchanged: countUnchanged(sqlite, day),
    delivered: arrived - quarantined - due,
    waiting: due + quarantined - refused,
    refused,
    bytes,
  }
}

function countUnchanged(sqlite: Database, day: Day): number {
  const row = sqlite
    .query<{ unchanged: number }, [Day]>(
      // the second bound on `before` is for a view, which is not served by its keys where they are a column's
      `SELECT count(*) AS unchanged FROM slots AS today
       CROSS JOIN slots AS before ON before.slot = today.slot - ${A_DAY}
         AND ${onDaySql("date(?1, '-1 day')", "before")}
       WHERE ${onDaySql("?1", "today")} AND today.readings > 0 AND ${IS_SAME}`,
    )
    .get(day)
  return row?.unchanged ?? 0
}

/** SQL: whether the surveys of the slots `today` and `before` have the same readings. */
export const IS_SAME = "today.content = before.content AND today.readings = before.readings"

interface SlotRow {
  readonly late: number
  readonly due: number
  readonly refused: number
  readonly unchanged: number | null
  readonly readings: number
}

/** A device's state of one day; costs a few look-ups, however large the fleet is. */
export function deviceDay(sqlite: Database, { day, expected }: Expectation, address: number): DeviceDay {
  const row = sqlite
    .query<SlotRow, [number]>(
      `SELECT late, readings,
         EXISTS (SELECT 1 FROM refused WHERE slot = ?1 AND runs > 0) AS refused,
         EXISTS (SELECT 1 FROM due WHERE slot = ?1) AS due,
         readings > 0 AND (readings, content) = (SELECT readings, content FROM slots WHERE slot = ?1 - ${A_DAY})
           AS unchanged
       FROM slots WHERE slot = ?1`,
    )
    .get(slotOf(day, address))
  if (row) return describe(day, row)
  const state = covers(expected, address) ? "missing" : "none"
  return { day, state, late: false, unchanged: false, readings: 0 }
}

function describe(day: Day, { late, due, refused, unchanged, readings }: SlotRow): DeviceDay {
  const state = refused ? "refused" : due ? "waiting" : "delivered"
  return { day, state, late: late === 1, unchanged: unchanged === 1, readings }
}

/** Surveys that go to the cloud still, and the oldest one's day. */
export function countDue(sqlite: Database): { readonly surveys: number; readonly oldest: Day | null } {
  const sql = `SELECT count(*) AS surveys, ${daySql("min(slot)")} AS oldest FROM due`
  return sqlite.query<{ surveys: number; oldest: Day | null }, []>(sql).get() ?? { surveys: 0, oldest: null }
}

/** Surveys that the cloud has put off, and those of days behind this one, by day. */
export function countWaiting(sqlite: Database, after: Day): { readonly day: Day; readonly surveys: number }[] {
  return sqlite
    .query<{ day: Day; surveys: number }, [number]>(
      `SELECT ${daySql("min(slot)")} AS day, count(*) AS surveys FROM
         (SELECT slot FROM refused WHERE runs = 0 UNION SELECT slot FROM slots WHERE slot > ?1)
       GROUP BY slot >> 32 ORDER BY 1`,
    )
    .all(lastSlotOf(after))
}

// Who did not report is found as the gaps between those who did: a million devices are counted, never listed.

/** How many of these addresses have no survey of this day. */
export function countMissing(sqlite: Database, day: Day, ranges: readonly AddressRange[]): number {
  return ranges.reduce((sum, range) => sum - countSurveysOf(sqlite, day, range), sizeOf(ranges))
}

/** Up to `limit` ranges of these addresses that have no survey of this day, rising. */
export function missingRanges(
  sqlite: Database,
  day: Day,
  ranges: readonly AddressRange[],
  limit: number,
): AddressRange[] {
  const gaps = sqlite.query<AddressRange, [number, number, number]>(
    `WITH here (slot) AS (SELECT slot FROM slots WHERE slot BETWEEN ?1 AND ?2)
     SELECT first, last FROM
       (SELECT ?1 AS first, coalesce(min(slot), ?2 + 1) - 1 AS last FROM here
        UNION ALL SELECT slot + 1, lead(slot, 1, ?2 + 1) OVER (ORDER BY slot) - 1 FROM here)
     WHERE first <= last ORDER BY first LIMIT ?3`,
  )
  const missing: AddressRange[] = []
  const start = slotOf(day, 0)
  for (const range of ranges) {
    if (missing.length >= limit) break
    const found = gaps.all(start + range.first, start + range.last, limit - missing.length)
    missing.push(...found.map(({ first, last }) => ({ first: first - start, last: last - start })))
  }
  return missing
}
