import { Database } from "bun:sqlite"
import { afterEach, beforeEach, expect, test } from "bun:test"
import type { Collection } from "../../../src/gateway/ledger/ledger"
import type { Day } from "../../../src/survey/calendar"
import { Bench, DAY, HERBS, LEMONS, NOW, TOMATOES } from "../fixtures"

const ALL = [{ first: TOMATOES, last: LEMONS }]

let bench: Bench
beforeEach(() => {
  bench = new Bench()
})
afterEach(() => bench[Symbol.dispose]())

test("open() and close() are remembered over a restart", async () => {
  await bench.ledger.open("2026-11-20", NOW - 1000, ALL)
  await bench.ledger.close("2026-11-20")
  await bench.ledger.open(DAY, NOW, [{ first: HERBS, last: HERBS }])
  bench.reopen()
  expect(bench.ledger.all()).toEqual([
    { day: "2026-11-20", scheduledAt: NOW - 1000, expected: ALL, closed: true, confirmed: false, doubtful: false },
    {
      day: DAY,
      scheduledAt: NOW,
      expected: [{ first: HERBS, last: HERBS }],
      closed: false,
      confirmed: false,
      doubtful: false,
    },
  ])
  expect(bench.ledger.lastClosedDay).toBe("2026-11-20")
  expect(bench.ledger.lastRun?.scheduledAt).toBe(NOW)
})

test("open() again takes the new list of devices, keeps the day closed and asks for a new confirmation", async () => {
  await bench.ledger.open(DAY, NOW, ALL)
  await bench.ledger.close(DAY)
  await bench.ledger.confirm(DAY, true)
  await bench.ledger.open(DAY, NOW - 5000, [{ first: HERBS, last: HERBS }])
  const expected = {
    scheduledAt: NOW,
    expected: [{ first: HERBS, last: HERBS }],
    closed: true,
    confirmed: false,
    doubtful: false,
  }
  expect(bench.ledger.get(DAY)).toMatchObject(expected)
  bench.reopen()
  expect(bench.ledger.get(DAY)).toMatchObject(expected)
})

test("close() also closes what a crash cut short before", async () => {
  await bench.ledger.open("2026-11-20", NOW - 1000, ALL)
  bench.reopen()
  await bench.ledger.open(DAY, NOW, ALL)
  await bench.ledger.close(DAY)
  expect(bench.ledger.all().map(({ closed }) => closed)).toEqual([true, true])
  bench.reopen()
  expect(bench.ledger.all().map(({ closed }) => closed)).toEqual([true, true])
})

test("lastClosedDay is the latest, whatever was closed last", async () => {
  const days: Day[] = [DAY, "2026-11-19"]
  for (const day of days) {
    await bench.ledger.open(day, NOW, ALL)
    await bench.ledger.close(day)
  }
  expect(bench.ledger.lastClosedDay).toBe(DAY)
})

test("expectedOf() gives the days of one address, oldest first", async () => {
  await bench.ledger.open(DAY, NOW, ALL)
  await bench.ledger.open("2026-11-19", NOW, [{ first: HERBS, last: LEMONS }])
  expect(bench.ledger.expectedOf(HERBS)).toEqual(["2026-11-19", DAY])
  expect(bench.ledger.expectedOf(TOMATOES)).toEqual([DAY])
  expect(bench.ledger.expectedOf(LEMONS + 1)).toEqual([])
})

test("adopt() makes a closed day that nobody owes", async () => {
  await bench.ledger.adopt(DAY)
  bench.reopen()
  expect(bench.ledger.get(DAY)).toMatchObject({ closed: true, expected: [] })
  expect(bench.ledger.expectedOf(TOMATOES)).toEqual([])
})

test("confirm() is remembered, both ways", async () => {
  await bench.ledger.adopt(DAY)
  await bench.ledger.confirm(DAY, true)
  bench.reopen()
  expect(bench.ledger.get(DAY)?.confirmed).toBe(true)
  await bench.ledger.confirm(DAY, false)
  bench.reopen()
  expect(bench.ledger.get(DAY)?.confirmed).toBe(false)
})

test("miss() records days as closed and owed, and leaves alone what was collected", async () => {
  await bench.ledger.open("2026-11-19", NOW - 3000, [{ first: HERBS, last: HERBS }])
  await bench.ledger.close("2026-11-19")
  await bench.ledger.confirm("2026-11-19", true)
  await bench.ledger.open("2026-11-20", NOW - 2000, [{ first: HERBS, last: HERBS }]) // the process ended
  await bench.ledger.adopt(DAY) // something came for it
  const missed = (["2026-11-19", "2026-11-20", DAY] as const).map((day, n) => ({ day, scheduledAt: NOW + n }))
  await bench.ledger.miss(missed, ALL)
  const expected: Collection[] = [
    {
      day: "2026-11-19",
      scheduledAt: NOW - 3000,
      expected: [{ first: HERBS, last: HERBS }],
      closed: true,
      confirmed: true,
      doubtful: false,
    },
    { day: "2026-11-20", scheduledAt: NOW + 1, expected: ALL, closed: true, confirmed: false, doubtful: false },
    { day: DAY, scheduledAt: NOW + 2, expected: ALL, closed: true, confirmed: false, doubtful: false },
  ]
  expect(bench.ledger.all()).toEqual(expected)
  bench.reopen()
  expect(bench.ledger.all()).toEqual(expected)
  expect(bench.ledger.lastRunDay).toBe(DAY)
  expect(bench.ledger.lastConfirmedDay).toBe("2026-11-19")
})

