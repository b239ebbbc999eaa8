import { afterEach, beforeEach, expect, test } from "bun:test"
import { carryOut } from "../../../src/gateway/control/carry-out"
import { describeImported, importSurveys, readImported } from "../../../src/gateway/control/import"
import { StorageRefused } from "../../../src/storage/errors"
import type { Day } from "../../../src/survey/calendar"
import { fillDisk, LARGE } from "../../fixtures"
import { Bench, DAY, LEMONS, MORNING, TOMATOES } from "../fixtures"

const LONG_AGO: Day = "2019-02-28"

let bench: Bench
beforeEach(() => {
  bench = new Bench()
})
afterEach(() => bench[Symbol.dispose]())

const take = (text: string, day: Day = LONG_AGO, address = TOMATOES) =>
  importSurveys([{ address, day, text }], bench.parts)

test("importSurveys() takes a day older than gateway.retention, which an upload may not be of", async () => {
  expect(bench.parts.collector.refuseDay(LONG_AGO)).toBeDefined()
  expect(await take(MORNING)).toEqual({ surveys: 1, changed: 1, readings: 1 })
  expect(bench.due().map(({ day, body }) => [day, body])).toEqual([[LONG_AGO, MORNING]])
})

test("importSurveys() merges as any upload, and the same again changes nothing", async () => {
  await bench.accept("08:00 - 20 - 30%\n09:00 - 21 - 31%\n")
  expect(await take("08:00 - 20 - 30%\n10:00 - 22 - 32%\n", DAY)).toMatchObject({ changed: 1 })
  const due = bench.due()
  expect(due[0]?.body).toBe("08:00 - 20 - 30%\n09:00 - 21 - 31%\n10:00 - 22 - 32%\n")
  expect(await take("10:00 - 22 - 32%\n", DAY)).toMatchObject({ changed: 0 })
  expect(bench.due()).toEqual(due)
})

test("importSurveys() leaves a device alone that nobody declared", async () => {
  expect(await take(MORNING, DAY, LEMONS)).toEqual({ surveys: 0, changed: 0, readings: 0 })
})

test("importSurveys() refuses what the disk refuses", async () => {
  fillDisk(bench.database.sqlite)
  expect(await take(LARGE).catch((error) => error)).toBeInstanceOf(StorageRefused)
})

test("readImported() reads what carryOut() answers, and nothing else", async () => {
  const text = await carryOut({ ask: "import", surveys: [{ address: TOMATOES, day: DAY, text: MORNING }] }, bench.parts)
  expect(readImported(text)).toEqual({ surveys: 1, changed: 1, readings: 1 })
  expect(text).toBe(describeImported({ surveys: 1, changed: 1, readings: 1 }))
  expect(readImported("Dropped: 3 surveys")).toBeUndefined()
})
