import { expect, test } from "bun:test"
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

test("dayTable() shows a line of numbers a day", () => {
  const large = counts(SUNDAY, { expected: 1_000_000, arrived: 999_998, missing: 2, late: 7, delivered: 999_998 })
  expect(dayTable([counts(SATURDAY), large])).toEqual([
    "day          expected  arrived  late  missing  unchanged  delivered",
    "2026-11-21          2        2     0        0          0          2",
    "2026-11-22  1,000,000  999,998     7        2          0    999,998",
  ])
})
