import { afterEach, beforeEach, expect, test } from "bun:test"
import { slotOf } from "../../../src/gateway/spool/slot"
import { warningsOf } from "../../../src/gateway/spool/warnings"
import { addDays } from "../../../src/survey/calendar"
import { Bench, DAY, HERBS, LEMONS, MORNING, TOMATOES } from "../fixtures"

let bench: Bench
beforeEach(() => {
  bench = new Bench()
})
afterEach(() => bench[Symbol.dispose]())

const readings = (count: number, value: number) =>
  Array.from({ length: count }, (_, hour) => `0${hour}:00 - ${value} - 30%\n`).join("")

test("warningsOf() tells since when a survey has not changed", async () => {
  await bench.accept(readings(1, 5), TOMATOES, "2026-11-17")
  for (let back = 3; back >= 0; back--) await bench.accept(MORNING, TOMATOES, addDays(DAY, -back))
  await bench.accept(MORNING, HERBS, addDays(DAY, -2))
  await bench.accept(MORNING, HERBS)
  await bench.spool.settle()
  expect(warningsOf(bench.database.sqlite, DAY)).toEqual([
    { kind: "unchanged", address: TOMATOES, since: "2026-11-18" },
  ])
})

test("warningsOf() tells of no readings, once, in address order", async () => {
  for (const day of [addDays(DAY, -1), DAY]) await bench.accept("", HERBS, day)
  await bench.accept(MORNING, LEMONS, addDays(DAY, -1))
  await bench.accept(MORNING, LEMONS)
  await bench.spool.settle()
  expect(warningsOf(bench.database.sqlite, DAY)).toEqual([
    { kind: "empty", address: HERBS },
    { kind: "unchanged", address: LEMONS, since: "2026-11-20" },
  ])
})

test("warningsOf() tells of far fewer readings than usual, when there is a usual", async () => {
  for (const back of [6, 4, 1]) {
    await bench.accept(readings(8, back), TOMATOES, addDays(DAY, -back))
    if (back > 1) await bench.accept(readings(8, back), HERBS, addDays(DAY, -back))
  }
  await bench.accept(readings(9, 1), TOMATOES, addDays(DAY, -8)) // too long ago to count
  await bench.accept(readings(3, 0), TOMATOES)
  await bench.accept(readings(3, 0), HERBS)
  await bench.spool.settle()
  expect(warningsOf(bench.database.sqlite, DAY)).toEqual([{ kind: "few", address: TOMATOES, readings: 3, usual: 8 }])
})

test("warningsOf() is quick for a fleet with a history", async () => {
  const insert = bench.database.sqlite.query("INSERT INTO slots VALUES (?1, ?1, 9, ?2, 0)")
  bench.database.transaction(() => {
    for (let back = 0; back < 20; back++) {
      for (let n = 0; n < 1000; n++) insert.run(slotOf(addDays(DAY, -back), n), back === 19 ? "other" : "same")
    }
  })
  const warnings = warningsOf(bench.database.sqlite, DAY)
  expect(warnings).toHaveLength(1000) // a second or more, where each device means a look at the whole history
  expect(warnings[0]).toEqual({ kind: "unchanged", address: 0, since: addDays(DAY, -18) })
})
