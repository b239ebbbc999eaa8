// A stored reading as a line for people and for programs. New columns stand behind the old ones, which keep their places.
import type { StoredRow } from "../../cloud/store/reader"
import { formatStored } from "../../cloud/store/stored"
import { printable } from "../../printable"
import { type Day, describeDay } from "../../survey/calendar"
import { offsetsOn, timestampOf } from "../../survey/offsets"
import { formatAddress } from "../../topology/address"
import { columns, cut } from "../columns"

export interface Format {
  readonly head?: string
  /** Before the lines of each day, where several are asked for. */
  readonly dayHead?: (day: Day) => string
  /** @param name the device's, where it has one */
  readonly line: (row: StoredRow, name: string | undefined) => string
}

const COLUMNS = ["site", "device", "day", "time", "temperature", "humidity", "timestamp", "name"]

const WIDTHS = [16, 15, 10, 11, 11, 8, 25, 14]
const TO_THE_RIGHT = [4, 5] // temperature and humidity
// the site, which all rows have in common, the timestamp, which says day and time once more, and the name
const DISPENSABLE = [0, 6, 7]

export const FORMATS: Readonly<Record<string, Format>> = {
  listing: {
    dayHead: describeDay,
    line: ({ address, time, temperature, humidity }) =>
      `${formatAddress(address)} - ${formatStored([time, temperature, humidity])}`,
  },
  table: table(),
  csv: { head: COLUMNS.join(","), line: (row, name) => cellsOf(row, name).map(csvValue).join(",") },
  jsonl: { line: (row, name) => JSON.stringify(documentOf(row, name)) },
}

/** @param fit the terminal's columns; undefined where nothing has to fit */
export const formatNamed = (name: string, fit?: number): Format | undefined =>
  name === "table" ? table(fit) : FORMATS[name]

function table(fit?: number): Format {
  const line = tableLine(fit)
  return { head: line(COLUMNS), line: (row, name) => line(cellsOf(row, name)) }
}

function documentOf({ site, address, day, time, zone, temperature, humidity }: StoredRow, name: string | undefined) {
  const timestamp = timestampOf(day, time, offsetsOn(day, zone))
  return { site, device: formatAddress(address), day, time, temperature, humidity, timestamp, name: name ?? null }
}

const cellsOf = (row: StoredRow, name: string | undefined) =>
  Object.values(documentOf(row, name)).map((value) => value ?? "")

/** Rows come one by one, so that the widths are fixed. Where they do not fit, columns that can be are left out. */
function tableLine(fit = Number.POSITIVE_INFINITY): (cells: readonly (string | number)[]) => string {
  const choices = [0, 1, 2, 3].map((out) => [...COLUMNS.keys()].filter((at) => !DISPENSABLE.slice(0, out).includes(at)))
  const fits = (shown: readonly number[]) => shown.reduce((sum, at) => sum + (WIDTHS[at] ?? 0) + 2, -2) <= fit
  const shown = choices.find(fits) ?? choices.at(-1) ?? []
  const layout = { gap: fits(shown) ? "  " : " ", widths: shown.map((at) => WIDTHS[at] ?? 0) }
  return (cells) => {
    const texts = shown.map((at) => {
      const text = printable(String(cells[at]))
      return TO_THE_RIGHT.includes(at) ? text.padStart(WIDTHS[at] ?? 0) : text
    })
    const [line = ""] = columns([texts], layout)
    return cut(line, fit)
  }
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
