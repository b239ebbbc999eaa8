import { heapStats } from "bun:jsc"
import { expect, test } from "bun:test"
import { formatTime } from "../../src/survey/reading"
import { formatSurvey, parseSurvey } from "../../src/survey/survey"
import { reading } from "./fixtures"

test("parseSurvey() takes good lines and refuses the others by number and rule", () => {
  const text = "08:00 - 20 - 30%\n\nnoise\n12:00 - 25 - 130%\n \t \n16:00 - 23 - 32%"
  expect(parseSurvey(text, {})).toEqual({
    readings: [reading("08:00", 20, 30), reading("16:00", 23, 32)],
    refused: [
      { line: 3, rule: 'A reading must be written "08:00 - 20 - 30%": it is noise', text: "noise" },
      { line: 4, rule: "Humidity must be 0 to 100 %: it is 130", text: "12:00 - 25 - 130%" },
    ],
    refusedCount: 2,
  })
})

test("parseSurvey() takes CRLF, a byte order mark and a last line without an end", () => {
  const { readings, refused } = parseSurvey("\uFEFF08:00 - 20 - 30%\r\n\r\n12:00 - 25 - 33%", {})
  expect(readings).toEqual([reading("08:00", 20, 30), reading("12:00", 25, 33)])
  expect(refused).toEqual([])
})

test("parseSurvey() refuses a byte order mark anywhere else", () => {
  expect(parseSurvey("08:00 - 20 - 30%\n\uFEFF09:00 - 20 - 30%", {}).refused.map(({ line }) => line)).toEqual([2])
})

test.each([
  "",
  "\n",
  "\r\n\r\n",
  " \t\n ",
  "\uFEFF",
  "\uFEFF\n",
])("parseSurvey() takes %p as a survey with no readings", (text) => {
  expect(parseSurvey(text, {})).toEqual({ readings: [], refused: [], refusedCount: 0 })
})

test("parseSurvey() orders readings by time", () => {
  const { readings, refused } = parseSurvey("12:00 - 1 - 1%\n08:00 - 2 - 2%\n10:00 - 3 - 3%", {})
  expect(readings.map(({ seconds }) => formatTime(seconds))).toEqual(["08:00", "10:00", "12:00"])
  expect(refused).toEqual([])
})

test.each([
  ["next to each other", "08:00 - 1 - 1%\n08:00 - 2 - 2%", 2],
  ["written differently", "08:00 - 1 - 1%\n08:00:00 - 1 - 1%", 2],
  ["far apart", "08:00 - 1 - 1%\n12:00 - 2 - 2%\n08:00 - 3 - 3%", 3],
  ["after a line out of order", "12:00 - 1 - 1%\n08:00 - 1 - 1%\n13:00 - 1 - 1%\n13:00 - 1 - 1%", 4],
])("parseSurvey() keeps the first and refuses the second of a time that comes twice, %s", (_, text, line) => {
  const { readings, refused } = parseSurvey(text, {})
  expect(readings).toHaveLength(line - 1)
  expect(refused).toHaveLength(1)
  expect(refused[0]).toMatchObject({ line, rule: expect.stringMatching(/^Time must not come twice: it is \d\d:00$/) })
})

test("parseSurvey() lets a time come again when its first line was refused", () => {
  expect(parseSurvey("08:00 - 20 - 130%\n08:00 - 20 - 30%", {}).readings).toEqual([reading("08:00", 20, 30)])
})

test("parseSurvey() refuses a line of more than 200 characters", () => {
  const fits = `08:00 - ${"0".repeat(184)}20 - 30%`.slice(0, 200)
  const tooLong = `09:00 - ${"0".repeat(200)}20 - 30%`
  const { readings, refused } = parseSurvey(`${fits}\n${tooLong}\n${" ".repeat(300)}10:00 - 20 - 30%\n`, {})
  expect(readings.map(({ seconds }) => seconds)).toEqual([28_800, 36_000])
  expect(refused).toEqual([{ line: 2, rule: "A line must be at most 200 characters: it is 216", text: tooLong }])
})

test("parseSurvey() gives a refused line as it came", () => {
  const { refused } = parseSurvey(" \u0000\u001b[31m \u202e\n", {})
  expect(refused[0]?.text).toBe("\u0000\u001b[31m \u202e")
})

test("parseSurvey() reads 1 MiB of readings a second apart", () => {
  let text = ""
  for (let seconds = 0; text.length < 2 ** 20 - 30; seconds++) text += `${formatTime(seconds)} - 20.5 - 30.25%\n`
  const { readings, refused } = parseSurvey(text, {})
  expect(readings.length).toBeGreaterThan(40_000)
  expect(refused).toEqual([])
  expect(parseSurvey(formatSurvey(readings), {}).readings).toEqual(readings)
})

test("parseSurvey() reads 100,000 lines in the wrong order, and refuses what comes again", () => {
  const lines = Array.from({ length: 100_000 }, (_, number) => `${formatTime(86_399 - (number % 86_400))} - 20 - 30%`)
  const { readings, refusedCount } = parseSurvey(lines.join("\n"), {})
  expect(readings).toHaveLength(86_400)
  expect(readings.every(({ seconds }, index) => seconds === index)).toBe(true)
  expect(refusedCount).toBe(13_600)
})

test("parseSurvey() keeps the first hundred refused lines, counts the others, and goes on", () => {
  const noise = Array.from({ length: 999 }, (_, number) => `noise ${number}`)
  const { readings, refused, refusedCount } = parseSurvey([...noise, "08:00 - 20 - 30%", "x"].join("\n"), {})
  expect(readings).toEqual([reading("08:00", 20, 30)])
  expect(refusedCount).toBe(1000)
  expect(refused).toHaveLength(100)
  expect(refused.at(-1)).toMatchObject({ line: 100, text: "noise 99" })
})

test("parseSurvey() stops at the first refused line where it is told to", () => {
  const text = `08:00 - 20 - 30%\n${"x\n".repeat(1000)}09:00 - 20 - 30%\n`
  const { readings, refused, refusedCount } = parseSurvey(text, {}, { stopAtRefusal: true })
  expect(readings).toEqual([reading("08:00", 20, 30)])
  expect([refused.map(({ line }) => line), refusedCount]).toEqual([[2], 1])
  const sound = parseSurvey("08:00 - 20 - 30%\n09:00 - 20 - 30%\n", {}, { stopAtRefusal: true })
  expect([sound.readings.length, sound.refusedCount]).toEqual([2, 0])
})

test("parseSurvey() takes little memory for a large text that is no survey", () => {
  const text = new TextDecoder().decode(Buffer.alloc(4 * 1024 * 1024, "x\n"))
  Bun.gc(true)
  const before = heapStats().heapSize
  const survey = parseSurvey(text, {})
  Bun.gc(true)
  expect(survey.refusedCount).toBe(text.length / 2)
  expect(heapStats().heapSize - before).toBeLessThan(1024 * 1024)
})

test("formatSurvey() writes a line each, and nothing for none", () => {
  expect<string>(formatSurvey([reading("08:00", 20, 30), reading("23:30", -1.5, 41.2)])).toBe(
    "08:00 - 20 - 30%\n23:30 - -1.5 - 41.2%\n",
  )
  expect<string>(formatSurvey([])).toBe("")
})
