// One device's day as a mark.
import type { DeviceDay } from "../gateway/spool/reader"

const MARKS: Record<DeviceDay["state"], string> = {
  delivered: "✔",
  waiting: "○",
  refused: "✖!",
  missing: "✖",
  none: "·",
}

export const LEGEND: readonly (readonly [mark: string, meaning: string])[] = [
  ["✔", "delivered"],
  ["○", "here, not delivered yet"],
  ["✖", "not in the store"],
  ["!", "refused by the cloud"],
  ["l", "late"],
  ["=", "unchanged"],
  ["·", "not expected"],
]

export const markOf = ({ state, late, unchanged }: DeviceDay): string =>
  `${MARKS[state]}${late ? "l" : ""}${unchanged ? "=" : ""}`
