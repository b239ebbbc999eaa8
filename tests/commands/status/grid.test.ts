import { describe, expect, test } from "bun:test"
import { dayTable, deviceGrid } from "../../../src/commands/status/grid"
import type { DayCounts, DeviceDay } from "../../../src/gateway/spool/reader"
import type { Day } from "../../../src/survey/calendar"

const counts = (day: Day, more: Partial<DayCounts> = {}): DayCounts => ({
  day,
  closed: true,
  confirmed: true,
  expected: 2,
  arrived: 2,
  late: 0,
  missing: 0,
  unchanged: 0,
  delivered: 2,
  waiting: 0,
  refused: 0,
  bytes: 100,
  ...more,
})
const cell = (day: Day, state: DeviceDay["state"], late = false, unchanged = false): DeviceDay => ({
  day,
  state,
  late,
  unchanged,
  readings: 1,
})
const [SATURDAY, SUNDAY] = ["2026-11-21", "2026-11-22"] as const

test("deviceGrid() shows days × devices and the marks that occur", () => {
  const devices = [
    {
      ip: "192.168.1.2",
      name: "tomatoes",
      paused: false,
      days: [cell(SATURDAY, "delivered", true), cell(SUNDAY, "missing")],
    },
    {
      ip: "192.168.1.10",
      name: null,
      paused: true,
      days: [cell(SATURDAY, "waiting", true, true), cell(SUNDAY, "none")],
    },
  ]
  expect(deviceGrid([counts(SATURDAY), counts(SUNDAY)], devices)).toEqual([
    "                      Sat 21  Sun 22",
    "192.168.1.2 tomatoes  ✔l      ✖",
    "192.168.1.10          ○l=     ·",
    "✔ delivered  ○ here, not delivered yet  ✖ not in the store  l late  = unchanged  · not expected",
  ])
})

test("deviceGrid() keeps its columns below each other, in whatever script the names are", () => {
  const device = (ip: string, name: string) => ({ ip, name, paused: false, days: [cell(SATURDAY, "delivered")] })
  const [, ...lines] = deviceGrid([counts(SATURDAY)], [device("10.0.0.2", "番茄"), device("10.0.0.3", "lemons")])
  expect(lines.slice(0, 2)).toEqual([
    "10.0.0.2 番茄    ✔", // four columns
    "10.0.0.3 lemons  ✔",
  ])
})

describe("deviceGrid() on a terminal", () => {
  const WEEK = ["16", "17", "18", "19", "20", "21", "22"].map((date): Day => `2026-11-${Number(date)}`)
  const device = (ip: string, name: string) => ({
    ip,
    name,
    paused: false,
    days: WEEK.map((day, index) => cell(day, index === 0 ? "missing" : "delivered")),
  })
  const grid = (fit: number, ...names: readonly string[]) =>
    deviceGrid(
      WEEK.map((day) => counts(day)),
      names.map((name, index) => device(`10.0.0.${index + 2}`, name)),
      fit,
    )

  test("drops its oldest days where they do not fit, with their marks, and says so", () => {
    expect(grid(60, "番茄", "lemons")).toEqual([
      "                 Wed 18  Thu 19  Fri 20  Sat 21  Sun 22",
      "10.0.0.2 番茄    ✔       ✔       ✔       ✔       ✔",
      "10.0.0.3 lemons  ✔       ✔       ✔       ✔       ✔",
      "✔ delivered",
      "Too narrow for 2 older days: --json has all",
    ])
    expect(grid(80, "lemons")).toEqual([
      "                 Mon 16  Tue 17  Wed 18  Thu 19  Fri 20  Sat 21  Sun 22",
      "10.0.0.2 lemons  ✖       ✔       ✔       ✔       ✔       ✔       ✔",
      "✔ delivered  ✖ not in the store",
    ])
  })

  test("gives a device half of the columns at most", () => {
    expect(grid(40, "tomatoes in the long house", "lemons")).toEqual([
      "                      Sat 21  Sun 22",
      "10.0.0.2 tomatoes in  ✔       ✔",
      "  the long house",
      "10.0.0.3 lemons       ✔       ✔",
      "✔ delivered",
      "Too narrow for 5 older days: --json has",
      "  all",
    ])
  })
})

test("dayTable() shows a line of numbers a day", () => {
  const large = counts(SUNDAY, { expected: 1_000_000, arrived: 999_998, missing: 2, late: 7, delivered: 999_998 })
  expect(dayTable([counts(SATURDAY), large])).toEqual([
    "day      expected  arrived  late  missing  unchanged  delivered",
    "Sat 21          2        2     0        0          0          2",
    "Sun 22  1,000,000  999,998     7        2          0    999,998",
  ])
  expect(dayTable([counts(SATURDAY), large], 60)).toEqual([
    "day     expected arrived late missing unchanged delivered",
    "Sat 21         2       2    0       0         0         2",
    "Sun 22 1,000,000 999,998    7       2         0   999,998",
  ])
})
