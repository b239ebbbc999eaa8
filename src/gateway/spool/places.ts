// A survey's place in the spool: one number for its day and its address, so that a fleet's day stands together, in address
// order, and costs no key beside it. For those who write SQL: the columns `day` and `address` are read from it.
import type { Day } from "../../survey/calendar"

const A_DAY = 2 ** 32 // one place for every address
const DAY_MS = 86_400_000

export const BEFORE_ALL = Number.MIN_SAFE_INTEGER // places

// a fleet asks a million times for one day
let latest = { day: "", first: 0 }

/** The place of this device's survey of this day: exact up to the year 7711, where a number's 53 bits end. */
export function placeOf(day: Day, address: number): number {
  if (day !== latest.day) latest = { day, first: (Date.parse(day) / DAY_MS) * A_DAY }
  return latest.first + address
}

/** SQL: the same, of a day and an address that are SQL. */
export const placeSql = (day: string, address: string): string => `(unixepoch(${day}) / 86400 << 32) + ${address}`

/** SQL: the last place of a day that is SQL. */
export const lastPlaceSql = (day: string): string => placeSql(day, "4294967295")

/** SQL: the day of a place that is SQL. */
export const daySql = (place: string): string => `date((${place} >> 32) * 86400, 'unixepoch')`

/** SQL: whether the survey of this name, a table's, is of a day that is SQL. */
export const onDaySql = (day: string, survey = "surveys"): string =>
  `${survey}.place BETWEEN ${placeSql(day, "0")} AND ${lastPlaceSql(day)}`

/** SQL: whether it is of an earlier day. */
export const beforeDaySql = (day: string, survey = "surveys"): string => `${survey}.place < ${placeSql(day, "0")}`
