// What became of the last days' surveys, counted by the database: in all, and device by device in a small network.
import type { Database } from "bun:sqlite"
import { addDays, type Day } from "../../survey/calendar"
import type { AddressRange } from "../../topology/address"
import { covers, joinRanges, sizeOf } from "../../topology/ranges"
import type { Collection } from "../ledger/ledger"
import { countMissing } from "./missing"
import { daySql, onDaySql, placeOf, placeSql } from "./places"

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

/** Days with surveys, oldest first: from day to day by the key, whatever the number of devices. */
export function heldDays(sqlite: Database): Day[] {
  return sqlite
    .query<{ day: Day }, []>(
      `WITH RECURSIVE held (place) AS (
         SELECT min(place) FROM surveys
         UNION ALL
         SELECT (SELECT min(place) FROM surveys WHERE place >= ((held.place >> 32) + 1) << 32) FROM held
         WHERE held.place IS NOT NULL
       ) SELECT ${daySql("place")} AS day FROM held WHERE place IS NOT NULL`,
    )
    .all()
    .map(({ day }) => day)
}

/** The surveys of each day from one to another, oldest first. */
export function countSurveys(sqlite: Database, from: Day, to: Day): { day: Day; surveys: number }[] {
  const count = sqlite.query<{ surveys: number }, [Day]>(
    `SELECT count(*) AS surveys FROM surveys WHERE ${onDaySql("?1")}`,
  )
  const days = heldDays(sqlite).filter((day) => from <= day && day <= to)
  return days.map((day) => ({ day, surveys: count.get(day)?.surveys ?? 0 }))
}

/** How many surveys of a day and of these addresses are there, also where they have only landed. */
export function countSurveysOf(sqlite: Database, day: Day, { first, last }: AddressRange): number {
  const sql = (table: string) => `SELECT count(*) FROM ${table} WHERE place BETWEEN ?1 AND ?2`
  const row = sqlite
    .query<{ surveys: number }, [number, number]>(`SELECT (${sql("surveys")}) + (${sql("arrivals")}) AS surveys`)
    .get(placeOf(day, first), placeOf(day, last))
  return row?.surveys ?? 0
}

export function countDay(sqlite: Database, { day, closed, confirmed, expected }: Collection): DayCounts {
  const counts = sqlite
    .query<Pick<DayCounts, "arrived" | "late" | "refused" | "bytes"> & { due: number; quarantined: number }, [Day]>(
      `SELECT count(*) AS arrived, coalesce(sum(late), 0) AS late,
         (SELECT count(*) FROM refused WHERE ${onDaySql("?1", "refused")} AND runs > 0) AS refused,
         (SELECT count(*) FROM refused WHERE ${onDaySql("?1", "refused")} AND runs > 0
            AND NOT EXISTS (SELECT 1 FROM due WHERE due.place = refused.place)) AS quarantined,
         coalesce(sum(octet_length(body)), 0) AS bytes,
         (SELECT count(*) FROM due WHERE ${onDaySql("?1", "due")}) AS due
       FROM surveys WHERE ${onDaySql("?1")}`,
    )
    .get(day)
  const same = sqlite
    .query<{ unchanged: number }, [Day, Day]>(
      `SELECT count(*) AS unchanged FROM surveys AS today
       CROSS JOIN surveys AS before ON before.place = ${placeSql("?2", "today.address")}
       WHERE ${onDaySql("?1", "today")} AND today.readings > 0 AND today.body = before.body`,
    )
    .get(day, addDays(day, -1))
  const ranges = joinRanges(expected)
  return {
    day,
    closed,
    confirmed,
    expected: sizeOf(ranges),
    arrived: counts?.arrived ?? 0,
    late: counts?.late ?? 0,
    missing: countMissing(sqlite, day, ranges),
    unchanged: same?.unchanged ?? 0,
    delivered: counts ? counts.arrived - counts.quarantined - counts.due : 0,
    waiting: counts ? counts.due + counts.quarantined - counts.refused : 0,
    refused: counts?.refused ?? 0,
    bytes: counts?.bytes ?? 0,
  }
}

interface Row {
  readonly address: number
  readonly late: number
  readonly due: number
  readonly refused: number
  readonly unchanged: number
  readonly readings: number
}

/** These devices' states of one day, by address. */
export function deviceDays(
  sqlite: Database,
  { day, expected }: Collection,
  addresses: readonly number[],
): Map<number, DeviceDay> {
  const rows = sqlite
    .query<Row, [Day, Day, string]>(
      `SELECT today.address, today.late, today.readings,
         EXISTS (SELECT 1 FROM refused WHERE refused.place = today.place AND runs > 0) AS refused,
         EXISTS (SELECT 1 FROM due WHERE due.place = today.place) AS due,
         coalesce(today.readings > 0 AND today.body = before.body, 0) AS unchanged
       FROM json_each(?3) AS device
       CROSS JOIN surveys AS today ON today.place = ${placeSql("?1", "device.value")}
       LEFT JOIN surveys AS before ON before.place = ${placeSql("?2", "device.value")}`,
    )
    .all(day, addDays(day, -1), JSON.stringify(addresses))
  const known = new Map(rows.map((row) => [row.address, row]))
  return new Map(
    addresses.map((address) => {
      const row = known.get(address)
      if (row) return [address, describe(day, row)]
      const isExpected = covers(expected, address)
      return [address, { day, state: isExpected ? "missing" : "none", late: false, unchanged: false, readings: 0 }]
    }),
  )
}

function describe(day: Day, { late, due, refused, unchanged, readings }: Row): DeviceDay {
  const state = refused ? "refused" : due ? "waiting" : "delivered"
  return { day, state, late: late === 1, unchanged: unchanged === 1, readings }
}
