import { expect, test } from "bun:test"
import { clockChange } from "../../src/survey/calendar"
import {
  compareReadings,
  formatReading,
  formatTime,
  parseOffset,
  parseReading,
  parseTime,
} from "../../src/survey/reading"
import { reading } from "./fixtures"

/** What is said of a line that is refused. */
function ruleOf(line: string): string | undefined {
  const refusal = parseReading(line)
  return typeof refusal === "function" ? refusal() : undefined
}

test.each([
  [0, "00:00"],
  [28_800, "08:00"],
  [28_830, "08:00:30"],
  [86_399, "23:59:59"],
  [86_400, "24:00"],
])("formatTime() writes %d s as %s", (seconds, text) => {
  expect(formatTime(seconds)).toBe(text)
})

test.each([
  ["08:00 - 20 - 30%", reading("08:00", 20, 30)],
  ["23:30 - -1.5 - 41.2%", reading("23:30", -1.5, 41.2)],
  ["08:00:30 - 0.01 - 99.99%", reading("08:00:30", 0.01, 99.99)],
  ["00:00 - -90 - 0%", reading("00:00", -90, 0)],
  ["23:59:59 - 90 - 100%", reading("23:59:59", 90, 100)],
])("parseReading() and formatReading() agree on %s", (line, value) => {
  expect(parseReading(line)).toEqual(value)
  expect(formatReading(value)).toBe(line)
})

test.each([
  ["zeros at the end", "08:00 - 20.50 - 30.00%", "08:00 - 20.5 - 30%"],
  ["zeros in front", "08:00 - 05 - 007%", "08:00 - 5 - 7%"],
  ["minus zero", "08:00 - -0.00 - -0%", "08:00 - 0 - 0%"],
  ["seconds that are zero", "08:00:00 - 20 - 30%", "08:00 - 20 - 30%"],
  ["white space", "\t 08:00 \t-\t\t20   -  30 % \t\r", "08:00 - 20 - 30%"],
])("parseReading() normalises %s", (_, line, canonical) => {
  const value = parseReading(line)
  expect(typeof value === "function" ? value() : formatReading(value)).toBe(canonical)
})

test.each([
  "+01:00",
  "-03:30",
  "+00:19:32",
  "-00:00",
])("parseReading() and formatReading() agree on offset %s", (offset) => {
  for (const time of ["02:15", "02:15:30"]) {
    const line = `${time}${offset} - 20 - 30%`
    expect(parseReading(line)).toEqual({ ...reading(time), offset })
    expect(formatReading({ ...reading(time), offset })).toBe(line)
    expect([parseTime(line), parseOffset(line)]).toEqual([parseTime(time), offset])
    expect(parseOffset(`${time} - 20 - 30%`)).toBeUndefined()
  }
})

test("parseReading() has no minus zero", () => {
  expect(parseReading("08:00 - -0 - -0.0%")).toEqual({ ...reading("08:00", 0, 0) })
})

