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

const LOCAL = { dateStyle: "short", timeStyle: "short", hourCycle: "h23" } as const

test.each([
  ["Europe/Rome", "30 2 * * *", "2026-03-28", ["28/03/2026, 02:30", "29/03/2026, 03:30", "30/03/2026, 02:30"]],
  ["Europe/Rome", "30 2 * * *", "2026-10-24", ["24/10/2026, 02:30", "25/10/2026, 02:30", "26/10/2026, 02:30"]],
  ["Australia/Lord_Howe", "15 2 * * *", "2026-10-03", ["03/10/2026, 02:15", "04/10/2026, 02:45", "05/10/2026, 02:15"]],
  ["Australia/Lord_Howe", "30 2 * * *", "2026-04-04", ["04/04/2026, 02:30", "05/04/2026, 02:30", "06/04/2026, 02:30"]],
  ["Africa/Cairo", "30 0 * * *", "2026-04-23", ["23/04/2026, 00:30", "24/04/2026, 01:30", "25/04/2026, 00:30"]],
  ["Africa/Cairo", "30 0 * * *", "2026-10-29", ["29/10/2026, 00:30", "30/10/2026, 00:30", "31/10/2026, 00:30"]],
  ["America/Sao_Paulo", "0 0 * * *", "2018-02-17", ["17/02/2018, 00:00", "18/02/2018, 00:00", "19/02/2018, 00:00"]],
  // the clock goes from 23:00 to the next day's 00:00: that day has a run all the same
  ["America/Nuuk", "30 23 * * *", "2026-03-27", ["27/03/2026, 23:30", "28/03/2026, 22:30", "29/03/2026, 23:30"]],
  // the 30th is left out
  ["Pacific/Apia", "0 6 * * *", "2011-12-29", ["29/12/2011, 06:00", "31/12/2011, 06:00", "01/01/2012, 06:00"]],
])("in %s %s comes once on every day that there is, from %s on", (timeZone, cron, day, expected) => {
  const start = Temporal.PlainDate.from(day).toZonedDateTime(timeZone).epochMilliseconds - 1
  const timetable = new Timetable(cron, timeZone)
  const instants: number[] = []
  for (let at = start; instants.length < 3; instants.push(at)) at = timetable.next(at)
  const show = new Intl.DateTimeFormat("en-GB", { ...LOCAL, timeZone })
  expect(instants.map((instant) => show.format(instant))).toEqual(expected)
  expect(new Timetable(cron, timeZone).due(start, instants.at(-1) ?? 0)).toEqual(instants)
})

test("next() asked between two runs, before and after another one, says the same", () => {
  const timetable = new Timetable("0 6 * * *", "UTC")
  const asked = ["2026-11-20T06:00:00Z", "2026-11-20T07:00:00Z", "2026-11-19T07:00:00Z", "2026-11-20T05:59:59.999Z"]
  expect(asked.map((text) => iso(timetable.next(at(text))).slice(0, 10))).toEqual([
    "2026-11-21",
    "2026-11-21",
    "2026-11-20",
    "2026-11-20",
  ])
})
