// A survey's readings as JSON, both ways.
import { expect, test } from "bun:test"
import { formatStored, readStored, type StoredReading, toJson, toStored } from "../../../src/cloud/store/stored"
import { formatReading } from "../../../src/survey/reading"
import { formatSurvey, parseSurvey } from "../../../src/survey/survey"

const reading = (seconds: number, temperature: number, humidity: number) => ({
  seconds,
  temperature,
  humidity,
})
const HIGHEST = reading(86_399, -89.99, 99.99)
const TWICE = [reading(8100, 20, 30), { ...reading(8100, 21, 31), offset: "+01:00" }, HIGHEST]

test("toJson() is what JSON.stringify() makes of the readings as they are stored", () => {
  const surveys = [
    [],
    [HIGHEST],
    [reading(0, -90, 100), reading(60, 0, 0), reading(3600, 21.5, 0.05), HIGHEST],
    parseSurvey("08:00 - 20 - 30%\n12:00 - 25.25 - 28%\n", {}).readings,
    TWICE,
    Array.from({ length: 19_001 }, (_, n) => reading(0, (Math.min(n, 18_000) - 9000) / 100, (n % 10_001) / 100)),
    Array.from({ length: 86_400 }, (_, second) => reading(second, -89.99, 99.99)), // more than fits into the scratch
  ]
  for (const readings of surveys) expect(toJson(formatSurvey(readings))).toBe(JSON.stringify(readings.map(toStored)))
})

test("readStored() reads back when a reading was taken, in which pass too", () => {
  for (const each of [reading(0, -90, 100), reading(3661, 21.5, 0.05), ...TWICE, { ...HIGHEST, offset: "-00:30" }]) {
    const { seconds, offset } = { offset: undefined, ...each }
    expect(readStored(toStored(each))).toEqual(offset === undefined ? { seconds } : { seconds, offset })
  }
})

test("readStored() and formatStored() take offsets of seconds, as before 1900", () => {
  const stored: StoredReading = ["02:15:30-03:30:52", -1.5, 0]
  expect(readStored(stored)).toEqual({ seconds: 8130, offset: "-03:30:52" })
  expect(formatStored(stored)).toBe("02:15:30-03:30:52 - -1.5 - 0%")
})

test("formatStored() writes a reading as a survey does", () => {
  for (const each of TWICE) expect(formatStored(toStored(each))).toBe(formatReading(each))
})
