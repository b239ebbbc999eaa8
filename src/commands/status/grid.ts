// The last days in a table: device by device in a small network, in numbers in a larger one.
import type { DeviceStatus } from "../../gateway/report/status"
import type { DayCounts, DeviceDay } from "../../gateway/spool/reader"
import { type Day, describeDay } from "../../survey/calendar"
import { columns } from "../columns"
import { labelOf } from "../format"

const MARKS: Record<DeviceDay["state"], string> = {
  delivered: "✔",
  waiting: "○",
  refused: "✖!",
  missing: "✖",
  none: "·",
}

const LEGEND: readonly (readonly [mark: string, meaning: string])[] = [
  ["✔", "delivered"],
  ["○", "here, not delivered yet"],
  ["✖", "not in the store"],
  ["!", "refused by the cloud"],
  ["l", "late"],
  ["=", "unchanged"],
  ["·", "not expected"],
]

/** Days × devices, with a legend of the marks that occur. */
export function deviceGrid(days: readonly DayCounts[], devices: readonly DeviceStatus[]): string[] {
  const rows = devices.map((device) => [labelOf(device), ...device.days.map(cellOf)])
  const heads = ["", ...days.map(({ day }) => headOf(day))]
  const seen = rows.flatMap(([, ...cells]) => cells).join("")
  const legend = LEGEND.filter(([mark]) => seen.includes(mark)).map(([mark, meaning]) => `${mark} ${meaning}`)
  return [...columns([heads, ...rows]), legend.join("  ")]
}

const NUMBERS = ["expected", "arrived", "late", "missing", "unchanged", "delivered"] as const

/** A line of numbers a day. */
export function dayTable(days: readonly DayCounts[]): string[] {
  const rows = days.map((counts) => [counts.day, ...NUMBERS.map((name) => counts[name].toLocaleString("en-GB"))])
  return columns([["day", ...NUMBERS], ...rows], { left: 1 })
}

const cellOf = ({ state, late, unchanged }: DeviceDay): string =>
  `${MARKS[state]}${late ? "l" : ""}${unchanged ? "=" : ""}`

/** "Sat 21" */
function headOf(day: Day): string {
  const [weekday = "", date = ""] = describeDay(day).split(" ")
  return `${weekday.slice(0, 3)} ${date}`
}
