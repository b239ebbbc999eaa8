import { expect, test } from "bun:test"
import fc from "fast-check"
import { countMissing, missingRanges } from "../../../src/gateway/spool/reader"
import { addressesIn, joinRanges } from "../../../src/topology/ranges"
import { listed, ranges } from "../../topology/some-ranges"
import { Bench, DAY } from "../fixtures"

test("missingRanges() and countMissing() find whom the spool has nothing of", async () => {
  using bench = new Bench()
  const arrived = [3, 4, 9, 20, 255]
  await Promise.all(arrived.map((address) => bench.accept("", address)))
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
