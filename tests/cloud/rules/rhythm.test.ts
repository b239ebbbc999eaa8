// When a site's next run is due, by the rhythm of its last ones.
import { expect, test } from "bun:test"
import { isOverdue, nextRun } from "../../../src/cloud/rules/rhythm"

const HOUR_MS = 3_600_000
const at = (...days: readonly number[]) => days.map((day) => Date.UTC(2026, 10, day, 5))
const hoursAfter = (runs: readonly number[]) => ((nextRun(runs) ?? 0) - Math.max(...runs)) / HOUR_MS

test.each([
  ["daily runs", at(20, 21, 22, 23), 24],
  ["a first run", at(23), 24],
  ["two runs", at(16, 23), 24],
  ["weekly runs", at(2, 9, 16, 23), 7 * 24],
  ["a schedule that leaves out weekends", at(9, 10, 11, 12, 13, 16, 17, 18, 19, 20, 23), 3 * 24],
  ["daily runs with one outage", at(1, 2, 3, 13, 14, 15), 24],
  ["runs in any order", at(23, 20, 22, 21), 24],
])("nextRun() of %s", (_, runs, hours) => {
  expect(hoursAfter(runs)).toBe(hours)
})

test("nextRun() of no run is never", () => {
  expect(nextRun([])).toBeUndefined()
})

test("isOverdue() waits for hours, as schedules are changed", () => {
  expect([5, 7].map((hours) => isOverdue(0, hours * HOUR_MS))).toEqual([false, true])
})
