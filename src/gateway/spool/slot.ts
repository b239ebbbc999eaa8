// A survey's slot: its day and its device's address in one number, days since 1970 times 2^32 and the address, so that a
// fleet's day stands together in address order. For those who write SQL: the tables' columns `day` and `address` are read from it.
import type { Day } from "../../survey/calendar"
import { EVERY_ADDRESS } from "../../topology/address"

export const A_DAY = 2 ** 32 // a slot for every address
const DAY_MS = 86_400_000

export const BEFORE_ALL = Number.MIN_SAFE_INTEGER // slots

// of the whole process, as it says the same to everybody: a fleet asks a million times for one day
let latest = { day: "", first: Number.NaN }

/** The slot of this device and day: exact up to the year 7711, where a number's 53 bits end. */
export function slotOf(day: Day, address: number): number {
  if (day !== latest.day) latest = { day, first: (Date.parse(day) / DAY_MS) * A_DAY }
  return latest.first + address
}

/** The last slot of a day. */
export const lastSlotOf = (day: Day): number => slotOf(day, EVERY_ADDRESS.last)

export function dayOfSlot(slot: number): Day {
  const days = Math.floor(slot / A_DAY)
  if (days * A_DAY !== latest.first)
    latest = { day: new Date(days * DAY_MS).toISOString().slice(0, 10), first: days * A_DAY }
  return latest.day as Day
}

export const addressOfSlot = (slot: number): number => slot - Math.floor(slot / A_DAY) * A_DAY

/** SQL: the slot of a day and an address that are SQL. */
export const slotSql = (day: string, address: string): string => `(unixepoch(${day}) / 86400 << 32) + ${address}`

/** SQL: the day of a slot that is SQL. */
export const daySql = (slot: string): string => `date((${slot} >> 32) * 86400, 'unixepoch')`

/** SQL: the address of a slot that is SQL. */
export const addressSql = (slot: string): string => `${slot} & 4294967295`

/** SQL: whether the row of this name, a table's, is of a day that is SQL. */
export const onDaySql = (day: string, row = "slots"): string =>
  `${row}.slot BETWEEN ${slotSql(day, "0")} AND ${slotSql(day, "4294967295")}`

/** SQL: whether it is of an earlier day. */
export const beforeDaySql = (day: string, row = "slots"): string => `${row}.slot < ${slotSql(day, "0")}`
