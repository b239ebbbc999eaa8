import { expect, test } from "bun:test"
import fc from "fast-check"
import { clockChange } from "../../src/survey/calendar"
import { countCanonical, readCanonical } from "../../src/survey/canonical"
import { formatTime } from "../../src/survey/reading"
import { formatSurvey, parseSurvey } from "../../src/survey/survey"
import { clockDays, surveyText } from "./fixtures"

const decimal = fc.constantFrom(
  "0",
  "-0",
  "20",
  "020",
  "20.5",
  "20.50",
  "0.05",
  "99.99",
  "7.00",
  "-1.5",
  "-0.5",
  "90.01",
)
const gap = fc.constantFrom(" ", "  ", "\t", "\r")
const time = fc.constantFrom("00:00", "08:00", "08:00:00", "08:00:30", "12:30", "23:59", "24:00")
const anyLine = fc
  .tuple(time, gap, gap, decimal, gap, gap, decimal, fc.constantFrom("%", " %", "% ", ""))
  .map(([at, a, b, t, c, d, h, end]) => `${at}${a}-${b}${t}${c}-${d}${h}${end}`)
const plainLine = fc
  .tuple(time, decimal, decimal, fc.constantFrom("%", "", "%%"))
  .map(([at, t, h, end]) => `${at} - ${t} - ${h}${end}`)
const canonicalLine = fc
  .tuple(fc.nat({ max: 86_399 }), fc.integer({ min: -9000, max: 9000 }), fc.nat({ max: 10_000 }))
  .map(([seconds, t, h]) => `${formatTime(seconds)} - ${t / 100} - ${h / 100}%`)
const anyText = fc
  .tuple(
    fc.array(fc.oneof(anyLine, plainLine, canonicalLine), { maxLength: 4 }),
    fc.constantFrom("\n", "\n\n", "\r\n"),
    fc.boolean(),
  )
  .map(([lines, between, ended]) => lines.join(between) + (ended ? "\n" : ""))
const character = fc.oneof(
  fc.constantFrom("0", ".0", ":00", "-", " ", "\n"),
  fc.constantFrom("", ..."0123456789:-.% \t\r\n\uFEFFé٣+ex"),
)
const corners = fc.constantFrom("", "\n", "\uFEFF", "\uFEFF08:00 - 20 - 30%\n", "08:00 - 20 - 30%", "-\n", ":::::::::")

test("readCanonical() is what parseSurvey() and formatSurvey() make of a text, however it is written", () => {
  const onAnyDay = clockDays.chain((clock) =>
    fc.tuple(fc.constant(clockChange(clock.day, clock.timeZone)), fc.oneof(anyText, corners, surveyText(clock))),
  )
  fc.assert(
    fc.property(onAnyDay, ([change, text]) => {
      const { readings, refused, refusedCount } = parseSurvey(text, change)
      const expected = { body: formatSurvey(readings), readings: readings.length, refused, refusedCount }
      expect(readCanonical(text, change)).toEqual(expected)
    }),
    { numRuns: 3000 },
  )
})

const damage = fc.tuple(fc.nat({ max: 999 }), fc.nat({ max: 2 }), character)
const damagedText = fc
  .tuple(fc.array(canonicalLine, { minLength: 1, maxLength: 6 }), fc.array(damage, { maxLength: 2 }))
  .map(([lines, damages]) => {
    let text: string = formatSurvey(parseSurvey(lines.join("\n"), {}).readings)
    for (const [permille, removed, inserted] of damages) {
      const at = Math.floor((permille / 1000) * text.length)
      text = text.slice(0, at) + inserted + text.slice(at + removed)
    }
    return text
  })

function isExact(count: typeof countCanonical) {
  return fc.property(damagedText, (text) => {
    const { readings, refused } = parseSurvey(text, {})
    const isCanonical = refused.length === 0 && formatSurvey(readings) === text
    expect(count(text, {})).toBe(isCanonical ? readings.length : undefined)
  })
}

test("countCanonical() counts what formatSurvey() writes, and nothing that differs from it in a character or two", () => {
  fc.assert(isExact(countCanonical), { numRuns: 5000 })
})

test.each([
  ["takes any separator", (text: string) => text.replace(/ .. ?(?=[-\d])/g, " - ")],
  ["takes zeros in front", (text: string) => text.replace(/ - 0+(?=\d)/g, " - ")],
  ["takes zeros behind", (text: string) => text.replace(/(\.\d)0(?= |%)/g, "$1")],
  [
    "takes seconds that are zero",
    (text: string) => text.replace(/:00(?= )/g, (end, at) => (text[at - 3] === ":" ? "" : end)),
  ],
])("the test above catches a count that %s", (_, mended) => {
  const faulty: typeof countCanonical = (text, change) => countCanonical(mended(text), change)
  expect(fc.check(isExact(faulty), { numRuns: 5000, seed: 1 }).failed).toBe(true)
})

test.each([
  ["an end that is missing", "08:00 - 20 - 30%"],
  ["a line end of two characters", "08:00 - 20 - 30%\r\n"],
  ["a blank line", "08:00 - 20 - 30%\n\n"],
  ["a byte order mark", "\uFEFF08:00 - 20 - 30%\n"],
  ["seconds that are zero", "08:00:00 - 20 - 30%\n"],
  ["a time that comes twice", "08:00 - 20 - 30%\n08:00 - 20 - 30%\n"],
  ["times in the wrong order", "09:00 - 20 - 30%\n08:00 - 20 - 30%\n"],
  ["a time that is none", "24:00 - 20 - 30%\n"],
  ["a zero in front", "08:00 - 020 - 30%\n"],
  ["a zero behind", "08:00 - 20.50 - 30%\n"],
  ["minus zero", "08:00 - -0 - 30%\n"],
  ["three places", "08:00 - 20.123 - 30%\n"],
  ["a point without places", "08:00 - 20. - 30%\n"],
  ["a temperature out of range", "08:00 - 90.01 - 30%\n"],
  ["a humidity out of range", "08:00 - 20 - 100.01%\n"],
  ["a humidity below zero", "08:00 - 20 - -1%\n"],
  ["a tab", "08:00\t- 20 - 30%\n"],
  ["another sign than a hyphen", "08:00 + 20 - 30%\n"],
  ["a hyphen without its second space", "08:00 -x20 - 30%\n"],
  ["a percent sign that is missing", "08:00 - 20 - 30\n"],
  ["more digits than a number holds", `08:00 - ${"9".repeat(400)} - 30%\n`],
  ["an offset", "08:00+01:00 - 20 - 30%\n"],
  ["a line cut short", "08:00 - 20 - 30%\n08:0"],
])("countCanonical() leaves %s to parseSurvey()", (_, text) => {
  expect(countCanonical(text, {})).toBeUndefined()
})

test("countCanonical() leaves a day on which the clock changes to parseSurvey()", () => {
  const text = "08:00 - 20 - 30%\n"
  expect(countCanonical(text, {})).toBe(1)
  expect(countCanonical(text, clockChange("2026-10-25", "Europe/Rome"))).toBeUndefined()
  expect(countCanonical(text, { skipped: { from: 7200, to: 10_800 } })).toBeUndefined()
})

test("readCanonical() keeps the order of an hour that comes twice", () => {
  const change = clockChange("2026-10-25", "Europe/Rome")
  for (const text of ["02:30 - 1 - 1%\n02:10 - 2 - 2%\n", "03:30 - 1 - 1%\n02:10 - 2 - 2%\n"]) {
    expect(readCanonical(text, change).body).toBe(formatSurvey(parseSurvey(text, change).readings))
  }
})
