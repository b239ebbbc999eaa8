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

test("replaceUpTo() gives addresses of smaller numbers another, and no other address any", () => {
  const map = new AddressMap()
  for (let address = 0; address < 1000; address += 2) map.set(address, address + 1)
  map.replaceUpTo(501, 0)
  const expected = (address: number) => (address % 2 === 1 ? undefined : address <= 500 ? 0 : address + 1)
  for (let address = 0; address < 1000; address++) expect(map.get(address)).toBe(expected(address))
})

test("AddressMap holds a million neighbours within 32 MB", () => {
  const map = new AddressMap()
  for (let address = 0x0a00_0000; address < 0x0a00_0000 + 1_000_000; address++) map.set(address, 7)
  expect(map.size).toBe(1_000_000)
  expect(map.sizeBytes).toBeLessThanOrEqual(32 * 1024 * 1024)
})
