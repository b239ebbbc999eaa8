// Surveys that are put in their place a portion at a time, because the log has no room for all; and what that takes.
import { afterEach, beforeEach, describe, expect, test } from "bun:test"
import { statSync } from "node:fs"
import fc from "fast-check"
import { Arrivals, type Row } from "../../../src/gateway/spool/arrivals"
import { LogRoom } from "../../../src/gateway/spool/log-room"
import { pageBytes } from "../../../src/storage/size"
import { addDays } from "../../../src/survey/calendar"
import { Bench, DAY, MORNING, NOW } from "../fixtures"

const FIRST = 0x0a00_0000
const DAYS = [DAY, addDays(DAY, 1), addDays(DAY, 2)]
const ODD_BYTES = 5 * 16_384 // a page of each table, and those above them
const DIGEST = "0123456789abcdef"

let bench: Bench
beforeEach(() => {
  bench = new Bench()
})
afterEach(() => bench[Symbol.dispose]())

const open = () => new Arrivals(bench.database, new LogRoom(bench.database))

const rowsIn = (table: "surveys" | "arrivals" | "due"): number =>
  bench.database.sqlite.query<{ rows: number }, []>(`SELECT count(*) AS rows FROM ${table}`).get()?.rows ?? 0

const rowOf = (index: number, body: string): Row => ({
  day: DAYS[index % DAYS.length] ?? DAY,
  address: FIRST + index,
  revision: NOW,
  body,
  readings: 1,
  digest: DIGEST,
  upload: null,
  arrivedAt: null,
  late: 0,
})

describe("portions", () => {
  test("are what came first, one survey at least, and what came last is known meanwhile", () => {
    const arrivals = open()
    bench.database.transaction(() => {
      for (let index = 0; index < 90; index++) arrivals.append(rowOf(index, MORNING))
      expect(arrivals.place(arrivals.needs.logBytes / 3)).toBe(30)
      expect(arrivals.place(-1)).toBe(1)
    })
    expect([arrivals.waiting, rowsIn("arrivals"), rowsIn("surveys"), rowsIn("due")]).toEqual([59, 59, 31, 31])
    const places = bench.database.sqlite.query<{ address: number }, []>("SELECT address FROM surveys ORDER BY address")
    expect(places.all().map(({ address }) => address - FIRST)).toEqual(Array.from({ length: 31 }, (_, index) => index))
    for (let index = 0; index < 90; index++) {
      const { day, address } = rowOf(index, MORNING)
      expect(arrivals.find(day, address)?.body).toBe(MORNING)
    }
  })

  test("leave everything as it was, whatever comes between them, and the counts as a restart would find them", () => {
    const index = fc.nat({ max: 40 })
    const step = fc.oneof(
      fc.record({ kind: fc.constant("upload" as const), index, length: fc.integer({ min: 1, max: 30 }) }),
      fc.record({ kind: fc.constant("place" as const), share: fc.double({ min: 0, max: 1.2, noNaN: true }) }),
      fc.record({ kind: fc.constant("roll back" as const) }),
      fc.record({ kind: fc.constant("restart" as const) }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        bench[Symbol.dispose]()
        bench = new Bench()
        let arrivals = open()
        const bodies = new Map<number, string>()
        for (const each of steps) {
          if (each.kind === "restart") arrivals = open()
          else if (each.kind === "roll back") rollBack(arrivals)
          else if (each.kind === "place") {
            bench.database.transaction(() => arrivals.place(arrivals.needs.logBytes * each.share))
          } else {
            const body = MORNING.repeat(each.length)
            bodies.set(each.index, body)
            bench.database.transaction(() => upload(arrivals, each.index, body))
          }
          const fresh = open()
          expect(arrivals.waiting).toBe(fresh.waiting)
          expect(arrivals.needs.fileBytes).toBeCloseTo(fresh.needs.fileBytes) // the days in another order
          expect(arrivals.needs.logBytes).toBeCloseTo(fresh.needs.logBytes)
          expect([...arrivals.waitingDays].sort()).toEqual([...fresh.waitingDays].sort())
          for (const day of DAYS) expect(arrivals.splittable(day)).toBe(fresh.splittable(day))
        }
        expect(rowsIn("surveys") + rowsIn("arrivals")).toBe(bodies.size)
        for (const [known, body] of bodies) {
          const { day, address } = rowOf(known, body)
          expect(arrivals.find(day, address)?.body).toBe(body)
        }
      }),
      { numRuns: 60 },
    )
  }, 60_000)

  function upload(arrivals: Arrivals, index: number, body: string): void {
    const row = rowOf(index, body)
    const stored = arrivals.find(row.day, row.address)
    if (stored) arrivals.update(stored, row)
    else arrivals.append(row)
  }

  function rollBack(arrivals: Arrivals): void {
    const work = () => {
      for (let index = 0; index < 50; index++) upload(arrivals, index, MORNING)
      arrivals.place(arrivals.needs.logBytes / 2)
      throw new Error("no")
    }
    expect(() => bench.database.transaction(work)).toThrow("no")
    arrivals.forget()
  }
})

