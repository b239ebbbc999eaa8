import { afterEach, expect, test } from "bun:test"
import type { Clock } from "../../src/clock"
import { Schedule, type ScheduleOptions } from "../../src/schedule/schedule"

const at = (text: string) => Temporal.Instant.from(text).epochMilliseconds
const HOUR_MS = 3_600_000

class Fake implements Clock {
  #timers: (() => void)[] = []
  constructor(public time: number) {}
  readonly now = () => this.time
  after(_delayMs: number, callback: () => void) {
    this.#timers.push(callback)
    return () => {
      this.#timers = this.#timers.filter((timer) => timer !== callback)
    }
  }
  /** A minute passes, or the clock is set: what waits is called. */
  tick(ms: number) {
    this.time += ms
    for (const timer of this.#timers.splice(0)) timer()
  }
}

let schedule: Schedule | undefined
afterEach(() => schedule?.stop())

function start(clock: Fake, options: Partial<ScheduleOptions> = {}) {
  const runs: { at: string; missed: number }[] = []
  const errors: unknown[] = []
  const ledger: { last: ReturnType<ScheduleOptions["lastRun"]> } = { last: options.lastRun?.() }
  schedule = new Schedule({
    cron: options.cron ?? "0 6 * * *",
    timeZone: "UTC",
    clock,
    catchUpMs: options.catchUpMs ?? 90 * 24 * HOUR_MS,
    onError: (error) => errors.push(error),
    run: async (scheduledAt, missed) => {
      runs.push({ at: new Date(scheduledAt).toISOString(), missed: missed.length })
      ledger.last = { scheduledAt, closed: true }
      await options.run?.(scheduledAt, missed)
    },
    lastRun: () => ledger.last,
  })
  schedule.start()
  return { schedule, runs, errors }
}

const settle = () => new Promise<void>((resolve) => setImmediate(resolve))

test("an empty ledger owes nothing: the first run is the next one", () => {
  const clock = new Fake(at("2026-11-23T09:00:00Z"))
  const { runs, schedule } = start(clock)
  expect(runs).toEqual([])
  expect(schedule.next).toBe(at("2026-11-24T06:00:00Z"))
})

test("the look once a minute starts a run that no tick announced", async () => {
  const clock = new Fake(at("2026-11-23T05:59:30Z"))
  const { runs } = start(clock)
  clock.tick(60_000)
  await settle()
  expect(runs).toEqual([{ at: "2026-11-23T06:00:00.000Z", missed: 0 }])
  clock.tick(60_000)
  await settle()
  expect(runs).toHaveLength(1)
})

test("a run missed while the machine was off is caught up on start", () => {
  const clock = new Fake(at("2026-11-23T09:00:00Z"))
  const lastRun = () => ({ scheduledAt: at("2026-11-22T06:00:00Z"), closed: true })
  expect(start(clock, { lastRun }).runs).toEqual([{ at: "2026-11-23T06:00:00.000Z", missed: 0 }])
})

test("of several missed runs the last is done and the others are recorded", () => {
  const clock = new Fake(at("2026-11-23T09:00:00Z"))
  const lastRun = () => ({ scheduledAt: at("2026-11-19T06:00:00Z"), closed: true })
  expect(start(clock, { lastRun }).runs).toEqual([{ at: "2026-11-23T06:00:00.000Z", missed: 3 }])
})

test("after years only the last months are caught up on", () => {
  const clock = new Fake(at("2026-11-23T09:00:00Z"))
  const lastRun = () => ({ scheduledAt: at("2020-01-01T06:00:00Z"), closed: true })
  expect(start(clock, { lastRun }).runs).toEqual([{ at: "2026-11-23T06:00:00.000Z", missed: 89 }])
})

test("a collection that was open when the process ended is done again", () => {
  const clock = new Fake(at("2026-11-23T06:05:00Z"))
  const lastRun = () => ({ scheduledAt: at("2026-11-23T06:00:00Z"), closed: false })
  expect(start(clock, { lastRun }).runs).toEqual([{ at: "2026-11-23T06:00:00.000Z", missed: 0 }])
})

test("a ledger from the future does not silence the network", async () => {
  const clock = new Fake(at("2026-11-23T05:59:30Z"))
  const lastRun = () => ({ scheduledAt: at("2031-01-01T06:00:00Z"), closed: true })
  const { runs } = start(clock, { lastRun })
  clock.tick(60_000)
  await settle()
  expect(runs).toEqual([{ at: "2026-11-23T06:00:00.000Z", missed: 0 }])
})

test("one run at a time, and the next one comes after one that failed", async () => {
  const clock = new Fake(at("2026-11-23T05:59:30Z"))
  const fail = Promise.withResolvers<void>()
  const { runs, errors } = start(clock, { run: () => fail.promise })
  clock.tick(60_000)
  clock.tick(24 * HOUR_MS)
  expect(runs).toHaveLength(1)
  fail.reject(new Error("no"))
  await settle()
  expect(errors).toMatchObject([{ message: "no" }])
  clock.tick(60_000)
  await settle()
  expect(runs).toHaveLength(2)
})

test("update() with other times takes effect at once", async () => {
  const clock = new Fake(at("2026-11-23T05:00:00Z"))
  const { schedule, runs } = start(clock)
  schedule.update({ cron: "30 5 * * *", timeZone: "UTC", catchUpMs: 24 * HOUR_MS })
  expect(schedule.next).toBe(at("2026-11-23T05:30:00Z"))
  expect(schedule.previous).toBe(at("2026-11-22T05:30:00Z"))
  clock.tick(HOUR_MS / 2)
  await settle()
  expect(runs).toEqual([{ at: "2026-11-23T05:30:00.000Z", missed: 0 }])
})

test.each([
  ["a daily run", "0 6 * * *", "2026-11-22T06:00:00Z"],
  ["a weekly run", "0 6 * * 3", "2026-11-18T06:00:00Z"],
  ["a yearly run", "0 6 1 3 *", "2026-03-01T06:00:00Z"],
])("previous finds %s at once, however far back runs count", (_what, cron, expected) => {
  expect(previousOf(cron, 36_500)).toBe(at(expected))
})

test("previous is now when no run counts any more", () => {
  expect(previousOf("0 6 1 3 *", 90)).toBe(at("2026-11-23T05:59:30Z"))
})

function previousOf(cron: string, catchUpDays: number): number {
  const clock = new Fake(at("2026-11-23T05:59:30Z"))
  const { schedule } = start(clock)
  schedule.update({ cron, timeZone: "Etc/UTC", catchUpMs: catchUpDays * 24 * HOUR_MS })
  return schedule.previous
}

test("stop() twice leaves nothing behind", () => {
  const clock = new Fake(at("2026-11-23T05:59:30Z"))
  const { schedule, runs } = start(clock)
  schedule.stop()
  schedule.stop()
  clock.tick(60_000)
  expect(runs).toEqual([])
})
