import { afterEach, beforeEach, describe, expect, spyOn, test } from "bun:test"
import { renameSync } from "node:fs"
import { join } from "node:path"
import { Collector, type Outcome } from "../../../src/gateway/intake/collector"
import { Room } from "../../../src/gateway/intake/room"
import { StorageFull } from "../../../src/storage/errors"
import { pageBytes } from "../../../src/storage/size"
import { addDays, type Day } from "../../../src/survey/calendar"
import { settle } from "../../virtual-clock"
import { Bench, DAY, HERBS, LARGE, LEMONS, MORNING, NOW, TIME_ZONE, TOMATOES, uploadOf } from "../fixtures"

const MIB = 1024 * 1024
const SOON = { kind: "postponed", reason: "Too many surveys at once: come again", retryAfterSeconds: 2 } as const
const FULL = { kind: "postponed", reason: "The disk refuses: come again", retryAfterSeconds: 60 } as const

let bench: Bench
let said: string[]
beforeEach(() => {
  bench = new Bench()
  said = []
})
afterEach(() => bench[Symbol.dispose]())

/** A collector of a spool that holds so much. */
function bounded(limitBytes?: number, maxWaiting = 1000): Collector {
  const { database, spool, ledger, commits, refusals, clock } = bench
  const say = (text: string) => void said.push(text)
  const room = new Room({
    database,
    limitBytes,
    maxWaiting,
    spool,
    ledger,
    commits,
    clock,
    log: { debug: say, info: say, warn: say, error: say },
    emit: bench.emit,
  })
  return new Collector({
    spool,
    ledger,
    refusals,
    room,
    timeZone: TIME_ZONE,
    retentionDays: 90,
    now: clock.now,
    emit() {},
  })
}

/** Takes surveys of this day from one address after the other until one is refused; how many were taken. */
async function fill(collector: Collector, day: Day): Promise<number> {
  for (let count = 0; ; count++) {
    const outcome = await collector.take(uploadOf(LARGE, TOMATOES + 1000 + count, day))
    if (outcome.kind === "postponed") return count
    if (!outcome.first) throw new Error("that was there already")
  }
}

async function deliverAll(): Promise<void> {
  await bench.spool.markDelivered(bench.due())
}

/** Days so far from today, each with so many surveys that the cloud has confirmed. */
async function confirmedDays(collector: Collector, offsets: readonly number[], surveys: number): Promise<Day[]> {
  const days = offsets.map((offset) => addDays(DAY, offset))
  for (const day of days) {
    await bench.ledger.open(day, NOW, [])
    await bench.ledger.close(day)
    for (let i = 0; i < surveys; i++) await collector.take(uploadOf(LARGE, TOMATOES + i, day))
  }
  await deliverAll()
  for (const day of days) await bench.ledger.confirm(day, true)
  return days
}

const spoolBytes = () => {
  const { all, free } = pageBytes(bench.database.sqlite)
  return all - free
}

