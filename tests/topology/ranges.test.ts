import { expect, test } from "bun:test"
import fc from "fast-check"
import type { AddressRange } from "../../src/topology/address"
import { addressesIn, covers, joinRanges, overlap, sizeOf, slicesIn, without } from "../../src/topology/ranges"
import { listed, ranges } from "./some-ranges"

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

test("slicesIn() has each address once, in its order, and every slice but the last is full", () => {
  fc.assert(
    fc.property(ranges, fc.integer({ min: 1, max: 9 }), (some, most) => {
      const slices = [...slicesIn(joinRanges(some), most)]
      expect(slices.flat()).toEqual(listed(some))
      expect(slices.slice(0, -1).every(({ length }) => length === most)).toBe(true)
      expect(slices.every(({ length }) => length > 0 && length <= most)).toBe(true)
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

test("covers() holds for the addresses in the ranges and no other", () => {
  fc.assert(
    fc.property(ranges, fc.nat(80), (some, address) => {
      expect(covers(joinRanges(some), address)).toBe(listed(some).includes(address))
    }),
  )
})

test("covers() looks at few of many ranges: every upload asks", () => {
  const many = Array.from({ length: 100_000 }, (_, n): AddressRange => ({ first: 4 * n, last: 4 * n + 1 }))
  let looks = 0
  const watched = new Proxy(many, {
    get(ranges, key) {
      if (key !== "length") looks++
      return Reflect.get(ranges, key)
    },
  })
  expect([0, 1, 2, 200_001, 200_002, 399_997, 399_998].map((address) => covers(watched, address))).toEqual([
    true,
    true,
    false,
    true,
    false,
    true,
    false,
  ])
  expect(looks).toBeLessThan(7 * 20)
})

test.each([
  [[[1, 9]], [], [[1, 9]]],
  [[[1, 9]], [[1, 9]], []],
  [
    [[1, 9]],
    [[3, 4]],
    [
      [1, 2],
      [5, 9],
    ],
  ],
  [
    [[1, 9]],
    [
      [0, 1],
      [4, 4],
      [9, 12],
    ],
    [
      [2, 3],
      [5, 8],
    ],
  ],
  [
    [
      [1, 3],
      [6, 9],
      [20, 30],
    ],
    [
      [2, 7],
      [25, 40],
    ],
    [
      [1, 1],
      [8, 9],
      [20, 24],
    ],
  ],
  [
    [[5, 5]],
    [
      [0, 3],
      [7, 9],
    ],
    [[5, 5]],
  ],
] as [number, number][][][])("without(%j, %j) is %j", (some = [], others = [], expected = []) => {
  const ranges = (pairs: readonly [number, number][]) => pairs.map(([first, last]) => ({ first, last }))
  expect(without(ranges(some), ranges(others))).toEqual(ranges(expected))
})
