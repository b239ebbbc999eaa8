import { expect, test } from "bun:test"
import fc from "fast-check"
import { addressesIn, countMissing, joinRanges, missingRanges, overlap, sizeOf } from "../../src/gateway/missing"
import type { AddressRange } from "../../src/topology/address"
import { Bench, DAY } from "./fixtures"

const ranges = fc
  .array(fc.tuple(fc.nat(60), fc.nat(8)))
  .map((pairs) => pairs.map(([first, length]): AddressRange => ({ first, last: first + length })))
const listed = (some: readonly AddressRange[]) => [...new Set(addressesIn(some))].sort((a, b) => a - b)

test("joinRanges() keeps the addresses, in as few ranges as hold them", () => {
  fc.assert(
    fc.property(ranges, (some) => {
      const joined = joinRanges(some)
      expect([...addressesIn(joined)]).toEqual(listed(some))
      expect(sizeOf(joined)).toBe(listed(some).length)
      for (const [index, { last }] of joined.entries())
        expect(joined[index + 1]?.first ?? 1000).toBeGreaterThan(last + 1)
    }),
  )
})

test("overlap() keeps what is in both", () => {
  fc.assert(
    fc.property(ranges, ranges, (some, others) => {
      const both = listed(some).filter((address) => listed(others).includes(address))
      expect([...addressesIn(overlap(joinRanges(some), joinRanges(others)))]).toEqual(both)
    }),
  )
})

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