describe("a spool with a limit", () => {
  test("takes uploads up to it, refuses with the time to come again, and still marks what was delivered", async () => {
    const collector = bounded(2 * MIB)
    expect(await fill(collector, DAY)).toBeGreaterThan(20)
    expect(spoolBytes()).toBeGreaterThan(1.5 * MIB)
    expect(spoolBytes()).toBeLessThanOrEqual(2 * MIB)
    expect(await collector.take(uploadOf(LARGE, HERBS, DAY))).toEqual(FULL)
    expect(bench.refused[0]?.message).toEndWith("spool.db holds as much as limits.spool or its disk allows")
    await deliverAll()
    expect(bench.due()).toEqual([])
  })

  test("counts what is on its way to the disk: of many at once as many are taken as fit", async () => {
    const collector = bounded(2 * MIB)
    const uploads = Array.from({ length: 400 }, (_, i) => uploadOf(LARGE, TOMATOES + 1000 + i, DAY))
    const outcomes = await Promise.all(uploads.map((upload) => collector.take(upload)))
    const taken = outcomes.filter(({ kind }) => kind === "taken").length
    expect(taken).toBeGreaterThan(10)
    expect(taken).toBeLessThan(400)
    expect(bench.due()).toHaveLength(taken)
    expect(pageBytes(bench.database.sqlite).all).toBeLessThanOrEqual(2 * MIB)
    // and nothing is promised any more
    expect(await fill(collector, addDays(DAY, -1))).toBeGreaterThan(5)
  })

  test("asks those to come again soon that find no room only because of what is on its way", async () => {
    const collector = bounded(2 * MIB)
    const uploads = Array.from({ length: 100 }, (_, i) => uploadOf(LARGE, TOMATOES + 1000 + i, DAY))
    const outcomes = await Promise.all(uploads.map((upload) => collector.take(upload)))
    const refused = outcomes.filter(({ kind }) => kind === "postponed")
    expect(refused.length).toBeGreaterThan(10)
    for (const refusal of refused) expect(refusal).toEqual(SOON)
    expect(bench.refused).toEqual([]) // nobody is told of a full disk
    expect(await collector.take(uploadOf(LARGE, HERBS, DAY))).toMatchObject({ first: true })
  })

  test("lets the oldest day go that the cloud has before there is no room at all", async () => {
    const collector = bounded(2 * MIB)
    const [first] = await confirmedDays(collector, [-4, -3, -2, -1], 10)
    let outcome: Outcome
    for (let i = 0; ; i++) {
      outcome = await collector.take(uploadOf(LARGE, TOMATOES + 2000 + i, DAY))
      if (outcome.kind === "postponed") break
    }
    expect(outcome).toEqual(SOON)
    expect(bench.refused).toEqual([])
    while (said.length === 0) await settle()
    expect(said).toEqual([
      `${first} made room in the spool for newer days, it is at the cloud: gateway.retention was longer`,
    ])
  })

  test("takes uploads again by itself when there is room", async () => {
    const collector = bounded(2 * MIB)
    await fill(collector, DAY)
    await deliverAll()
    await bench.spool.prune(addDays(DAY, 1))
    expect(await collector.take(uploadOf(LARGE, HERBS, DAY))).toMatchObject({ first: true })
  })

  test("gives up the oldest day that the cloud has, of which nothing is owed or taken any more", async () => {
    const collector = bounded(2 * MIB)
    const days = [-5, -4, -3, -2, -1, 0].map((offset) => addDays(DAY, offset))
    for (const day of days) {
      await bench.ledger.open(day, NOW, [{ first: TOMATOES, last: HERBS }])
      for (let i = 0; i < 8; i++) await collector.take(uploadOf(LARGE, TOMATOES + 1000 + i, day))
      await bench.ledger.close(day)
    }
    await deliverAll()
    const [first = DAY, second = DAY] = days
    for (const day of days) if (day !== first) await bench.ledger.confirm(day, true)
    for (let i = 0; "first" in (await collector.take(uploadOf(LARGE, TOMATOES + 2000 + i, DAY))); i++) {}
    while (said.length === 0) await settle()
    expect(said).toEqual([
      `${second} made room in the spool for newer days, it is at the cloud: gateway.retention was longer`,
    ])
    expect(await collector.take(uploadOf(LARGE, HERBS, DAY))).toMatchObject({ first: true })
    for (const day of [first, second]) {
      expect(bench.spool.isEmpty(day)).toBe(true)
      expect(collector.refuseDay(day)).toEqual({ reason: `${day} is too long ago: it made room for newer days` })
    }
    expect(collector.owed(HERBS)).toEqual(days.slice(2, -1))
    bench.reopen()
    expect(bench.ledger.releasedUpTo).toBe(second)
  })

  test("passes over a day of which only something late is left, that the cloud has still to get", async () => {
    const collector = bounded(2 * MIB)
    const [first = DAY, second = DAY] = await confirmedDays(collector, [-6, -5, -4, -3, -2, -1], 3)
    await collector.take(uploadOf(MORNING, HERBS, first))
    for (let i = 0; !said.some((text) => text.startsWith(`${second} made room`)); i++) {
      await collector.take(uploadOf(LARGE, TOMATOES + 2000 + i, DAY))
      await settle()
    }
    expect([...bench.spool.arrived(first, true)]).toEqual([HERBS])
    expect(bench.spool.canPrune(first)).toBe(false)
    bench.spool.stop()
  })

  test("keeps what the cloud has not confirmed, and the last days", async () => {
    const collector = bounded(2 * MIB)
    await fill(collector, addDays(DAY, -1))
    await deliverAll()
    await bench.ledger.adopt(addDays(DAY, -1))
    await fill(collector, DAY) // the first of a day take less room than one more of another
    expect(await collector.take(uploadOf(LARGE, HERBS, DAY))).toEqual(FULL)
    await bench.ledger.confirm(addDays(DAY, -1), true)
    expect(await collector.take(uploadOf(LARGE, HERBS, DAY))).toEqual(FULL)
    await settle()
    expect([said, bench.ledger.releasedUpTo]).toEqual([[], undefined])
  })

  test("merges what was taken before a day is given up, and keeps it until the cloud has it", async () => {
    const old = addDays(DAY, -5)
    await bench.take(MORNING, TOMATOES, old)
    await deliverAll()
    const late = bench.take("09:00 - 21 - 31%\n", TOMATOES, old)
    await bench.ledger.release(old)
    await bench.spool.prune(addDays(old, 1))
    await late
    expect(bench.due().map(({ day, body }) => [day, body])).toEqual([[old, `${MORNING}09:00 - 21 - 31%\n`]])
  })
})

