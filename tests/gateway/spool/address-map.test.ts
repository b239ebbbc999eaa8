import { expect, test } from "bun:test"
import fc from "fast-check"
import { AddressMap } from "../../../src/gateway/spool/address-map"

test("AddressMap is a map", () => {
  const address = fc.oneof(fc.integer({ min: 0, max: 0xffff_ffff }), fc.integer({ min: 0x0a00_0000, max: 0x0a00_0020 }))
  fc.assert(
    fc.property(fc.array(fc.tuple(address, fc.nat()), { maxLength: 200 }), fc.array(address), (entries, others) => {
      const [ours, known] = [new AddressMap(), new Map<number, number>()]
      for (const [key, value] of entries) {
        ours.set(key, value)
        known.set(key, value)
      }
      expect(ours.size).toBe(known.size)
      for (const key of [...known.keys(), ...others]) expect(ours.get(key)).toBe(known.get(key))
    }),
  )
})

test("set() gives the number that was there, and the map lists each address once", () => {
  const map = new AddressMap()
  for (let address = 0; address < 1000; address += 2) expect(map.set(address, address + 1)).toBeUndefined()
  for (let address = 0; address < 1000; address += 4) expect(map.set(address, 0)).toBe(address + 1)
  const expected = Array.from({ length: 500 }, (_, n) => [2 * n, n % 2 === 0 ? 0 : 2 * n + 1])
  expect([...map].map(([address, value]) => [address, value]).sort(([one = 0], [other = 0]) => one - other)).toEqual(
    expected,
  )
})

test("AddressMap holds a million neighbours within 32 MB", () => {
  const map = new AddressMap()
  for (let address = 0x0a00_0000; address < 0x0a00_0000 + 1_000_000; address++) map.set(address, 7)
  expect(map.size).toBe(1_000_000)
  expect(map.sizeBytes).toBeLessThanOrEqual(32 * 1024 * 1024)
})