test("setBack() lets runs of a clock that was ahead count no more until they come again, and tells their days", async () => {
  await bench.ledger.adopt("2026-11-19")
  for (const [day, at] of [
    ["2026-11-20", NOW],
    ["2030-12-31", NOW + 5000],
    ["2030-12-30", NOW + 1],
  ] as const) {
    await bench.ledger.open(day, at, ALL)
    await bench.ledger.close(day)
  }
  const wanted: Day[][] = []
  const setBack = () => bench.ledger.setBack(NOW, async (days) => void wanted.push([...days]))
  expect([await setBack(), await setBack()]).toEqual([["2030-12-30", "2030-12-31"], []])
  expect(wanted).toEqual([["2030-12-30", "2030-12-31"]])
  const counts = () => [bench.ledger.lastRun?.scheduledAt, bench.ledger.lastRunDay, bench.ledger.firstDoubtful]
  expect(counts()).toEqual([NOW, "2026-11-20", NOW + 1])
  expect(bench.ledger.expectedOf(HERBS)).toEqual(["2026-11-20"])
  bench.reopen()
  expect(counts()).toEqual([NOW, "2026-11-20", NOW + 1])
  await bench.ledger.open("2030-12-30", NOW + 2, ALL)
  await bench.ledger.miss([{ day: "2030-12-31", scheduledAt: NOW + 3 }], ALL)
  expect(counts()).toEqual([NOW + 3, "2030-12-31", undefined])
  bench.reopen()
  expect(counts()).toEqual([NOW + 3, "2030-12-31", undefined])
})

test("setBack() changes nothing where the surveys cannot be asked for again: the next one finds the runs as they were", async () => {
  await bench.ledger.open(DAY, NOW, ALL)
  await bench.ledger.close(DAY)
  const refused = bench.ledger.setBack(NOW - 1, () => Promise.reject(new Error("the disk refuses")))
  await expect(refused).rejects.toThrow("the disk refuses")
  bench.reopen()
  expect([bench.ledger.lastRun?.scheduledAt, bench.ledger.firstDoubtful]).toEqual([NOW, undefined])
  expect(await bench.ledger.setBack(NOW - 1, async () => {})).toEqual([DAY])
})

test("the only run of a first day stays in the ledger when the clock is set back: what it brought goes to the cloud", async () => {
  await bench.ledger.open(DAY, NOW, ALL)
  await bench.ledger.close(DAY)
  await bench.ledger.setBack(NOW - 1, async () => {})
  expect([bench.ledger.lastRun, bench.ledger.lastClosedDay]).toEqual([undefined, DAY])
})

test("excuse() expects addresses of a day no more, also after a restart", async () => {
  await bench.ledger.open(DAY, NOW, ALL)
  await bench.ledger.excuse(DAY, { first: HERBS, last: HERBS })
  bench.reopen()
  expect(bench.ledger.expectedOf(HERBS)).toEqual([])
  expect(bench.ledger.expectedOf(HERBS + 1)).toEqual([DAY])
})

test("expect() that the disk refuses changes nothing", async () => {
  await bench.ledger.open(DAY, NOW, ALL)
  bench.database.sqlite.run("PRAGMA busy_timeout = 0")
  using other = new Database(bench.database.file)
  other.run("BEGIN IMMEDIATE")
  await expect(bench.ledger.expect(DAY, [])).rejects.toThrow("another program is writing")
  other.run("ROLLBACK")
  expect(bench.ledger.get(DAY)?.expected).toEqual(ALL)
})

test("prune() forgets days before one", async () => {
  await bench.ledger.adopt("2026-08-01")
  await bench.ledger.adopt(DAY)
  await bench.commits.add(() => bench.ledger.prune("2026-08-24"))
  expect(bench.ledger.all().map(({ day }) => day)).toEqual([DAY])
  bench.reopen()
  expect(bench.ledger.all().map(({ day }) => day)).toEqual([DAY])
})

test("a release that the disk refuses is none: the day is owed and taken as before", async () => {
  await bench.ledger.open(DAY, NOW, ALL)
  bench.database.sqlite.run("PRAGMA busy_timeout = 0")
  using other = new Database(bench.database.file)
  other.run("BEGIN IMMEDIATE")
  await expect(bench.ledger.release(DAY)).rejects.toThrow("another program is writing")
  other.run("ROLLBACK")
  expect(bench.ledger.releasedUpTo).toBeUndefined()
  expect(bench.ledger.get(DAY)).toMatchObject({ scheduledAt: NOW, expected: ALL })
  await bench.ledger.release(DAY)
  expect(bench.ledger.releasedUpTo).toBe(DAY)
})
