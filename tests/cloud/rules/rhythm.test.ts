// When a site's next run is due, by the rhythm of its last ones.
import { expect, test } from "bun:test"
import { isOverdue, lastRunsIn, lastRunsOfAll, nextRun } from "../../../src/cloud/rules/rhythm"
import { allSites } from "../../../src/cloud/store/all-sites"
import { LAST_DAY } from "../../../src/cloud/store/days"
import { addDays } from "../../../src/survey/calendar"
import { Bench } from "../fixtures"

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

test("lastRunsOfAll() finds of each site what lastRunsIn() does", async () => {
  using bench = new Bench()
  for (const [site, runs] of Object.entries({ farm: 40, barn: 15, hill: 3, new: 0 })) {
    await bench.describeSite(site)
    for (let nth = 0; nth < runs; nth++) {
      const report = nth === 1 ? { adopted: true } : { scheduledAt: new Date(at(nth)[0] ?? 0).toISOString() }
      bench.write(
        "INSERT INTO collections SELECT id, ?2, 1, '0', ?3, 1 FROM sites WHERE site = ?1",
        ...[site, addDays("2026-10-01", nth), JSON.stringify(report)],
      )
    }
  }
  await using tables = await bench.openTables()
  const all = await lastRunsOfAll(tables)
  const counts: number[] = []
  for (const { id } of await allSites(tables)) {
    const runs = await lastRunsIn(tables, id, LAST_DAY)
    expect(all.get(id)?.toSorted() ?? []).toEqual(runs.toSorted())
    counts.push(runs.length)
  }
  expect(counts).toEqual([14, 15, 2, 0]) // barn, farm, hill, new
})
