import { expect, test } from "bun:test"
import { localTime } from "../../../src/survey/senml/local"

const at = (time: string, timeZone = "Europe/Rome") => localTime(Date.parse(time) / 1000, timeZone)

test("localTime() tells day and time of a zone, and the pass of what its clock shows twice", () => {
  expect(at("2026-11-20T23:00:05Z")).toEqual({ day: "2026-11-21", seconds: 5 })
  expect(at("2026-10-25T00:30:00Z")).toEqual({ day: "2026-10-25", seconds: 9000 })
  expect(at("2026-10-25T01:30:00Z")).toEqual({ day: "2026-10-25", seconds: 9000, offset: "+01:00" })
  expect(at("2026-10-25T02:30:00Z")).toEqual({ day: "2026-10-25", seconds: 12_600 })
  expect(at("2026-03-29T01:00:00Z")).toEqual({ day: "2026-03-29", seconds: 10_800 })
})

test("localTime() is of years that are days everywhere", () => {
  expect(localTime(0, "Pacific/Honolulu").day).toBe("1969-12-31")
  expect(localTime(253_402_214_399, "Pacific/Kiritimati").day).toBe("9999-12-31")
})
