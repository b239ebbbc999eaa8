import { afterEach, beforeEach, describe, expect, jest, setSystemTime, test } from "bun:test"
import { backoff, pause, systemClock } from "../src/clock"
import { VirtualClock } from "./virtual-clock"

const DAY_MS = 86_400_000

describe("systemClock.after()", () => {
  beforeEach(() => {
    jest.useFakeTimers()
  })
  afterEach(() => {
    jest.useRealTimers()
  })

  test.each([1, 24, 49])("calls back once after %p days, which may be more than setTimeout counts", (days) => {
    let calls = 0
    systemClock.after(days * DAY_MS, () => calls++)
    jest.advanceTimersByTime(days * DAY_MS - 1)
    expect(calls).toBe(0)
    jest.advanceTimersByTime(1)
    expect(calls).toBe(1)
    jest.advanceTimersByTime(days * DAY_MS)
    expect(calls).toBe(1)
  })

  test.each([0, 30])("can be cancelled after %p of 49 days", (days) => {
    let calls = 0
    const cancel = systemClock.after(49 * DAY_MS, () => calls++)
    jest.advanceTimersByTime(days * DAY_MS)
    cancel()
    jest.advanceTimersByTime(49 * DAY_MS)
    expect([calls, jest.getTimerCount()]).toEqual([0, 0])
  })
})

describe("monotonic()", () => {
  test("does not notice that the wall clock is set", async () => {
    const clock = new VirtualClock(1000)
    const before = clock.monotonic()
    await clock.advance(5)
    clock.set(0)
    expect([clock.now(), clock.monotonic() - before]).toEqual([0, 5])
  })

  test("of the system goes on when its wall clock is set back", () => {
    const before = systemClock.monotonic()
    setSystemTime(0)
    expect([systemClock.now(), systemClock.monotonic() >= before]).toEqual([0, true])
    setSystemTime()
  })
})

describe("pause()", () => {
  test("resolves when the time is over, and leaves nothing behind", async () => {
    const clock = new VirtualClock()
    await clock.run(pause(clock, 5000, new AbortController().signal))
    expect([clock.now(), clock.pending]).toEqual([5000, 0])
  })

  test.each(["before", "meanwhile"])("resolves at once when the signal aborts %s", async (when) => {
    const clock = new VirtualClock()
    const stop = new AbortController()
    if (when === "before") stop.abort()
    const paused = pause(clock, 5000, stop.signal)
    stop.abort()
    await paused
    expect([clock.now(), clock.pending]).toEqual([0, 0])
  })
})

test.each([
  [0, [500, 1500, 4500, 5000, 5000]],
  [0.5, [750, 2250, 6750, 7500, 7500]],
])("backoff() grows up to the longest, half of each pause by chance: %p", (chance, expected) => {
  const nextMs = backoff({ firstMs: 1000, growth: 3, longestMs: 10_000 }, () => chance)
  expect(expected.map(nextMs)).toEqual(expected)
})
