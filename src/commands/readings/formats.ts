// What the store holds as lines for people; those for programs stand in src/cloud/export/text.ts.
import { DAYS, type DayRow, READINGS, type ReadingRow, type SurveyTable } from "../../cloud/export/tables"
import { isTextFormat, TEXT_FORMATS, type TextFormat, textFormat } from "../../cloud/export/text"
import { formatStored } from "../../cloud/store/stored"
import { count } from "../../format"
import { printable } from "../../printable"
import { type Day, describeDay } from "../../survey/calendar"
import { columns, cut } from "../columns"

export interface Format<Row> extends TextFormat<Row> {
  /** Before the lines of each day, where several are asked for. */
  readonly dayHead?: (day: Day) => string
}

/** What a command shows of the store, and how. */
export interface Shown<Row> {
  readonly table: SurveyTable<Row>
  /** @param fit the terminal's columns; undefined where nothing has to fit */
  readonly formatNamed: (name: string, fit?: number) => Format<Row> | undefined
}

const NAMES = ["listing", "table", ...TEXT_FORMATS]

/** "listing, table, json, jsonl, csv or csv-semicolon" */
export const FORMATS_LISTED = `${NAMES.slice(0, -1).join(", ")} or ${NAMES.at(-1)}`

/** Rows come one by one, so that the widths are fixed. */
interface TableLayout {
  readonly widths: readonly number[]
  /** The first and the last column of numbers. */
  readonly numbers: readonly [first: number, last: number]
  /** Columns that can be left out where they do not fit, in this order. */
  readonly dispensable: readonly number[]
}

const NO_MORE = { between: "", tail: "" }

export const SHOWN_READINGS = shown(
  READINGS,
  ({ device, time, temperature, humidity }: ReadingRow) =>
    `${device} - ${formatStored([time, temperature, humidity])}\n`,
  {
    widths: [16, 15, 10, 11, 11, 8, 25, 14],
    numbers: [4, 5],
    // the site, which all rows have in common, the timestamp, which says day and time once more, and the name
    dispensable: [0, 6, 7],
  },
)

export const SHOWN_DAYS = shown(
  DAYS,
  ({ device, readings, temperature, humidity }: DayRow) =>
    `${device} - ${count(readings, "reading")} - ${temperature.min} to ${temperature.max}, mean ${temperature.mean} - ` +
    `${humidity.min} to ${humidity.max}%, mean ${humidity.mean}%\n`,
  { widths: [16, 15, 10, 8, 15, 16, 15, 12, 13, 12, 14], numbers: [3, 9], dispensable: [0, 10] },
)

function shown<Row>(table: SurveyTable<Row>, line: (row: Row) => string, layout: TableLayout): Shown<Row> {
  const listing: Format<Row> = { head: "", dayHead: (day) => `${describeDay(day)}\n`, line, ...NO_MORE }
  return {
    table,
    formatNamed(name, fit) {
      if (name === "listing") return listing
      if (name === "table") return tableOf(table, layout, fit)
      return isTextFormat(name) ? textFormat(table, name) : undefined
    },
  }
}

function tableOf<Row>({ columns: all }: SurveyTable<Row>, layout: TableLayout, fit?: number): Format<Row> {
  const lineOf = tableLine(layout, fit)
  return {
    head: lineOf(all.map(({ name }) => name)),
    line: (row) => lineOf(all.map(({ of }) => String(of(row) ?? ""))),
    ...NO_MORE,
  }
}

/** Where the columns do not fit, those that can be are left out. */
function tableLine({ widths, numbers, dispensable }: TableLayout, fit = Number.POSITIVE_INFINITY) {
  const without = (out: number) => [...widths.keys()].filter((at) => !dispensable.slice(0, out).includes(at))
  const fits = (shown: readonly number[]) => shown.reduce((sum, at) => sum + (widths[at] ?? 0) + 2, -2) <= fit
  const choices = [0, ...dispensable.keys().map((at) => at + 1)].map(without)
  const shown = choices.find(fits) ?? choices.at(-1) ?? []
  const layout = { gap: fits(shown) ? "  " : " ", widths: shown.map((at) => widths[at] ?? 0) }
  const isNumber = (at: number) => numbers[0] <= at && at <= numbers[1]
  return (cells: readonly string[]): string => {
    const texts = shown.map((at) => {
      const text = printable(cells[at] ?? "")
      return isNumber(at) ? text.padStart(widths[at] ?? 0) : text
    })
    const [line = ""] = columns([texts], layout)
    return `${cut(line, fit)}\n`
  }
}
