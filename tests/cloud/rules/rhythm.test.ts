// By when a site's next run should be told of.
import { expect, test } from "bun:test"
import { expectedBy } from "../../../src/cloud/rules/rhythm"

const HOUR_MS = 3_600_000
const at = (...days: readonly number[]) => days.map((day) => Date.UTC(2026, 10, day, 5))
const hoursAfter = (runs: readonly number[]) => ((expectedBy(runs) ?? 0) - Math.max(...runs)) / HOUR_MS

test.each([
  ["daily runs", at(20, 21, 22, 23), 36],
  ["a first run", at(23), 36],
  ["two runs", at(16, 23), 36],
  ["weekly runs", at(2, 9, 16, 23), 7 * 24 + 12],
  ["a schedule that leaves out weekends", at(9, 10, 11, 12, 13, 16, 17, 18, 19, 20, 23), 3 * 24 + 12],
  ["daily runs with one outage", at(1, 2, 3, 13, 14, 15), 36],
  ["runs in any order", at(23, 20, 22, 21), 36],
])("expectedBy() of %s", (_, runs, hours) => {
  expect(hoursAfter(runs)).toBe(hours)
})

test("expectedBy() of no run is never", () => {
  expect(expectedBy([])).toBeUndefined()
})
