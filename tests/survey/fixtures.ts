/** Readings and surveys that the tests of src/survey share. */
import fc from "fast-check"
import { type ClockChange, clockChange, type Day } from "../../src/survey/calendar"
import { MergedReadings } from "../../src/survey/merge"
import { formatTime, parseTime, type Reading } from "../../src/survey/reading"

/** A reading of the first pass at "HH:MM" or "HH:MM:SS". */
export function reading(time: string, temperature = 20, humidity = 30): Reading {
  return { seconds: parseTime(time), temperature, humidity }
}

/** Days on which the clock does something, and one on which it does not. */
export const clockDays = fc.constantFrom<{ day: Day; timeZone: string }>(
  { day: "2026-11-21", timeZone: "Europe/Rome" },
  { day: "2026-03-29", timeZone: "Europe/Rome" },
  { day: "2026-10-25", timeZone: "Europe/Rome" },
  { day: "2026-04-05", timeZone: "Australia/Lord_Howe" },
  { day: "2026-04-04", timeZone: "America/Santiago" },
  { day: "2026-10-29", timeZone: "Africa/Cairo" },
  { day: "2010-11-06", timeZone: "America/St_Johns" },
  { day: "2010-11-07", timeZone: "America/St_Johns" },
  { day: "2026-11-01", timeZone: "America/Havana" },
  { day: "2026-10-25", timeZone: "Atlantic/Azores" },
  { day: "1883-11-18", timeZone: "America/New_York" },
)

/** Up to 40 lines around the clock's change, in any order, some of them refused. */
export function surveyText({ day, timeZone }: { day: Day; timeZone: string }): fc.Arbitrary<string> {
  const { repeated, skipped } = clockChange(day, timeZone)
  const { from, to } = repeated ?? skipped ?? { from: 7200, to: 10_800 }
  const around = (from + to) / 2
  const step = (to - from) / 12
  const seconds = fc
    .integer({ min: -10, max: 10 })
    .map((steps) => Math.min(86_399, Math.max(0, Math.floor(around + steps * step))))
  const hundredths = (min: number, max: number) =>
    fc.integer({ min: min * 100, max: max * 100 }).map((number) => String(number / 100))
  const [first = "+00:00", second = "-00:30"] = repeated?.offsets ?? []
  const offset = fc.oneof(
    { weight: 5, arbitrary: fc.constant(undefined) },
    { weight: 3, arbitrary: fc.constantFrom(first, second) },
    { weight: 1, arbitrary: fc.constantFrom("+01:00", "-03:30", "+24:00", "Z") },
  )
  const line = fc
    .tuple(seconds, offset, hundredths(-95, 95), hundredths(-1, 104))
    .map(([at, behind, temperature, humidity]) => `${formatTime(at, behind)} - ${temperature} - ${humidity}%`)
  const inOrder = fc.array(line, { maxLength: 40 }).map((lines) => lines.toSorted())
  const asTheClockShows = fc.tuple(inOrder, inOrder).map(([first, second]) => [...first, ...second])
  return fc.oneof(fc.array(line, { maxLength: 40 }), asTheClockShows).map((lines) => lines.join("\n"))
}

/** As the gateway merges what comes into what is there. */
export function mergeReadings(stored: readonly Reading[], incoming: readonly Reading[], change: ClockChange) {
  const merged = new MergedReadings(stored, change)
  const { changes, superseded } = merged.compare(incoming)
  for (const reading of changes) merged.take(reading)
  return { readings: merged.inOrder(), superseded }
}
