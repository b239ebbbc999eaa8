import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import {
  addDays,
  type ClockChange,
  clockChange,
  type Day,
  dayBefore,
  dayOf,
  describeDay,
  parseDay,
  shortDay,
  shortDays,
} from "../../src/survey/calendar"

const HOUR = 3600

const again = (from: number, to: number, first: string, second: string): ClockChange => ({
  repeated: { from, to, offsets: [first, second] },
})

test.each(["2026-11-21", "2024-02-29", "2000-02-29", "0000-01-01", "9999-12-31"])("parseDay() takes %s", (text) => {
  expect(parseDay(text)).toBe(text as Day)
})

test.each([
  ["30 February", "2026-02-30"],
  ["29 February of a common year", "2026-02-29"],
  ["29 February of 1900", "1900-02-29"],
  ["31 April", "2026-04-31"],
  ["day 0", "2026-04-00"],
  ["month 0", "2026-00-10"],
  ["month 13", "2026-13-10"],
  ["one digit", "2026-1-10"],
  ["no hyphens", "20261110"],
  ["a sign", "+002026-11-10"],
  ["a time", "2026-11-10T00:00"],
  ["a line end", "2026-11-10\n"],
  ["white space", " 2026-11-10"],
  ["other digits", "２０２６-11-10"],
  ["a path", "../../etc/"],
  ["nothing", ""],
])("parseDay() refuses %s", (_, text) => {
  expect(parseDay(text)).toBeUndefined()
})

test("parseDay() takes exactly the days that Temporal takes", () => {
  const part = (max: number) => fc.integer({ min: 0, max }).map(String)
  fc.assert(
    fc.property(part(9999), part(14), part(33), (year, month, date) => {
      const text = `${year.padStart(4, "0")}-${month.padStart(2, "0")}-${date.padStart(2, "0")}`
      let real = true
      try {
        Temporal.PlainDate.from(text)
      } catch {
        real = false
      }
      expect(parseDay(text) !== undefined).toBe(real)
    }),
  )
})

test("addDays() crosses months, leap days and years", () => {
  expect(addDays("2026-12-31", 1)).toBe("2027-01-01")
  expect(addDays("2024-03-01", -1)).toBe("2024-02-29")
  expect(addDays("0099-12-31", 1)).toBe("0100-01-01")
})

test("addDays() refuses to leave the years 0000 to 9999", () => {
  expect(() => addDays("9999-12-31", 1)).toThrow("A day must be in the years 0000 to 9999: it is +010000-01-01")
  expect(() => addDays("0000-01-01", -1)).toThrow(RangeError)
})

test("dayOf() and dayBefore() follow the time zone", () => {
  const instant = Date.parse("2026-11-21T23:30:00Z")
  expect(dayOf(instant, "UTC")).toBe("2026-11-21")
  expect(dayOf(instant, "Europe/Rome")).toBe("2026-11-22")
  expect(dayBefore(instant, "Europe/Rome")).toBe("2026-11-21")
  expect(dayOf(instant + 0.25, "Europe/Rome")).toBe("2026-11-22")
})

test("dayBefore() is the day before also where midnight is skipped", () => {
  expect(dayBefore(Date.parse("2026-09-06T12:00:00Z"), "America/Santiago")).toBe("2026-09-05")
})

test("dayBefore() leaves out a day that the zone skipped", () => {
  expect(dayBefore(Date.parse("2011-12-31T06:00:00+14:00"), "Pacific/Apia")).toBe("2011-12-29")
})

test("dayOf() refuses an unknown time zone", () => {
  expect(() => dayOf(0, "Europe/Atlantis")).toThrow(RangeError)
})

