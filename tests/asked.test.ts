import { describe, expect, test } from "bun:test"
import { type AskedDays, readDayRange } from "../src/asked"
import type { Day } from "../src/survey/calendar"

const TODAY: Day = "2026-11-23"

describe("readDayRange()", () => {
  test.each([
    [{}, undefined, undefined],
    [{ day: "2026-11-21" }, "2026-11-21", "2026-11-21"],
    [{ from: "2026-11-21" }, "2026-11-21", undefined],
    [{ to: "2026-11-21" }, undefined, "2026-11-21"],
    [{ from: "2026-11-20", to: "2026-11-21" }, "2026-11-20", "2026-11-21"],
    [{ last: "1d" }, "2026-11-22", "2026-11-22"],
    [{ last: "7d" }, "2026-11-16", "2026-11-22"],
    [{ last: "2w" }, "2026-11-09", "2026-11-22"],
    [{ last: "9999w" }, "1835-04-06", "2026-11-22"],
  ])("makes %j a range, the last days those before today", (values, from, to) => {
    expect<unknown>(readDayRange(values, TODAY)).toEqual({ from, to })
  })

  test.each([
    [{ last: "48h" }, "--last is whole days or weeks, as 7d or 2w: it is 48h"],
    [{ last: "0d" }, "--last is whole days or weeks, as 7d or 2w: it is 0d"],
    [{ last: "7" }, "--last is whole days or weeks, as 7d or 2w: it is 7"],
    [{ last: "-1d" }, "--last is whole days or weeks, as 7d or 2w: it is -1d"],
    [{ last: "7d", day: "2026-11-21" }, "--last says which days: leave out --day, --from and --to"],
    [{ last: "7d", from: "2026-11-21" }, "--last says which days: leave out --day, --from and --to"],
    [{ last: "7d", to: "2026-11-21" }, "--last says which days: leave out --day, --from and --to"],
    [{ day: "2026-11-21", to: "2026-11-21" }, "--day is one day: leave out --from and --to"],
    [{ from: "2026-11-21", to: "2026-11-20" }, "--to is before --from: 2026-11-20 is before 2026-11-21"],
    [{ from: "today" }, "A day is written 2026-11-21: it is today"],
  ])("refuses %j", (values, message) => {
    expect(() => readDayRange(values, TODAY)).toThrow(message)
  })

  test("names its parameters as a URL has them", () => {
    const refused = (values: AskedDays) => () => readDayRange(values, TODAY, "")
    expect(refused({ last: "7d", day: "2026-11-21" })).toThrow(/^last says which days: leave out day, from and to$/)
    expect(refused({ last: "48h" })).toThrow(/^last is whole days/)
    expect(refused({ day: "2026-11-21", to: "2026-11-21" })).toThrow(/^day is one day: leave out from and to$/)
    expect(refused({ from: "2026-11-21", to: "2026-11-20" })).toThrow(/^to is before from: /)
  })
})