test("nothing is taken while the reserve is gone, and it is made again when there is room for it", async () => {
  const collector = bounded()
  expect(await collector.take(uploadOf(MORNING, HERBS, DAY))).toMatchObject({ first: true })
  const { reserve } = bench.database
  if (!reserve) throw new Error("a spool has a reserve")
  expect(reserve.giveUp()).toBe(true)
  const make = spyOn(reserve, "make").mockReturnValue(false)
  expect(await collector.take(uploadOf(MORNING, LEMONS, DAY))).toEqual(FULL)
  expect(await collector.take(uploadOf(MORNING, LEMONS, DAY))).toEqual(FULL)
  expect(make).toHaveBeenCalledTimes(1) // the disk is not asked for every upload
  make.mockRestore()
  await bench.clock.advance(1000)
  expect(await collector.take(uploadOf(MORNING, LEMONS, DAY))).toMatchObject({ first: true })
  expect(reserve.isHeld).toBe(true)
})

test("what makes room gives up the reserve where the disk is full, and goes on in smaller portions", async () => {
  for (let n = 0; n < 300; n++) await bench.accept(MORNING, TOMATOES + 10 + n)
  const due = bench.due()
  const { reserve } = bench.database
  const written: number[] = []
  await bench.commits.addInPortions((most, done) => {
    const portion = due.slice(done, done + most)
    written.push(portion.length)
    if (portion.length > 20) throw new StorageFull("full")
    return portion.length
  })
  expect(reserve?.isHeld).toBe(false)
  expect(written.filter((length) => length > 20)).toEqual([...Array(7).fill(300), 256, 128, 64, 32])
  expect(written.filter((length) => length <= 20).reduce((sum, length) => sum + length)).toBe(300)
})

test("a spool without a limit takes what the disk holds", async () => {
  expect(await bounded().take(uploadOf(LARGE, HERBS, DAY))).toMatchObject({ first: true })
})

test("a survey may be larger than what is taken between two looks at the disk", async () => {
  const text = `${MORNING}${"x".repeat(5 * MIB)}`
  expect(await bounded().take(uploadOf(text, HERBS, DAY))).toMatchObject({ first: true, readings: 1 })
})

test("a spool that was moved away is named by the next upload", async () => {
  const collector = bounded()
  renameSync(join(bench.folder, "spool.db"), join(bench.folder, "moved.db"))
  await expect(collector.take(uploadOf(LARGE, HERBS, DAY))).rejects.toThrow("was moved or deleted while it was in use")
})

test("too many uploads that wait for the disk are asked to come again soon", async () => {
  const collector = bounded(undefined, 3)
  const outcomes = await Promise.all([0, 1, 2, 3, 4].map((i) => collector.take(uploadOf(MORNING, TOMATOES + i, DAY))))
  expect(outcomes.slice(3)).toEqual([SOON, SOON])
  expect(await collector.take(uploadOf(MORNING, TOMATOES + 3, DAY))).toMatchObject({ first: true })
})
