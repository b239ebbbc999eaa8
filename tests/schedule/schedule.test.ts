import { afterEach, describe, expect, test } from "bun:test"
import type { Clock } from "../../src/clock"
import { Schedule, type ScheduleOptions } from "../../src/schedule/schedule"
import { type Day, dayBefore } from "../../src/survey/calendar"

const at = (text: string) => Temporal.Instant.from(text).epochMilliseconds
const HOUR_MS = 3_600_000

const days = (instant: number, timeZone = "UTC") => dayBefore(instant, timeZone)

class Fake implements Clock {
  #timers: (() => void)[] = []
  readonly delays: number[] = []
  #passedMs = 0
  readonly earliestMs = at("2026-01-01T00:00:00Z")
  constructor(public time: number) {}
  readonly now = () => this.time
  readonly monotonic = () => this.#passedMs
  after(delayMs: number, callback: () => void) {
    this.delays.push(delayMs)
    this.#timers.push(callback)
    return () => {
      this.#timers = this.#timers.filter((timer) => timer !== callback)
    }
  }
  /** So much time passes: what waits is called. */
  tick(ms: number) {
    this.#passedMs += ms
    this.#show(this.time + ms)
  }
  /** The clock is set: what waits is called. */
  set(text: string) {
    this.#show(at(text))
  }
  #show(time: number) {
    this.time = time
    for (const timer of this.#timers.splice(0)) timer()
  }
}

let schedule: Schedule | undefined
afterEach(() => schedule?.stop())

interface Entry {
  readonly at: string
  readonly closed?: boolean
  /** The day it collected, where that is not the day before in the schedule's zone. */
  readonly day?: Day
}

