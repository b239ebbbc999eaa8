/** What holds for every survey, on every day of the clock. */
import { expect, test } from "bun:test"
import fc from "fast-check"
import { type ClockChange, clockChange, type Day } from "../../src/survey/calendar"
import type { Reading } from "../../src/survey/reading"
import { formatSurvey, parseSurvey } from "../../src/survey/survey"
import { clockDays, mergeReadings, surveyText } from "./fixtures"

const NONE_REFUSED = { refused: [], refusedCount: 0 }

const oneSurvey = clockDays.chain((clock) => fc.tuple(fc.constant(clock), surveyText(clock)))
const twoSurveys = clockDays.chain((clock) => fc.tuple(fc.constant(clock), surveyText(clock), surveyText(clock)))

test("parseSurvey() takes or refuses every line, and reads back what formatSurvey() writes", () => {
  fc.assert(
    fc.property(oneSurvey, ([{ day, timeZone }, text]) => {
      const change = clockChange(day, timeZone)
      const { readings, refusedCount } = parseSurvey(text, change)
      expect(readings.length + refusedCount).toBe(text === "" ? 0 : text.split("\n").length)
      expectInOrder(readings, day, timeZone)
      const canonical = formatSurvey(readings)
      expect(parseSurvey(canonical, change)).toEqual({ readings, ...NONE_REFUSED })
      expect(formatSurvey(parseSurvey(canonical, change).readings)).toBe(canonical)
    }),
    { numRuns: 1500 },
  )
})

test("parseSurvey() takes all that a clock shows in order, both passes", () => {
  fc.assert(
    fc.property(clockDays, fc.integer({ min: 20, max: 600 }), ({ day, timeZone }, stepSeconds) => {
      const change = clockChange(day, timeZone)
      const shown: number[] = []
      for (let at = 0; at < 86_400; at += stepSeconds) shown.push(at)
      const { from, to } = change.repeated ?? { from: 0, to: 0 }
      const firstPass = shown.filter((at) => at < to)
      const secondPass = shown.filter((at) => at >= from && at < to)
      const after = shown.filter(
        (at) => at >= to && !(change.skipped && at >= change.skipped.from && at < change.skipped.to),
      )
      const readings = [
        ...firstPass.map((seconds) => ({ seconds, temperature: 20, humidity: 30 })),
        ...secondPass.map((seconds) => ({
          seconds,
          offset: change.repeated?.offsets[1],
          temperature: 21,
          humidity: 31,
        })),
        ...after.map((seconds) => ({ seconds, temperature: 22, humidity: 32 })),
      ]
      const canonical = formatSurvey(readings)
      const bare = canonical.replaceAll(/^(\S+?)[+-]\S+/gm, "$1")
      for (const text of [canonical, bare]) expect(parseSurvey(text, change)).toEqual({ readings, ...NONE_REFUSED })
    }),
    { numRuns: 30 },
  )
})

test("parseSurvey() never throws, and never loses a line, whatever the text", () => {
  const characters = fc.constantFrom(..."0123456789:-.% \t\r\n\u0000\uFEFFé\ud800+e,")
  const text = fc.oneof(fc.string({ unit: "binary" }), fc.string({ unit: characters, maxLength: 300 }))
  fc.assert(
    fc.property(clockDays, text, ({ day, timeZone }, input) => {
      const { readings, refusedCount } = parseSurvey(input, clockChange(day, timeZone))
      const lines = input.replace(/^\uFEFF/, "").split("\n")
      const filled = lines.filter((line) => /[^ \t\r]/.test(line)).length
      expect(readings.length + refusedCount).toBe(filled)
    }),
    { numRuns: 1000 },
  )
})

type Merge = typeof mergeReadings

function mergeHolds(merge: Merge) {
  return fc.property(twoSurveys, ([{ day, timeZone }, storedText, incomingText]) => {
    const change = clockChange(day, timeZone)
    const stored = parseSurvey(storedText, change).readings
    const incoming = parseSurvey(incomingText, change).readings
    const { readings, superseded } = merge(stored, incoming, change)

    const newest = new Map([...stored, ...incoming].map((reading) => [instantKey(reading), reading]))
    expect(new Set(readings)).toEqual(new Set(newest.values()))
    expect(readings).toHaveLength(newest.size)
    expect(superseded).toEqual(stored.filter((reading) => differs(reading, newest.get(instantKey(reading)))))
    expectInOrder(readings, day, timeZone)
    expectStable(merge, readings, incoming, change)
  })
}

test("MergedReadings deletes nothing, lets newer values win, keeps the order and changes nothing the second time", () => {
  fc.assert(mergeHolds(mergeReadings), { numRuns: 500 })
})

test.each<[string, Merge]>([
  [
    "forgets a reading",
    (...args) => ({ ...mergeReadings(...args), readings: mergeReadings(...args).readings.slice(1) }),
  ],
  ["lets older values win", (stored, incoming, change) => mergeReadings(incoming, stored, change)],
  ["ignores the repeated hour", (stored, incoming) => mergeReadings(stored, incoming, {})],
  ["hides what it replaced", (...args) => ({ ...mergeReadings(...args), superseded: [] })],
])("the test above catches a merge that %s", (_, faulty) => {
  expect(fc.check(mergeHolds(faulty), { numRuns: 500, seed: 1 }).failed).toBe(true)
})

function expectStable(merge: Merge, readings: Reading[], incoming: Reading[], change: ClockChange): void {
  expect(merge(readings, incoming, change)).toEqual({ readings, superseded: [] })
  expect(merge(readings, readings, change)).toEqual({ readings, superseded: [] })
  expect(parseSurvey(formatSurvey(readings), change)).toEqual({ readings, ...NONE_REFUSED })
}

/** The instants, which Temporal finds by itself, rise strictly. */
function expectInOrder(readings: Reading[], day: Day, timeZone: string): void {
  const midnight = Temporal.PlainDate.from(day).toPlainDateTime()
  const instants = readings.map(({ seconds, offset }) => {
    const disambiguation = offset === undefined ? "earlier" : "later"
    const instant = midnight.add({ seconds }).toZonedDateTime(timeZone, { disambiguation })
    if (offset !== undefined) expect(offset).toBe(instant.offset)
    return instant.epochMilliseconds
  })
  expect(instants).toEqual([...new Set(instants)].sort((a, b) => a - b))
}

function instantKey({ seconds, offset }: Reading): string {
  return `${seconds} ${offset}`
}

function differs(a: Reading, b: Reading | undefined): boolean {
  return b === undefined || a.temperature !== b.temperature || a.humidity !== b.humidity
}
