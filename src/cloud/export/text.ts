// Rows as text for programs: CSV (RFC 4180), JSON and JSON lines.
import type { Column, Table } from "./tables"

/** A text is the head, the rows' lines with what stands between them, and the tail. */
export interface TextFormat<Row> {
  readonly head: string
  readonly line: (row: Row) => string
  readonly between: string
  readonly tail: string
}

export const TEXT_FORMATS = ["json", "jsonl", "csv", "csv-semicolon"] as const
export type TextFormatName = (typeof TEXT_FORMATS)[number]

interface Dialect {
  readonly separator: string
  readonly number: (value: number) => string
  /** What a value holds that stands in quotes. */
  readonly quoted: RegExp
}

const COMMA: Dialect = { separator: ",", number: String, quoted: /[",\r\n]/ }
/** As the spreadsheets of those take it who write 20,5 °C. */
const SEMICOLON: Dialect = {
  separator: ";",
  number: (value) => String(value).replace(".", ","),
  quoted: /[";\r\n]/,
}

const FORMATS: { readonly [Name in TextFormatName]: <Row>(table: Table<Row>) => TextFormat<Row> } = {
  json: () => ({ head: "[\n", line: (row) => JSON.stringify(row), between: ",\n", tail: "\n]\n" }),
  jsonl: () => ({ head: "", line: (row) => `${JSON.stringify(row)}\n`, between: "", tail: "" }),
  csv: (table) => csv(table, COMMA),
  "csv-semicolon": (table) => csv(table, SEMICOLON),
}

export const textFormat = <Row>(table: Table<Row>, name: TextFormatName): TextFormat<Row> => FORMATS[name](table)

export const isTextFormat = (name: string): name is TextFormatName => Object.hasOwn(FORMATS, name)

function csv<Row>({ columns }: Table<Row>, dialect: Dialect): TextFormat<Row> {
  const { separator } = dialect
  const fields = columns.map((column) => field(column, dialect))
  const head = `${columns.map(({ name }) => name).join(separator)}\n`
  return { head, line: (row) => `${fields.map((text) => text(row)).join(separator)}\n`, between: "", tail: "" }
}

/** Of a column, from one row after the other: what is the same as before is not looked at again. */
function field<Row>({ kind, of }: Column<Row>, { number, quoted }: Dialect): (row: Row) => string {
  let latest: string | undefined
  let shown = ""
  return (row) => {
    const value = of(row)
    if (value === null) return ""
    if (typeof value === "number") return number(value)
    if (kind !== "text") return value // written by ourselves
    if (value !== latest) shown = quote(disarmed((latest = value)), quoted)
    return shown
  }
}

const quote = (text: string, quoted: RegExp): string => (quoted.test(text) ? `"${text.replaceAll('"', '""')}"` : text)

// With these a spreadsheet takes a cell for a formula: the one that begins so, and where it splits at semicolons or tabs
// also what begins behind these. An apostrophe before them is what a person writes there who means text.
const FORMULA = /(?:^|[;\t\r\n])["\s]*(?=[=+\-@＝＋－＠])/g

const disarmed = (text: string): string => text.replace(FORMULA, "$&'")
