import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import { DateTime } from "luxon"
import { compilePattern } from "../../../src/topology/formats/pattern"

const read = (pattern: string, text: string) => {
  const seconds = compilePattern(pattern)?.parse(text)
  return seconds === undefined || Number.isNaN(seconds)
    ? undefined
    : new Date(seconds * 1000).toISOString().slice(0, 19)
}

describe("compilePattern() reads", () => {
  test.each([
    ["yyyy-MM-dd HH:mm:ss", "2026-11-21 08:05:30", "2026-11-21T08:05:30"],
    ["MM/dd/yyyy hh:mm:ss a", "11/21/2026 12:00:00 AM", "2026-11-21T00:00:00"],
    ["MM/dd/yyyy hh:mm:ss a", "1/5/2026 1:02:03 pm", "2026-01-05T13:02:03"],
    ["d.M.yy H:mm", "5.1.26 8:00", "2026-01-05T08:00:00"],
    ["yyyyMMddHHmm", "202611210805", "2026-11-21T08:05:00"],
    ["yyyy-MM-dd'T'HH:mm:ss.SSSZZ", "2026-11-21T08:05:00.250+01:00", "2026-11-21T07:05:00"],
    ["yyyy-MM-dd'T'HH:mm:ss.SZZ", "2026-11-21T08:05:00.048231561Z", "2026-11-21T08:05:00"],
    ["yyyy-MM-dd'T'HH:mm:ss.SZZ", "2026-11-21T08:05:00Z", "2026-11-21T08:05:00"],
    ["X", "1795248000.75", "2026-11-21T08:00:00"],
    ["dd MMM yyyy HH:mm", "21 Nov 2026 08:05", "2026-11-21T08:05:00"],
    ["EEE MMMM d yyyy, h a", "Sat November 21 2026, 8 AM", "2026-11-21T08:00:00"],
    ["yyyy-ooo HH:mm", "2024-366 08:00", "2024-12-31T08:00:00"],
    ["X", "1795248000", "2026-11-21T08:00:00"],
    ["x", "1795248000999", "2026-11-21T08:00:00"],
    ["yyyy-MM-dd HH:mm", "2026-11-20 24:00", "2026-11-21T00:00:00"],
    ["yyyy-MM-dd HH:mm", " 2026-11-21  08:00 ", "2026-11-21T08:00:00"],
  ])("%s %s", (pattern, text, instant) => {
    expect(read(pattern, text)).toBe(instant)
  })
})

describe("compilePattern() refuses", () => {
  test.each([
    ["yyyy-MM-dd HH:mm", "2026-02-29 08:00"],
    ["yyyy-MM-dd HH:mm", "2026-13-01 08:00"],
    ["yyyy-MM-dd HH:mm", "0000-01-01 00:00"],
    ["yyyy-MM-dd HH:mm", "1899-12-30 00:00"],
    ["yyyy-MM-dd HH:mm", "9999-12-31 23:59"],
    ["yyyy-MM-dd HH:mm", "2026-11-21 24:01"],
    ["yyyy-MM-dd HH:mm", "2026-11-21 08:60"],
    ["yyyy-MM-dd HH:mm", "2026-11-21"],
    ["yyyy-MM-dd HH:mm", "2026-11-21 08:00:00"],
    ["yyyy-ooo HH:mm", "2026-366 08:00"],
    ["M/d/yyyy h:mm a", "11/21/2026 0:30 AM"],
    ["d MMM yyyy HH:mm", "21 Nop 2026 08:00"],
    ["yyyy-MM-dd'T'HH:mm:ss.SZZ", "2026-11-21T08:05:00.Z"],
    ["yyyy-MM-dd HH:mm", "0000-01-01 08:00"],
    ["yyyy-MM-dd HH:mm", "9999-12-31 08:00"],
  ])("of %s the time %s", (pattern, text) => {
    expect(read(pattern, text)).toBeUndefined()
  })

  test.each([
    "",
    "yyyy-MM-dd",
    "HH:mm",
    "yyyy-MM-dd hh:mm",
    "yyyy-MM-dd HH:mm a'",
    "YYYY-MM-DD HH:mm",
    "%Y-%m-%d",
  ])("the pattern %s", (pattern) => {
    expect(compilePattern(pattern)).toBeUndefined()
  })
})

test("compilePattern() reads what luxon writes as luxon does", () => {
  const patterns = [
    "yyyy-MM-dd HH:mm:ss",
    "M/d/yyyy h:mm:ss a",
    "dd.MM.yy H:m:s",
    "d MMM yyyy HH:mm:ss",
    "X",
    "yyyy-ooo HH:mm:ss",
  ]
  fc.assert(
    fc.property(
      fc.integer({ min: 946_684_800, max: 3_600_000_000 }),
      fc.constantFrom(...patterns),
      (seconds, pattern) => {
        const text = DateTime.fromSeconds(seconds, { zone: "utc" }).setLocale("en-US").toFormat(pattern)
        expect(compilePattern(pattern)?.parse(text)).toBe(seconds)
      },
    ),
  )
})
