import { describe, expect, test } from "bun:test"
import { clockChange, type Day } from "../../src/survey/calendar"
import { instantOf, offsetsOn, timestampOf } from "../../src/survey/offsets"
import { elapsedSeconds, formatTime } from "../../src/survey/reading"

const MINUTE = 60
const DAY_SECONDS = 86_400

test.each<[string, Day, string, string | null, string | null]>([
  ["Europe/Rome", "2026-11-22", "+01:00", null, null],
  ["Europe/Rome", "2026-03-29", "+01:00", "03:00", "+02:00"],
  ["Europe/Rome", "2026-10-25", "+02:00", "03:00", "+01:00"],
  ["Australia/Lord_Howe", "2026-10-04", "+10:30", "02:30", "+11:00"],
  ["Australia/Lord_Howe", "2026-04-05", "+11:00", "02:00", "+10:30"],
  ["America/Sao_Paulo", "2018-11-04", "-03:00", "01:00", "-02:00"], // midnight is skipped
  ["America/Sao_Paulo", "2018-02-17", "-02:00", null, null], // its last hour comes twice
  ["America/Sao_Paulo", "2018-02-18", "-03:00", null, null],
  ["Pacific/Apia", "2011-12-29", "-10:00", null, null],
  ["Pacific/Apia", "2011-12-30", "-10:00", null, null], // the day that was left out
  ["Pacific/Apia", "2011-12-31", "+14:00", null, null],
  ["UTC", "2026-11-22", "+00:00", null, null],
])("offsetsOn() of %s on %s", (zone, day, offset, changesAt, offsetAfter) => {
  expect(offsetsOn(day, zone)).toEqual({ offset, changesAt, offsetAfter })
})

test("offsetsOn() has room for each day: since 2000 no clock changes twice within one, nor by seconds", () => {
  for (const zone of Intl.supportedValuesOf("timeZone")) {
    const days: string[] = []
    let at: Temporal.ZonedDateTime | null = Temporal.Instant.from("1999-12-31T00:00Z").toZonedDateTimeISO(zone)
    while ((at = at.getTimeZoneTransition("next")) && at.year < 2050) {
      expect(at.offset).toMatch(/^[+-]\d\d:\d\d$/)
      days.push(at.toPlainDate().toString())
    }
    expect(new Set(days).size).toBe(days.length)
  }
})

test.each([
  ["08:00", "2026-10-25T08:00:00+01:00"],
  ["08:00:30", "2026-10-25T08:00:30+01:00"],
  ["02:15", "2026-10-25T02:15:00+02:00"],
  ["02:15+01:00", "2026-10-25T02:15:00+01:00"],
  ["02:15:30+01:00", "2026-10-25T02:15:30+01:00"],
  ["02:59:59", "2026-10-25T02:59:59+02:00"],
  ["03:00", "2026-10-25T03:00:00+01:00"],
])("timestampOf() %s on the day that has an hour twice in Rome", (time, expected) => {
  expect(timestampOf("2026-10-25", time, offsetsOn("2026-10-25", "Europe/Rome"))).toBe(expected)
})

/** Every minute that the zone's clock shows on a day, as the store writes them, in their order. */
function minutesOf(day: Day, zone: string): string[] {
  const change = clockChange(day, zone)
  const { skipped, repeated } = change
  const readings: { seconds: number; offset?: string }[] = []
  for (let seconds = 0; seconds < DAY_SECONDS; seconds += MINUTE) {
    if (skipped && seconds >= skipped.from && seconds < skipped.to) continue
    readings.push({ seconds })
    if (repeated && seconds >= repeated.from && seconds < repeated.to) {
      readings.push({ seconds, offset: repeated.offsets[1] })
    }
  }
  readings.sort((a, b) => elapsedSeconds(a, change) - elapsedSeconds(b, change))
  return readings.map(({ seconds, offset }) => formatTime(seconds, offset))
}

describe("timestampOf() names each minute's own instant", () => {
  test.each<[string, Day, number]>([
    ["Europe/Rome", "2026-03-29", 23 * 60],
    ["Europe/Rome", "2026-10-25", 25 * 60],
    ["Australia/Lord_Howe", "2026-10-04", 24 * 60 - 30],
    ["Australia/Lord_Howe", "2026-04-05", 24 * 60 + 30],
    ["America/Sao_Paulo", "2018-11-04", 23 * 60],
    ["America/Sao_Paulo", "2018-02-17", 25 * 60],
    ["Pacific/Apia", "2011-12-29", 24 * 60],
    ["Pacific/Apia", "2011-12-30", 0],
    ["Pacific/Apia", "2011-12-31", 24 * 60],
    ["Asia/Kathmandu", "2026-11-22", 24 * 60],
  ])("in %s on %s, a minute apart", (zone, day, minutes) => {
    const times = minutesOf(day, zone)
    expect(times).toHaveLength(minutes)
    const instants = times.map((time) => Temporal.Instant.from(timestampOf(day, time, offsetsOn(day, zone))))
    const local = instants.map((instant) => instant.toZonedDateTimeISO(zone))
    expect(local.map((at) => at.toPlainDateTime().toString({ smallestUnit: "minute" }))).toEqual(
      times.map((time) => `${day}T${time.slice(0, 5)}`),
    )
    const [first] = instants
    expect(instants.map((instant) => first?.until(instant).total("minutes"))).toEqual(times.map((_, at) => at))
  })

  test("as instantOf() has a reading's, in either pass of an hour that comes twice", () => {
    const day = "2026-10-25"
    const at = (seconds: number, offset?: string) => instantOf(day, { seconds, offset }, "Europe/Rome")
    expect(at(9000)).toBe(Date.parse(timestampOf(day, "02:30", offsetsOn(day, "Europe/Rome"))))
    expect(at(9000, "+01:00")).toBe(Date.parse(timestampOf(day, "02:30+01:00", offsetsOn(day, "Europe/Rome"))))
    expect(at(DAY_SECONDS - MINUTE)).toBe(Date.parse("2026-10-25T23:59:00+01:00"))
  })

  test("and the day after the skipped one begins where the day before it ended", () => {
    const [last, first] = [
      timestampOf("2011-12-29", "23:59:59", offsetsOn("2011-12-29", "Pacific/Apia")),
      timestampOf("2011-12-31", "00:00", offsetsOn("2011-12-31", "Pacific/Apia")),
    ].map((text) => Temporal.Instant.from(text))
    expect(last && first && last.until(first).total("seconds")).toBe(1)
  })
})
