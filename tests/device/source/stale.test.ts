import { describe, expect, test } from "bun:test"
import { whyStale } from "../../../src/device/source/stale"
import { clockChange, type Day } from "../../../src/survey/calendar"
import { parseSurvey } from "../../../src/survey/survey"

const PATH = "surveys/device1.txt"
const MINUTE_MS = 60_000

/** What is said of a file with these lines that was last written then, an instant as in RFC 3339. */
function why(lines: readonly string[], writtenAt: string | number, day: Day = "2026-11-22", timeZone = "Europe/Rome") {
  const { readings } = parseSurvey(lines.join("\n"), clockChange(day, timeZone))
  const writtenAtMs = typeof writtenAt === "number" ? writtenAt : Date.parse(writtenAt)
  return whyStale({ sample: false, timeZone }, { survey: PATH }, writtenAtMs, day, readings.at(-1))
}

const on = (day: string) => `${PATH} was last written on ${day}`

describe("whyStale() of a file with readings", () => {
  const LINES = ["08:00 - 20 - 30%", "20:00 - 21 - 28%"]
  const LAST_MS = Date.parse("2026-11-22T20:00:00+01:00")

  test("counts from ten minutes before the last of them, that instant included", () => {
    expect(why(LINES, LAST_MS)).toBeUndefined()
    expect(why(LINES, LAST_MS - 10 * MINUTE_MS)).toBeUndefined()
    expect(why(LINES, LAST_MS - 10 * MINUTE_MS - 1)).toBe(on("22 November"))
    expect(why(LINES, LAST_MS - 10 * MINUTE_MS - 0.25)).toBe(on("22 November")) // nanoseconds that a file system keeps
  })

  test("takes the last by time, wherever it stands, and passes over refused lines", () => {
    const lines = ["20:00 - 21 - 28%", "08:00 - 20 - 30%", "23:00 - 20 - 130%"]
    expect(why(lines, LAST_MS - 10 * MINUTE_MS)).toBeUndefined()
    expect(why(lines, LAST_MS - 11 * MINUTE_MS)).toBe(on("22 November"))
  })

  test("takes one that was written later, or will be", () => {
    expect(why(LINES, "2026-11-23T05:00:00Z")).toBeUndefined()
    expect(why(LINES, "2126-11-23T05:00:00Z")).toBeUndefined()
  })

  test("names the local day, and the year where it is another one", () => {
    expect(why(LINES, "2026-11-20T23:30:00Z")).toBe(on("21 November"))
    expect(why(LINES, "2026-11-20T23:30:00Z", "2026-11-22", "America/New_York")).toBe(on("20 November"))
    expect(why(LINES, "2025-12-31T22:30:00Z")).toBe(on("31 December 2025"))
    expect(why(LINES, 0)).toBe(on("1 January 1970"))
    expect(why(LINES, "2026-12-31T22:30:00Z", "2027-01-01")).toBe(on("31 December 2026"))
  })

  test.each([
    ["Europe/Rome", "2026-11-22T19:00:00Z"],
    ["America/New_York", "2026-11-23T01:00:00Z"],
    ["Asia/Kathmandu", "2026-11-22T14:15:00Z"],
    ["Pacific/Kiritimati", "2026-11-22T06:00:00Z"],
    ["Etc/GMT+12", "2026-11-23T08:00:00Z"],
  ])("reads its times in %s", (timeZone, last) => {
    const limitMs = Date.parse(last) - 10 * MINUTE_MS
    expect(why(LINES, limitMs, "2026-11-22", timeZone)).toBeUndefined()
    expect(why(LINES, limitMs - 1, "2026-11-22", timeZone)).toBeDefined()
  })
})

describe("whyStale() on a day on which the clock changes", () => {
  const limit = (lines: readonly string[], day: Day, lastAt: string, timeZone = "Europe/Rome") => {
    const limitMs = Date.parse(lastAt) - 10 * MINUTE_MS
    expect(why(lines, limitMs, day, timeZone)).toBeUndefined()
    expect(why(lines, limitMs - 1, day, timeZone)).toBeDefined()
  }

  test("counts from the reading's own pass of an hour that comes twice", () => {
    const first = "02:30 - 20 - 30%"
    limit([first], "2026-10-25", "2026-10-25T02:30:00+02:00")
    limit([first, first], "2026-10-25", "2026-10-25T02:30:00+01:00")
    // by instant the second pass is the last, although the clock shows less
    limit(["02:50 - 20 - 30%", "02:10 - 20 - 30%"], "2026-10-25", "2026-10-25T02:10:00+01:00")
    limit([first, first, "03:00 - 20 - 30%"], "2026-10-25", "2026-10-25T03:00:00+01:00")
  })

  test("counts no minute of an hour that is skipped", () => {
    limit(["01:55 - 20 - 30%"], "2026-03-29", "2026-03-29T01:55:00+01:00")
    limit(["01:55 - 20 - 30%", "03:05 - 20 - 30%"], "2026-03-29", "2026-03-29T03:05:00+02:00")
    limit(["01:55 - 20 - 30%", "02:30 - 20 - 30%"], "2026-03-29", "2026-03-29T01:55:00+01:00")
  })

  test("knows a last hour of the day that comes twice", () => {
    const last = "23:30 - 20 - 30%"
    limit([last, last], "2026-04-04", "2026-04-04T23:30:00-04:00", "America/Santiago")
  })
})

describe.each([
  ["an empty file", []],
  ["a file whose every line was refused", ["08:00 - 20 - 130%", "nonsense"]],
])("whyStale() of %s", (_, lines) => {
  test("counts from the beginning of the day", () => {
    const beginMs = Date.parse("2026-11-22T00:00:00+01:00")
    expect(why(lines, beginMs)).toBeUndefined()
    expect(why(lines, beginMs - 1)).toBe(on("21 November"))
    expect(why(lines, "2126-11-22T00:00:00Z")).toBeUndefined()
  })

  test("knows a day that begins later than midnight", () => {
    const beginMs = Date.parse("2026-09-06T01:00:00-03:00") // 00:00 to 01:00 is skipped
    expect(why(lines, beginMs, "2026-09-06", "America/Santiago")).toBeUndefined()
    expect(why(lines, beginMs - 1, "2026-09-06", "America/Santiago")).toBe(on("5 September"))
  })
})
