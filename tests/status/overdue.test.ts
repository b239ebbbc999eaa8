import { expect, test } from "bun:test"
import { dueByRhythm } from "../../src/status/overdue"

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const GRACE_MS = 15 * 60_000
const MONDAY = Date.UTC(2026, 10, 23, 5)

const days = (...numbers: number[]) => numbers.map((day) => MONDAY + day * DAY_MS)
const due = (runs: readonly number[], now: number) => dueByRhythm(runs, GRACE_MS, now)

test("dueByRhythm() waits for the next day of a site that comes daily, with the grace and an hour for its clock", () => {
  const runs = days(0, 1, 2)
  expect(due(runs, MONDAY + 3 * DAY_MS + HOUR_MS + GRACE_MS)).toBeUndefined()
  expect(due(runs, MONDAY + 3 * DAY_MS + HOUR_MS + GRACE_MS + 300_000)).toBe(MONDAY + 3 * DAY_MS)
})

test("dueByRhythm() does not miss the runs of a weekend that never come", () => {
  const runs = days(0, 1, 2, 3, 4, 7, 8, 9) // Monday to Friday
  expect(due(runs, MONDAY + 12 * DAY_MS)).toBeUndefined()
  expect(due(days(0, 1, 2, 3, 4, 7, 8, 9, 10, 11), MONDAY + 14 * DAY_MS + 2 * HOUR_MS)).toBe(MONDAY + 14 * DAY_MS)
})

test("dueByRhythm() says nothing before there is a rhythm, nor behind a run that a clock far ahead has named", () => {
  expect(due([], MONDAY)).toBeUndefined()
  expect(due(days(0), MONDAY + 99 * DAY_MS)).toBeUndefined()
  expect(due(days(0, 1), MONDAY + 99 * DAY_MS)).toBeUndefined()
  expect(due(days(0, 1, 200), MONDAY + 99 * DAY_MS)).toBeUndefined()
})