const SHAPE = 'A reading must be written "08:00 - 20 - 30%"'
const TIME = "Time must be HH:MM or HH:MM:SS, two digits each"
const DECIMAL = "must be a plain decimal such as 21.5"
test.each([
  ["", `${SHAPE}: it is missing`],
  ["hello", `${SHAPE}: it is hello`],
  ["08:00", `${SHAPE}: it is 08:00`],
  ["08:00 - 20", `${SHAPE}: it is 08:00 - 20`],
  ["08:00 - 20 -", `${SHAPE}: it is 08:00 - 20 -`],
  ["08:00 - - 30%", `${SHAPE}: it is 08:00 - - 30%`],
  ["08:00 20 30%", `${SHAPE}: it is 08:00 20 30%`],
  ["08:00 -1.5 - 30%", `${SHAPE}, with spaces around its hyphens: it is 08:00 -1.5 - 30%`],
  ["08:00 - 20 -30%", `${SHAPE}, with spaces around its hyphens: it is 08:00 - 20 -30%`],
  ["08:00-20-30%", `${SHAPE}, with spaces around its hyphens: it is 08:00-20-30%`],
  ["08:00 – 20 – 30%", `${SHAPE}, with plain hyphens: it is 08:00 – 20 – 30%`],
  ["8:00 - 20 - 30%", `${TIME}: it is 8:00`],
  ["08.00 - 20 - 30%", `${TIME}: it is 08.00`],
  ["08:00: - 20 - 30%", `${TIME}: it is 08:00:`],
  ["08:00+1:00 - 20 - 30%", `${TIME}: it is 08:00+1:00`],
  ["08:00+0100 - 20 - 30%", `${TIME}: it is 08:00+0100`],
  ["08:00+25:00 - 20 - 30%", `${TIME}: it is 08:00+25:00`],
  ["08:00Z - 20 - 30%", `${TIME}: it is 08:00Z`],
  ["8:00+01:00 - 20 - 30%", `${TIME}: it is 8:00+01:00`],
  ["+01:00:30 - 20 - 30%", `${TIME}: it is +01:00:30`],
  ["08:00:5 - 20 - 30%", `${TIME}: it is 08:00:5`],
  ["08:00.30 - 20 - 30%", `${TIME}: it is 08:00.30`],
  ["-8:00 - 20 - 30%", `${TIME}: it is -8:00`],
  ["24:00 - 20 - 30%", "Time must be 00:00 to 23:59:59: it is 24:00"],
  ["08:60 - 20 - 30%", "Time must be 00:00 to 23:59:59: it is 08:60"],
  ["23:59:60 - 20 - 30%", "Time must be 00:00 to 23:59:59: it is 23:59:60"],
  ["08:00 - 90.01 - 30%", "Temperature must be -90 to 90 °C: it is 90.01"],
  ["08:00 - -91 - 30%", "Temperature must be -90 to 90 °C: it is -91"],
  ["08:00 - 20 - 130%", "Humidity must be 0 to 100 %: it is 130"],
  ["08:00 - 20 - 100.01%", "Humidity must be 0 to 100 %: it is 100.01"],
  ["08:00 - 20 - -0.01%", "Humidity must be 0 to 100 %: it is -0.01"],
  ["08:00 - 20.505 - 30%", "Temperature must have at most two decimal places: it is 20.505"],
  ["08:00 - 20 - 30.000%", "Humidity must have at most two decimal places: it is 30.000"],
  ["08:00 - 20,5 - 30%", `Temperature ${DECIMAL}: it is 20,5`],
  ["08:00 - +20 - 30%", `Temperature ${DECIMAL}: it is +20`],
  ["08:00 - 2e1 - 30%", `Temperature ${DECIMAL}: it is 2e1`],
  ["08:00 - 0x14 - 30%", `Temperature ${DECIMAL}: it is 0x14`],
  ["08:00 - 20. - 30%", `Temperature ${DECIMAL}: it is 20.`],
  ["08:00 - .5 - 30%", `Temperature ${DECIMAL}: it is .5`],
  ["08:00 - -.5 - 30%", `Temperature ${DECIMAL}: it is -.5`],
  ["08:00 - . - 30%", `Temperature ${DECIMAL}: it is .`],
  ["08:00 - 1.2.3 - 30%", `Temperature ${DECIMAL}: it is 1.2.3`],
  ["08:00 - --5 - 30%", `Temperature ${DECIMAL}: it is --5`],
  ["08:00 - −5 - 30%", `Temperature must have a plain hyphen for its sign: it is −5`],
  ["08:00 - NaN - 30%", `Temperature ${DECIMAL}: it is NaN`],
  ["08:00 - 20°C - 30%", `Temperature ${DECIMAL}: it is 20°C`],
  ["08:00 - 20 - Infinity%", `Humidity ${DECIMAL}: it is Infinity`],
  ["08:00 - 20 - 30 40%", `Humidity ${DECIMAL}: it is 30 40`],
  ["08:00 - 20 - 30%%", `Humidity ${DECIMAL}: it is 30%`],
  ["08:00 - 20 - %", `Humidity ${DECIMAL}: it is missing`],
  ["08:00 - 20 - 30", "Humidity must end in %: it is 30"],
  ["08:00 - 20 - 30% dry", "Humidity must end in %: it is 30% dry"],
  ["08:00 - 20 - 30% - 5", "Humidity must end in %: it is 30% - 5"],
])("parseReading() refuses %p and says why", (line, rule) => {
  expect(ruleOf(line)).toBe(rule)
})

test("parseReading() gives at most 40 characters of a value", () => {
  expect(ruleOf(`08:00 - ${"9".repeat(150)} - 30%`)).toBe(`Temperature must be -90 to 90 °C: it is ${"9".repeat(39)}…`)
})

test("parseReading() reads in place", () => {
  const text = "noise 08:00 - 20 - 30%5 noise"
  expect(parseReading(text, 6, 22)).toEqual(reading("08:00", 20, 30))
})

test("parseTime() reads the time of a line that is refused for another reason", () => {
  expect(parseTime(" 02:30 - 20 - 130%")).toBe(9000)
  expect(parseTime("noise")).toBeNaN()
})

test("compareReadings() orders the repeated hour by instant", () => {
  const change = clockChange("2026-10-25", "Europe/Rome")
  const again = (time: string) => ({ ...reading(time), offset: "+01:00" })
  const inOrder = ["01:59:59", "02:00", "02:59:59"].map((time) => reading(time))
  inOrder.push(again("02:00"), again("02:59:59"), reading("03:00"), reading("23:00"))
  inOrder.forEach((a, i) => {
    inOrder.forEach((b, j) => {
      expect(Math.sign(compareReadings(a, b, change))).toBe(Math.sign(i - j))
    })
  })
})
