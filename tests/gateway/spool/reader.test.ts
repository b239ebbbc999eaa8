import type { Database } from "bun:sqlite"
import { expect, test } from "bun:test"
import fc from "fast-check"
import {
  countDay,
  countMissing,
  countWaiting,
  deviceDay,
  missingRanges,
  openSpool,
} from "../../../src/gateway/spool/reader"
import { addDays } from "../../../src/survey/calendar"
import { addressesIn, joinRanges } from "../../../src/topology/ranges"
import { listed, ranges } from "../../topology/some-ranges"
import { Bench, DAY } from "../fixtures"

test("missingRanges() and countMissing() find whom the spool has nothing of", async () => {
  using bench = new Bench()
  const arrived = [3, 4, 9, 20, 255]
  await Promise.all(arrived.map((address) => bench.accept("", address)))
  await bench.spool.settle()
  const { sqlite } = bench.database
  fc.assert(
    fc.property(ranges, (some) => {
      const joined = joinRanges(some)
      const missing = listed(joined).filter((address) => !arrived.includes(address))
      expect([...addressesIn(missingRanges(sqlite, DAY, joined, 1000))]).toEqual(missing)
      expect(countMissing(sqlite, DAY, joined)).toBe(missing.length)
    }),
  )
  expect(missingRanges(sqlite, DAY, [{ first: 0, last: 100 }], 2)).toEqual([
    { first: 0, last: 2 },
    { first: 5, last: 8 },
  ])
  expect(countMissing(sqlite, "2026-11-20", [{ first: 0, last: 0xffff_ffff }])).toBe(2 ** 32)
})

test("whoever reads beside a burst reads by keys: a fleet's spool is not looked through", async () => {
  using bench = new Bench()
  await bench.accept("08:00 - 1 - 1%", 1, addDays(DAY, -1))
  await Promise.all(Array.from({ length: 100 }, (_, n) => bench.accept("08:00 - 1 - 1%", n)))
  using beside = openSpool(bench.database.file)
  const plans = new Set<string>()
  const { query } = beside
  beside.query = function (this: Database, sql: string) {
    const explain = this.prepare<{ detail: string }, []>(`EXPLAIN QUERY PLAN ${sql}`)
    for (const { detail } of explain.all()) plans.add(detail)
    return query.call(this, sql)
  } as typeof query
  const collection = { day: DAY, closed: true, confirmed: false, expected: [{ first: 0, last: 100 }] }
  expect(countDay(beside, collection)).toMatchObject({ arrived: 100, missing: 1, unchanged: 1, waiting: 100 })
  expect(deviceDay(beside, collection, 1)).toMatchObject({ state: "waiting", unchanged: true })
  expect(missingRanges(beside, DAY, collection.expected, 9)).toEqual([{ first: 100, last: 100 }])
  expect(countWaiting(beside, DAY)).toEqual([])
  // but for the slots of one day, in which those of the next are looked for
  const ofOneDay = "SEARCH before USING AUTOMATIC PARTIAL COVERING INDEX (slot=? AND readings=? AND content=?)"
  const scanned = [...plans].filter((plan) => /SCAN main\.|AUTOMATIC/.test(plan) && plan !== ofOneDay)
  expect(scanned).toEqual([])
  expect(plans.size).toBeGreaterThan(5)
})
