import { expect, test } from "bun:test"
import type { HistoryDay } from "../../../src/page/device/history"
import { dryingOf, weeksOf } from "../../../src/page/device/trends"
import { addDays, type Day } from "../../../src/survey/calendar"
import { offsetsOn } from "../../../src/survey/offsets"
import { statisticsOf } from "../../../src/survey/statistics"

const FIRST: Day = "2026-11-01"
const zone = "Europe/Rome"

/** Days on end with this mean humidity, and none where it is undefined. */
const daysOf = (...means: readonly (number | undefined)[]): HistoryDay[] =>
  means.map((mean, at) => {
    const day = addDays(FIRST, at)
    const statistics = mean === undefined ? undefined : statisticsOf([["08:00", 20 + at, mean]])
    return { day, zone, offsets: offsetsOn(day, zone), statistics, hours: [] }
  })

const drying = (...means: readonly (number | undefined)[]) => dryingOf(daysOf(...means))

test("dryingOf() fits the days since the last clear rise", () => {
  expect(drying(30, 28, 26, 36, 34, 32, 30, 28)).toEqual({
    since: "2026-11-04",
    humidity: 28,
    aDay: 2,
    expected: { humidity: 20, days: 4 },
  })
})

test("dryingOf() begins with the wettest day behind the rise: watered in the evening, the next day is wetter", () => {
  expect(drying(20, 25, 27, 26, 25, 24)).toMatchObject({ since: "2026-11-03", aDay: 1 })
})

test("dryingOf() takes a small rise for weather", () => {
  expect(drying(40, 38, 39.5, 37, 35)).toMatchObject({ since: "2026-11-01" })
})

test("dryingOf() leaves days out that have nothing", () => {
  expect(drying(40, undefined, 36, undefined, undefined, 30)).toMatchObject({ aDay: 2, humidity: 30 })
})

test.each([
  ["what rises", [20, 21, 22, 23]],
  ["what stays", [20, 20, 20, 20]],
  ["what falls by less than a sensor can tell", [20, 19.95, 19.9, 19.85]],
  ["two days", [30, 28]],
  ["two days after the rise", [20, 19, 40, 38]],
  ["nothing", []],
] as const)("dryingOf() says nothing of %s", (_, means) => {
  expect(drying(...means)).toBeUndefined()
})

test("dryingOf() foresees nothing that is far, nor what is dry already", () => {
  expect(drying(60, 59.5, 59)?.expected).toBeUndefined()
  expect(drying(20, 19, 18)).toMatchObject({ aDay: 1, expected: undefined })
})

test("weeksOf() is the means of two weeks, of the days that there are", () => {
  const weeks = weeksOf(daysOf(...Array(7).fill(40), 30, undefined, 30, 30, 30, 30, 36))
  expect(weeks).toEqual([
    { from: "2026-11-08", to: "2026-11-14", days: 6, temperature: 30.33, humidity: 31 },
    { from: "2026-11-01", to: "2026-11-07", days: 7, temperature: 23, humidity: 40 },
  ])
})

test("weeksOf() compares nothing with nothing", () => {
  expect(weeksOf(daysOf(30, 30, 30))).toBeUndefined()
  expect(weeksOf(daysOf(...Array(7).fill(40), ...Array(7).fill(undefined)))).toBeUndefined()
  expect(weeksOf([])).toBeUndefined()
})
