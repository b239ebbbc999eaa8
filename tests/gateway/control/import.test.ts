import { afterEach, beforeEach, describe, expect, test } from "bun:test"
import { carryOut } from "../../../src/gateway/control/carry-out"
import { describeImported, importSurveys, readImported } from "../../../src/gateway/control/import"
import { readZones } from "../../../src/gateway/control/zones"
import { StorageRefused } from "../../../src/storage/errors"
import type { Day } from "../../../src/survey/calendar"
import { fillDisk, LARGE } from "../../fixtures"
import { Bench, DAY, LEMONS, MORNING, NOW, TOMATOES } from "../fixtures"

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
  expect(await take(MORNING)).toEqual({ surveys: 1, changed: 1, readings: 1, refused: 0 })
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
  expect(await take(MORNING, DAY, LEMONS)).toEqual({ surveys: 0, changed: 0, readings: 0, refused: 0 })
})

test("importSurveys() takes a correction of a correction at once: what a person gives no network has delayed", async () => {
  const [first, second] = ["08:00 - 20 - 30%\n", "08:00 - 21 - 30%\n"]
  for (const text of [first, second, first, second]) expect(await take(text)).toMatchObject({ surveys: 1, changed: 1 })
  expect(bench.due().map(({ body }) => body)).toEqual([second])
})

test("importSurveys() takes again what was dropped a moment ago, and an upload of it stays a stray", async () => {
  await bench.accept(MORNING)
  await bench.spool.drop(DAY, { first: TOMATOES, last: TOMATOES })
  expect(await bench.take(MORNING)).toMatchObject({ kind: "postponed" })
  expect(await take(MORNING, DAY)).toMatchObject({ surveys: 1, changed: 1 })
  expect(bench.due().map(({ body }) => body)).toEqual([MORNING])
})

test("importSurveys() leaves a delayed copy of what it corrected without effect", async () => {
  await bench.take("08:00 - 20 - 30%\n")
  await take("08:00 - 21 - 30%\n", DAY)
  expect(await bench.take("08:00 - 20 - 30%\n")).toMatchObject({ kind: "postponed" })
})

test("importSurveys() counts lines that the rules refuse", async () => {
  expect(await take(`${MORNING}09:00 - 21 - 131%\n`)).toEqual({ surveys: 1, changed: 1, readings: 1, refused: 1 })
})

describe("importSurveys() of a day that was measured by another clock", () => {
  const [ROME, YORK] = ["Europe/Rome", "America/New_York"]
  const placed = (zone: string, day = DAY) =>
    importSurveys([{ address: TOMATOES, day, text: MORNING, zone }], bench.parts)

  test("leaves alone what was placed by the clock of today", async () => {
    await bench.accept("07:00 - 20 - 30%\n")
    bench.reopen(YORK)
    expect(await placed(YORK)).toMatchObject({ surveys: 0 })
    expect(await placed(ROME)).toMatchObject({ surveys: 1 })
    expect(await placed(YORK, LONG_AGO)).toMatchObject({ surveys: 1 })
  })

  test("is told before by carryOut(), which clock it is", async () => {
    await bench.accept("07:00 - 20 - 30%\n")
    bench.reopen(YORK)
    const zones = readZones(await carryOut({ ask: "zones" }, bench.parts))
    expect(zones).toEqual({ zone: YORK, others: { [DAY]: ROME }, delivers: false })
    expect(readZones("Imported")).toBeUndefined()
    expect(readZones('{"zone":"Nowhere/At_All","others":{},"delivers":true}')).toBeUndefined()
  })
})

describe("importSurveys() of a day whose collection is yet to come", () => {
  const TODAY: Day = "2026-11-22"
  const EXPECTED = [{ first: TOMATOES, last: TOMATOES }]

  test("leaves it owed, until it has come from its source", async () => {
    for (const day of [TODAY, DAY, LONG_AGO]) await take(MORNING, day)
    await bench.collector.open(DAY, NOW, EXPECTED)
    expect(bench.collector.owed(TOMATOES)).toEqual([DAY])
    await bench.take(`${MORNING}09:00 - 21 - 31%\n`)
    expect(bench.collector.owed(TOMATOES)).toEqual([])
    await bench.collector.close(DAY)
    await take(MORNING, DAY)
    expect(bench.collector.owed(TOMATOES)).toEqual([])
    await bench.ledger.miss([{ day: TODAY, scheduledAt: NOW + 86_400_000 }], EXPECTED)
    expect(bench.collector.owed(TOMATOES)).toEqual([TODAY])
  })
})

test("importSurveys() refuses what the disk refuses", async () => {
  fillDisk(bench.database.sqlite)
  expect(await take(LARGE).catch((error) => error)).toBeInstanceOf(StorageRefused)
})

test("readImported() reads what carryOut() answers, and nothing else", async () => {
  const text = await carryOut({ ask: "import", surveys: [{ address: TOMATOES, day: DAY, text: MORNING }] }, bench.parts)
  expect(readImported(text)).toEqual({ surveys: 1, changed: 1, readings: 1, refused: 0 })
  expect(text).toBe(describeImported({ surveys: 1, changed: 1, readings: 1, refused: 0 }))
  expect(readImported("Dropped: 3 surveys")).toBeUndefined()
})
