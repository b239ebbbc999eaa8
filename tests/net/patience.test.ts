import { expect, test } from "bun:test"
import { Patience } from "../../src/net/patience"
import { VirtualClock } from "../virtual-clock"

const DAY_MS = 86_400_000

test.each([
  ["set back", -DAY_MS],
  ["set ahead", DAY_MS],
])("Patience ends by what has passed, also where the clock is %s", async (_, leapMs) => {
  const clock = new VirtualClock(10 * DAY_MS)
  const over: number[] = []
  const patience = new Patience(
    clock,
    () => 1000,
    () => over.push(clock.monotonic()),
  )
  const begunAt = clock.monotonic()
  patience.begin()
  await clock.advance(30_000)
  clock.set(clock.now() + leapMs)
  await clock.advance(DAY_MS)
  expect(over).toEqual([begunAt + 70_000]) // a minute, and a second for each 100 bytes
})