test.each<[string, string, Day, ClockChange]>([
  ["nothing on most days", "Europe/Rome", "2026-11-21", {}],
  ["Rome's spring", "Europe/Rome", "2026-03-29", { skipped: { from: 2 * HOUR, to: 3 * HOUR } }],
  ["Rome's autumn", "Europe/Rome", "2026-10-25", again(2 * HOUR, 3 * HOUR, "+02:00", "+01:00")],
  ["Lord Howe's half hour in spring", "Australia/Lord_Howe", "2026-10-04", { skipped: { from: 7200, to: 9000 } }],
  ["Lord Howe's half hour in autumn", "Australia/Lord_Howe", "2026-04-05", again(5400, 7200, "+11:00", "+10:30")],
  ["Santiago's midnight in spring", "America/Santiago", "2026-09-06", { skipped: { from: 0, to: HOUR } }],
  ["Santiago's last hour in autumn", "America/Santiago", "2026-04-04", again(23 * HOUR, 24 * HOUR, "-03:00", "-04:00")],
  ["nothing on the day after it", "America/Santiago", "2026-04-05", {}],
  ["Cairo's midnight in spring", "Africa/Cairo", "2026-04-24", { skipped: { from: 0, to: HOUR } }],
  ["Cairo's last hour in autumn", "Africa/Cairo", "2026-10-29", again(23 * HOUR, 24 * HOUR, "+03:00", "+02:00")],
  ["Apia's whole day", "Pacific/Apia", "2011-12-30", { skipped: { from: 0, to: 24 * HOUR } }],
  ["nothing on Apia's day before", "Pacific/Apia", "2011-12-29", {}],
  ["nothing on Apia's day after", "Pacific/Apia", "2011-12-31", {}],
  ["St John's hour over midnight, before", "America/St_Johns", "2010-11-06", again(82_860, 86_400, "-02:30", "-03:30")],
  ["St John's hour over midnight, after", "America/St_Johns", "2010-11-07", again(0, 60, "-02:30", "-03:30")],
  ["Havana's first hour", "America/Havana", "2026-11-01", again(0, HOUR, "-04:00", "-05:00")],
  ["New York's seconds", "America/New_York", "1883-11-18", again(43_200, 43_438, "-04:56:02", "-05:00")],
])("clockChange() knows %s", (_, timeZone, day, change) => {
  expect(clockChange(day, timeZone)).toEqual(change)
})

describe("clockChange() agrees with Temporal on every quarter of an hour", () => {
  const zones = ["Europe/Rome", "Australia/Lord_Howe", "America/Santiago", "Africa/Cairo", "America/St_Johns", "UTC"]
  test.each(zones)("in %s, 2008 and 2026", (timeZone) => {
    for (const year of [2008, 2026]) {
      for (let day: Day = `${year}-01-01`; day < `${year}-12-31`; day = addDays(day, 1)) {
        const change = clockChange(day, timeZone)
        const midnight = Temporal.PlainDate.from(day).toPlainDateTime()
        const quarters = change.skipped || change.repeated ? 96 : 4
        for (let quarter = 0; quarter < quarters; quarter++) {
          const seconds = (quarter * 86_400) / quarters
          const time = midnight.add({ seconds })
          const earlier = time.toZonedDateTime(timeZone, { disambiguation: "earlier" })
          const twofold = !earlier.equals(time.toZonedDateTime(timeZone, { disambiguation: "later" }))
          const shown = earlier.toPlainDateTime().equals(time)
          expect(isWithin(change.repeated, seconds)).toBe(twofold && shown)
          expect(isWithin(change.skipped, seconds)).toBe(!shown)
        }
      }
    }
  })
})

test("clockChange() refuses an unknown time zone", () => {
  expect(() => clockChange("2026-11-21", "Europe/Atlantis")).toThrow(RangeError)
})

test("clockChange() remembers a day and zone, and forgets old ones", () => {
  const first = clockChange("2026-03-29", "Europe/Rome")
  expect(clockChange("2026-03-29", "Europe/Rome")).toBe(first)
  for (let days = 1; days <= 200; days++) clockChange(addDays("2026-03-29", days), "Europe/Rome")
  expect(clockChange("2026-03-29", "Europe/Rome")).not.toBe(first)
  expect(clockChange("2026-03-29", "Europe/Rome")).toEqual(first)
})

test("describeDay() names the weekday", () => {
  expect(describeDay("2026-11-21")).toBe("Saturday 21 November 2026")
  expect(describeDay("2024-02-05")).toBe("Monday 5 February 2024")
  expect(describeDay("2024-02-04")).toBe("Sunday 4 February 2024")
})

test("shortDay() names the year only when it is not this year's", () => {
  expect(shortDay("2026-03-12")).toBe("12 March")
  expect(shortDay("2026-03-12", "2026-11-21")).toBe("12 March")
  expect(shortDay("2025-12-31", "2026-01-01")).toBe("31 December 2025")
})

test("shortDays() puts days that follow each other together, and keeps the last ten spans", () => {
  const days: Day[] = ["2024-02-28", "2024-02-29", "2024-03-01", "2024-03-03", "2024-12-31", "2025-01-01"]
  expect(shortDays(days, "2025-01-02")).toBe(
    "28 February 2024 to 1 March 2024, 3 March 2024, 31 December 2024 to 1 January",
  )
  expect(shortDays(["2026-11-21"], "2026-11-22")).toBe("21 November")
  expect(shortDays([])).toBe("")
  const apart = Array.from({ length: 12 }, (_, n) => addDays("2026-11-01", 2 * n))
  expect(shortDays(apart, "2026-11-24")).toStartWith("…, 5 November, 7 November, ")
})

function isWithin(span: ClockChange["skipped"], seconds: number): boolean {
  return span !== undefined && seconds >= span.from && seconds < span.to
}
