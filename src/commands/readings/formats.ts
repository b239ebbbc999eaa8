// A stored reading as a line for people and for programs. New columns stand behind the old ones, which keep their places.
import type { StoredRow } from "../../cloud/store/reader"
import { formatStored } from "../../cloud/store/stored"
import { printable } from "../../printable"
import { type Day, describeDay } from "../../survey/calendar"
import { offsetsOn, timestampOf } from "../../survey/offsets"
import { formatAddress } from "../../topology/address"
import { columns } from "../columns"

export interface Format {
  readonly head?: string
  /** Before the lines of each day, where several are asked for. */
  readonly dayHead?: (day: Day) => string
  /** @param name the device's, where it has one */
  readonly line: (row: StoredRow, name: string | undefined) => string
}

const COLUMNS = ["site", "device", "day", "time", "temperature", "humidity", "timestamp", "name"]
const LAYOUT = { left: 4, widths: [16, 15, 10, 11, 11, 8] } // of what stands before the timestamp
const TIMESTAMP_WIDTH = "2026-10-25T02:15:00+02:00".length

export const FORMATS: Readonly<Record<string, Format>> = {
  listing: {
    dayHead: describeDay,
    line: ({ address, time, temperature, humidity }) =>
      `${formatAddress(address)} - ${formatStored([time, temperature, humidity])}`,
  },
  table: { head: tableLine(COLUMNS), line: (row, name) => tableLine(cellsOf(row, name)) },
  csv: { head: COLUMNS.join(","), line: (row, name) => cellsOf(row, name).map(csvValue).join(",") },
  jsonl: { line: (row, name) => JSON.stringify(documentOf(row, name)) },
}

function documentOf({ site, address, day, time, zone, temperature, humidity }: StoredRow, name: string | undefined) {
  const timestamp = timestampOf(day, time, offsetsOn(day, zone))
  return { site, device: formatAddress(address), day, time, temperature, humidity, timestamp, name: name ?? null }
}

const cellsOf = (row: StoredRow, name: string | undefined) =>
  Object.values(documentOf(row, name)).map((value) => value ?? "")

function tableLine(cells: readonly (string | number)[]): string {
  const shown = cells.map((cell) => printable(String(cell)))
  const [timestamp = "", name = ""] = shown.slice(LAYOUT.widths.length)
  const [start = ""] = columns([shown.slice(0, LAYOUT.widths.length)], LAYOUT)
  return `${start}  ${timestamp.padEnd(TIMESTAMP_WIDTH)}  ${name}`.trimEnd()
}

/** As in RFC 4180. */
function csvValue(value: string | number): string {
  if (typeof value === "number") return String(value)
  const text = disarmed(value)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

// With these a spreadsheet takes a cell for a formula: the one that begins so, and where it splits at semicolons or tabs
// also what begins behind these. An apostrophe before them is what a person writes there who means text.
const FORMULA = /(?:^|[;\t\r\n])["\s]*(?=[=+\-@＝＋－＠])/g

const disarmed = (text: string): string => text.replace(FORMULA, "$&'")
