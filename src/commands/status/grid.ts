// The last days in a table: device by device in a small network, in numbers in a larger one.
import { count, labelOf } from "../../format"
import type { DeviceStatus } from "../../gateway/report/status"
import type { DayCounts } from "../../gateway/spool/reader"
import { LEGEND, markOf } from "../../status/marks"
import { type Day, describeDay } from "../../survey/calendar"
import { columns, wrap } from "../columns"

/**
 * Days × devices, with a legend of the marks that occur. Where it does not fit, a device has half of the columns at most,
 * and the last days have the others.
 * @param fit the terminal's columns; undefined where nothing has to fit
 */
export function deviceGrid(days: readonly DayCounts[], devices: readonly DeviceStatus[], fit?: number): string[] {
  const labels = devices.map((device) => wrap(labelOf(device), fit && Math.floor(fit / 2)))
  const heads = ["", ...days.map(({ day }) => headOf(day))]
  const rows = devices.flatMap((device, index) => {
    const [label = "", ...more] = labels[index] ?? []
    return [[label, ...device.days.map(markOf)], ...more.map((line) => [line])]
  })
  const without = (older: number) =>
    columns([heads, ...rows].map(([label = "", ...cells]) => [label, ...cells.slice(older)]))
  let older = 0
  while (older < days.length - 1 && !fits(without(older), fit)) older++

  const seen = rows.flatMap(([, ...cells]) => cells.slice(older)).join("")
  const legend = LEGEND.filter(([mark]) => seen.includes(mark)).map(([mark, meaning]) => `${mark} ${meaning}`)
  return [
    ...without(older),
    ...wrap(legend.join("  "), fit, 0),
    ...(older > 0 ? wrap(`Too narrow for ${count(older, "older day")}: --json has all`, fit) : []),
  ]
}

const NUMBERS = ["expected", "arrived", "late", "missing", "unchanged", "delivered"] as const

/** A line of numbers a day. */
export function dayTable(days: readonly DayCounts[], fit?: number): string[] {
  const rows = days.map((counts) => [
    headOf(counts.day),
    ...NUMBERS.map((name) => counts[name].toLocaleString("en-GB")),
  ])
  const table = columns([["day", ...NUMBERS], ...rows], { left: 1 })
  return fits(table, fit) ? table : columns([["day", ...NUMBERS], ...rows], { left: 1, gap: " ", fit })
}

const fits = (lines: readonly string[], fit = Number.POSITIVE_INFINITY): boolean =>
  lines.every((line) => Bun.stringWidth(line) <= fit)

/** "Sat 21" */
function headOf(day: Day): string {
  const [weekday = "", date = ""] = describeDay(day).split(" ")
  return `${weekday.slice(0, 3)} ${date}`
}