/** Bytes that the file holds; and that the log holds since it was empty. */
const usedBytes = (): number => {
  const { all, free } = pageBytes(bench.database.sqlite)
  return all - free
}
const logBytes = (): number => statSync(`${bench.database.file}-wal`).size
/** With an empty log, as after a restart. */
function openAnew(): Arrivals {
  bench.reopen()
  return open()
}

// surveys in order in their place, and others that come among them, every so many
test.each([
  { placed: 4000, every: 400, readings: 24 },
  { placed: 4000, every: 40, readings: 24 },
  { placed: 4000, every: 8, readings: 24 },
  { placed: 4000, every: 2, readings: 24 },
  { placed: 8000, every: 3, readings: 3 },
  { placed: 200, every: 2, readings: 480 },
])("$placed surveys of $readings readings and one more every $every take no more than is set aside for them", (course) => {
  const { placed, every, readings } = course
  const body = bodyOf(readings)
  const arrivals = open()
  append(arrivals, placed, (n) => 2 * n, body)
  bench.database.transaction(() => arrivals.place())
  append(arrivals, placed / every, (n) => 2 * n * every + 1, body)
  const anew = openAnew()
  const before = usedBytes()
  const landedBytes = (placed / every) * body.length // which leave where they landed
  const { needs } = anew
  bench.database.transaction(() => anew.place())
  const fileBytes = usedBytes() - before
  expect(fileBytes).toBeLessThanOrEqual(needs.fileBytes + ODD_BYTES)
  expect(fileBytes + landedBytes).toBeGreaterThan(needs.fileBytes / 5) // and no room is set aside for nothing
  expect(logBytes()).toBeLessThanOrEqual(needs.logBytes + ODD_BYTES)
})

test.each([
  10, 3,
])("a %i. part writes no more than that, though the first of many split more pages than the rest", (part) => {
  let arrivals = open()
  append(arrivals, 4000, (n) => 2 * n, bodyOf(24))
  bench.database.transaction(() => arrivals.place())
  append(arrivals, 200, (n) => 40 * n + 1, bodyOf(24))
  append(arrivals, 3000, (n) => n, bodyOf(2), addDays(DAY, 1))
  const mostBytes = arrivals.needs.logBytes / part
  for (let portions = 1; arrivals.waiting > 0; portions++) {
    arrivals = openAnew()
    bench.database.transaction(() => arrivals.place(mostBytes))
    expect(logBytes()).toBeLessThanOrEqual(mostBytes + ODD_BYTES)
    expect(portions).toBeLessThan(10 * part) // what is in its place already makes the rest look dear
  }
  expect([rowsIn("arrivals"), rowsIn("surveys")]).toEqual([0, 7200])
}, 60_000)

function bodyOf(readings: number): string {
  const time = (n: number) => `${String(Math.floor(n / 60)).padStart(2, "0")}:${String(n % 60).padStart(2, "0")}`
  return Array.from({ length: readings }, (_, n) => `${time(n)} - 20.25 - 30.5%\n`).join("")
}

function append(arrivals: Arrivals, count: number, at: (n: number) => number, body: string, day = DAY): void {
  bench.database.transaction(() => {
    for (let n = 0; n < count; n++) arrivals.append({ ...rowOf(0, body), day, address: FIRST + at(n) })
  })
}
