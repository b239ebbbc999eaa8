import { expect, test } from "bun:test"
import { Silence } from "../../src/net/silence"
import { VirtualClock } from "../virtual-clock"

const DAY_MS = 86_400_000

test.each([
  ["set back", -DAY_MS],
  ["set ahead", DAY_MS],
])("Silence is noticed when it has lasted so long, also where the clock is %s", async (_, leapMs) => {
  const clock = new VirtualClock(10 * DAY_MS)
  const silent: number[] = []
  const silence = new Silence(clock, 30_000, () => silent.push(clock.monotonic()))
  await clock.advance(20_000)
  const heardAt = clock.monotonic()
  silence.heard()
  clock.set(clock.now() + leapMs)
  await clock.advance(DAY_MS)
  expect(silent).toEqual([heardAt + 30_000])
})
