import { expect, test } from "bun:test"
import { Regulars } from "../../src/net/regulars"
import { formatAddress } from "../../src/topology/address"
import { seededRandom, VirtualClock } from "../virtual-clock"

const HOUR_MS = 3_600_000

test("Regulars knows who brought something today or the day before", async () => {
  const clock = new VirtualClock(1_000_000_000_000)
  const regulars = new Regulars(clock, seededRandom(1))
  expect(regulars.has("10.0.0.2")).toBe(false)
  for (let day = 0; day < 600; day++) {
    regulars.note("10.0.0.2")
    await clock.advance(24 * HOUR_MS)
    expect([regulars.has("10.0.0.2"), regulars.has("10.0.0.3")]).toEqual([true, false])
  }
  await clock.advance(24 * HOUR_MS)
  expect(regulars.has("10.0.0.2")).toBe(false)
})

test("Regulars takes hardly anybody for one of a hundred others", () => {
  const regulars = new Regulars(new VirtualClock(1_000_000_000_000), seededRandom(1))
  for (let at = 0; at < 100; at++) regulars.note(formatAddress(0x0a00_0002 + at))
  let taken = 0
  for (let at = 0; at < 10_000; at++) if (regulars.has(formatAddress(0x7f80_0001 + 7 * at))) taken++
  expect(taken).toBeLessThan(50)
})
