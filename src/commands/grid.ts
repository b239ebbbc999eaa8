// The last days in a table: device by device in a small network, in numbers in a larger one.

import type { DeviceStatus } from "../gateway/report/status"
import type { DayCounts, DeviceDay } from "../gateway/spool/reader"
import { printable } from "../printable"
import { type Day, describeDay } from "../survey/calendar"

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

const GAP = "  "

/** Days × devices, with a legend of the marks that occur. */
export function deviceGrid(days: readonly DayCounts[], devices: readonly DeviceStatus[]): string[] {
  const rows = devices.map((device) => [labelOf(device), ...device.days.map(cellOf)])
  const heads = ["", ...days.map(({ day }) => headOf(day))]
  const seen = rows.flatMap(([, ...cells]) => cells).join("")
  const legend = LEGEND.filter(([mark]) => seen.includes(mark)).map(([mark, meaning]) => `${mark} ${meaning}`)
  return [...table([heads, ...rows], "left"), legend.join(GAP)]
}

const COLUMNS = ["expected", "arrived", "late", "missing", "unchanged", "delivered"] as const

/** A line of numbers a day. */
export function dayTable(days: readonly DayCounts[]): string[] {
  const rows = days.map((counts) => [counts.day, ...COLUMNS.map((column) => counts[column].toLocaleString("en-GB"))])
  return table([["day", ...COLUMNS], ...rows], "right")
}

/** As wide as it will be shown: columns stand below each other. */
export const labelOf = ({ ip, name }: { readonly ip: string; readonly name?: string | null | undefined }): string =>
  name ? `${ip} ${printable(name)}` : ip

const cellOf = ({ state, late, unchanged }: DeviceDay): string =>
  `${MARKS[state]}${late ? "l" : ""}${unchanged ? "=" : ""}`

/** "Sat 21" */
function headOf(day: Day): string {
  const [weekday = "", date = ""] = describeDay(day).split(" ")
  return `${weekday.slice(0, 3)} ${date}`
}

/** Columns as wide as their widest cell; the first stands to the left. */
function table(rows: readonly (readonly string[])[], align: "left" | "right"): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0
        return column > 0 && align === "right" ? cell.padStart(width) : cell.padEnd(width)
      })
      .join(GAP)
      .trimEnd(),
  )
}
