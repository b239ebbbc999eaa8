import { expect, test } from "bun:test"
import { statisticsOf } from "../../src/survey/statistics"

test("statisticsOf() is the least, the mean to two places, and the most", () => {
  const readings = [
    ["08:00", -1.5, 30],
    ["12:00", 25, 33.25],
    ["16:00", 23, 0],
  ] as const
  expect(statisticsOf(readings)).toEqual({
    readings: 3,
    temperature: { min: -1.5, mean: 15.5, max: 25 },
    humidity: { min: 0, mean: 21.08, max: 33.25 },
  })
})

test("statisticsOf() has nothing to say of no readings", () => {
  expect(statisticsOf([])).toBeUndefined()
})
