// The number that a day and an address make, in TypeScript and in SQL.
import { Database } from "bun:sqlite"
import { expect, test } from "bun:test"
import {
  addressOfSlot,
  addressSql,
  beforeDaySql,
  dayOfSlot,
  daySql,
  onDaySql,
  slotOf,
  slotSql,
} from "../../../src/gateway/spool/slot"
import { addDays, type Day } from "../../../src/survey/calendar"

const DAYS: readonly Day[] = ["0000-01-01", "1969-12-31", "1970-01-01", "2024-02-29", "2026-11-21", "7711-01-01"]
const ADDRESSES = [0, 1, 0xc0a8_0102, 0xffff_ffff]

const sqlite = new Database(":memory:")
const evaluate = (sql: string, ...values: (string | number)[]) =>
  sqlite.query(`SELECT ${sql}`).values(...values)[0]?.[0]

test("SQL and TypeScript agree, from the first address of the first day to the last of the last", () => {
  for (const day of DAYS) {
    for (const address of ADDRESSES) {
      const slot = slotOf(day, address)
      expect(evaluate(slotSql("?1", "?2"), day, address)).toBe(slot)
      expect([evaluate(addressSql("?1"), slot), addressOfSlot(slot)]).toEqual([address, address])
      expect([evaluate(daySql("?1"), slot), dayOfSlot(slot)]).toEqual([day, day])
    }
  }
})

test("slots rise with the days, and within a day with the addresses", () => {
  const slots = DAYS.flatMap((day) => ADDRESSES.map((address) => slotOf(day, address)))
  expect(slots).toEqual(slots.toSorted((a, b) => a - b))
  expect(new Set(slots).size).toBe(slots.length)
})

test("a day's slots are its own, and neither the day before's nor the next one's", () => {
  const day = "2026-11-21"
  const rows = `(WITH rows (slot) AS (SELECT ?2) SELECT count(*) FROM rows WHERE ${onDaySql("?1", "rows")})`
  for (const address of ADDRESSES) {
    expect(evaluate(rows, day, slotOf(day, address))).toBe(1)
    expect(evaluate(rows, day, slotOf(addDays(day, -1), address))).toBe(0)
    expect(evaluate(rows, day, slotOf(addDays(day, 1), address))).toBe(0)
    const earlier = `(WITH rows (slot) AS (SELECT ?2) SELECT count(*) FROM rows WHERE ${beforeDaySql("?1", "rows")})`
    expect(evaluate(earlier, day, slotOf(day, address))).toBe(0)
    expect(evaluate(earlier, day, slotOf(addDays(day, -1), address))).toBe(1)
  }
})