/** A schedule over a ledger that holds these runs. */
function start(clock: Fake, entries: readonly Entry[] = [], options: Partial<ScheduleOptions> = {}) {
  const { timeZone = "UTC" } = options
  const runs: { at: string; missed: number; isDoubtful?: true }[] = []
  const errors: unknown[] = []
  const clocks: (number | undefined)[] = []
  let ledger = entries.map(({ at: text, closed = true, day }) => ({
    scheduledAt: at(text),
    closed,
    day: day ?? days(at(text), timeZone),
  }))
  schedule = new Schedule({
    cron: "0 6 * * *",
    timeZone,
    clock,
    catchUpMs: 90 * 24 * HOUR_MS,
    onError: (error) => errors.push(error),
    onSetBack: async (now) => {
      ledger = ledger.filter(({ scheduledAt }) => scheduledAt <= now)
    },
    onWrongClock: (now) => clocks.push(now),
    lastRun: () => {
      const last = ledger.toSorted((a, b) => a.scheduledAt - b.scheduledAt).at(-1)
      const upTo = ledger
        .map(({ day }) => day)
        .sort()
        .at(-1)
      return last && upTo && { ...last, upTo }
    },
    ...options,
    run: async (scheduledAt, missed, isDoubtful) => {
      runs.push({ at: new Date(scheduledAt).toISOString(), missed: missed.length, ...(isDoubtful && { isDoubtful }) })
      for (const instant of [...missed, scheduledAt]) {
        const day = days(instant, timeZone)
        ledger = [...ledger.filter((entry) => entry.day !== day), { scheduledAt: instant, closed: true, day }]
      }
      await options.run?.(scheduledAt, missed, isDoubtful)
    },
  })
  schedule.start()
  return { schedule, runs, errors, clocks, ledger: () => ledger.map(({ day }) => day).sort() }
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

test("a gateway with an empty ledger that starts within the grace collects what it would be collecting", async () => {
  const lookBackMs = 15 * 60_000
  expect(start(new Fake(at("2026-11-23T06:10:00Z")), [], { lookBackMs }).runs).toEqual([
    { at: "2026-11-23T06:00:00.000Z", missed: 0 },
  ])
  expect(start(new Fake(at("2026-11-23T06:20:00Z")), [], { lookBackMs }).runs).toEqual([])
})

test("runs that the clock was set back behind come again, also where there is no other run", () => {
  const clock = new Fake(at("2026-11-25T09:00:00Z"))
  const firstDoubtful = () => at("2026-11-23T06:00:00Z")
  expect(start(clock, [], { firstDoubtful }).runs).toEqual([{ at: "2026-11-25T06:00:00.000Z", missed: 2 }])
  const behind = new Fake(at("2026-11-22T09:00:00Z"))
  expect(start(behind, [], { firstDoubtful }).runs).toEqual([])
})

test("a run missed while the machine was off is caught up on start", () => {
  const { runs } = start(new Fake(at("2026-11-23T09:00:00Z")), [{ at: "2026-11-22T06:00:00Z" }])
  expect(runs).toEqual([{ at: "2026-11-23T06:00:00.000Z", missed: 0 }])
})

test("of several missed runs the last is done and the others are recorded", () => {
  const { runs } = start(new Fake(at("2026-11-23T09:00:00Z")), [{ at: "2026-11-19T06:00:00Z" }])
  expect(runs).toEqual([{ at: "2026-11-23T06:00:00.000Z", missed: 3 }])
})

test("after years only the last months are caught up on", () => {
  const { runs } = start(new Fake(at("2030-11-23T09:00:00Z")), [{ at: "2026-11-22T06:00:00Z" }])
  expect(runs).toEqual([{ at: "2030-11-23T06:00:00.000Z", missed: 89 }])
})

test("a collection that was open when the process ended is done again", () => {
  const { runs } = start(new Fake(at("2026-11-23T06:05:00Z")), [{ at: "2026-11-23T06:00:00Z", closed: false }])
  expect(runs).toEqual([{ at: "2026-11-23T06:00:00.000Z", missed: 0 }])
})

test("it waits for the very instant of the next run, and for a minute at most", () => {
  const clock = new Fake(at("2026-11-23T05:58:30Z"))
  start(clock)
  clock.tick(60_000)
  expect(clock.delays).toEqual([60_000, 30_000])
})

describe("a clock that was wrong", () => {
  const LAST = { at: "2026-11-22T06:00:00Z" }

  test("ahead by years at the start: the ledger of then does not silence the network, and nothing is lost", async () => {
    const clock = new Fake(at("2026-11-23T05:59:30Z"))
    const { runs, ledger } = start(clock, [LAST, { at: "2031-01-01T06:00:00Z" }])
    await settle()
    expect(ledger()).toEqual(["2026-11-21"])
    clock.tick(60_000)
    await settle()
    expect(runs).toEqual([
      { at: "2026-11-22T06:00:00.000Z", missed: 0, isDoubtful: true },
      { at: "2026-11-23T06:00:00.000Z", missed: 0 },
    ])
  })

  test("ahead by years while it ran: the days since are collected when it is set right", async () => {
    const clock = new Fake(at("2026-11-22T12:00:00Z"))
    const { runs } = start(clock, [LAST])
    clock.set("2031-01-01T12:00:00Z")
    await settle()
    clock.set("2026-11-25T12:00:00Z")
    await settle()
    clock.tick(60_000)
    await settle()
    expect(runs).toEqual([
      { at: "2031-01-01T06:00:00.000Z", missed: 89 },
      { at: "2026-11-25T06:00:00.000Z", missed: 2, isDoubtful: true },
    ])
  })

  test("ahead by a day: what came too early comes again, now and at its instant", async () => {
    const clock = new Fake(at("2026-11-22T12:00:00Z"))
    const { runs } = start(clock, [LAST])
    for (const text of [
      "2026-11-23T12:00:00Z",
      "2026-11-22T12:05:00Z",
      "2026-11-23T05:59:59Z",
      "2026-11-23T06:00:00Z",
    ]) {
      clock.set(text)
      await settle()
    }
    expect(runs).toEqual([
      { at: "2026-11-23T06:00:00.000Z", missed: 0 },
      { at: "2026-11-22T06:00:00.000Z", missed: 0, isDoubtful: true },
      { at: "2026-11-23T06:00:00.000Z", missed: 0 },
    ])
  })

  test("ahead by less than the run is behind midnight: nothing is doubtful", async () => {
    const clock = new Fake(at("2026-11-22T12:00:00Z"))
    const { runs } = start(clock, [LAST])
    for (const text of [
      "2026-11-23T06:00:00Z",
      "2026-11-23T06:01:00Z",
      "2026-11-23T00:30:00Z",
      "2026-11-23T06:00:00Z",
    ]) {
      clock.set(text)
      await settle()
    }
    expect(runs).toEqual([
      { at: "2026-11-23T06:00:00.000Z", missed: 0 },
      { at: "2026-11-23T06:00:00.000Z", missed: 0 },
    ])
  })

  test("set back by seconds, as every clock is: nothing comes twice", async () => {
    const clock = new Fake(at("2026-11-23T06:00:00Z"))
    const { runs } = start(clock, [LAST])
    await settle()
    clock.set("2026-11-23T05:59:30Z")
    await settle()
    clock.set("2026-11-23T06:00:30Z")
    await settle()
    expect(runs).toHaveLength(1)
  })

  test("without a ledger: what came too early comes again", async () => {
    const clock = new Fake(at("2026-11-22T12:00:00Z"))
    const { runs } = start(clock, [], { lastRun: () => undefined })
    for (const text of ["2026-11-23T12:00:00Z", "2026-11-22T12:05:00Z", "2026-11-23T06:00:00Z"]) {
      clock.set(text)
      await settle()
    }
    expect(runs.map(({ at: text }) => text.slice(0, 10))).toEqual(["2026-11-23", "2026-11-22", "2026-11-23"])
  })

  test("in 1970: nothing is run, it is said once, and the run that was due comes when the clock is set", async () => {
    const clock = new Fake(at("1970-01-01T00:00:10Z"))
    const { runs, clocks } = start(clock)
    clock.set("1970-01-01T06:00:10Z")
    clock.set("1970-01-03T06:00:10Z")
    expect(clocks).toEqual([10_000])
    clock.set("2026-11-23T06:10:00Z")
    await settle()
    expect(clocks).toEqual([10_000, undefined])
    expect(runs).toEqual([{ at: "2026-11-23T06:00:00.000Z", missed: 0 }])
  })

  test("in 1970, with a ledger: it is not touched, and what was missed is caught up on", async () => {
    const clock = new Fake(at("1970-01-01T00:00:10Z"))
    const { runs, ledger } = start(clock, [{ at: "2026-11-19T06:00:00Z" }])
    await settle()
    expect(ledger()).toEqual(["2026-11-18"])
    clock.set("2026-11-23T09:00:00Z")
    expect(runs).toEqual([{ at: "2026-11-23T06:00:00.000Z", missed: 3 }])
  })
})

describe("another time zone than before", () => {
  test("where a day further on has ended already: the day between is collected, once", async () => {
    // 06:00 of the 22nd in Pago Pago is 07:00 of the 23rd on Kiritimati
    const clock = new Fake(at("2026-11-22T17:30:00Z"))
    const { runs, ledger } = start(clock, [{ at: "2026-11-22T17:00:00Z", day: "2026-11-21" }], {
      timeZone: "Pacific/Kiritimati",
    })
    await settle()
    expect(runs).toEqual([{ at: "2026-11-22T16:00:00.000Z", missed: 0 }])
    expect(ledger()).toEqual(["2026-11-21", "2026-11-22"])
    clock.tick(60_000)
    await settle()
    expect(runs).toHaveLength(1)
  })

  test("where it is still the day before: no day is left out", async () => {
    const clock = new Fake(at("2026-11-22T16:30:00Z"))
    const { runs, ledger } = start(clock, [{ at: "2026-11-22T16:00:00Z", day: "2026-11-22" }], {
      timeZone: "Pacific/Pago_Pago",
    })
    for (const text of ["2026-11-22T17:00:00Z", "2026-11-23T17:00:00Z", "2026-11-24T17:00:00Z"]) {
      clock.set(text)
      await settle()
    }
    expect(ledger()).toEqual(["2026-11-21", "2026-11-22", "2026-11-23"])
    expect(runs).toHaveLength(3)
  })
})

test("one run at a time, and the next one comes after one that failed", async () => {
  const clock = new Fake(at("2026-11-23T05:59:30Z"))
  const fail = Promise.withResolvers<void>()
  const { runs, errors } = start(clock, [], { run: () => fail.promise })
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
