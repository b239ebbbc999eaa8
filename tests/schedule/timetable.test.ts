import { expect, test } from "bun:test"
import { Timetable } from "../../src/schedule/timetable"

const at = (text: string) => Temporal.Instant.from(text).epochMilliseconds
const iso = (ms: number) => new Date(ms).toISOString()

test("next() is the next instant in the time zone, over daylight saving", () => {
  const daily = new Timetable("0 6 * * *", "Europe/Rome")
  expect(iso(daily.next(at("2026-10-24T05:00:00Z")))).toBe("2026-10-25T05:00:00.000Z")
  expect(iso(daily.next(at("2026-10-24T03:59:59Z")))).toBe("2026-10-24T04:00:00.000Z")
  expect(iso(daily.next(at("2026-03-28T12:00:00Z")))).toBe("2026-03-29T04:00:00.000Z")
})

test("due() lists what was missed, oldest first, the instant itself included and the last one not", () => {
  const daily = new Timetable("0 6 * * *", "UTC")
  const due = daily.due(at("2026-11-20T06:00:00Z"), at("2026-11-23T06:00:00Z"))
  expect(due.map(iso)).toEqual(["2026-11-21T06:00:00.000Z", "2026-11-22T06:00:00.000Z", "2026-11-23T06:00:00.000Z"])
  expect(daily.due(at("2026-11-23T06:00:00Z"), at("2026-11-23T06:00:00Z"))).toEqual([])
})
