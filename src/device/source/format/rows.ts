// The rows of a foreign file: what each says, or why it says nothing.

import { shorten } from "../../../printable"
import type { Format } from "../../../topology/formats/schema"
import type { Block } from "./blocks"
import { splitLines } from "./cells"
import { type Layout, trimLine } from "./layout"

/** `time` is as the pattern has it, NaN where it cannot be read. */
interface Place {
  /** From 1. */
  readonly line: number
  readonly time: number
  /** As the file calls it, "" where it does not say. */
  readonly device: string
}

export type Row =
  | (Place & {
      readonly kind: "values"
      readonly temperature: number
      readonly humidity: number
      readonly text: string
    })
  /** A value is not there. */
  | (Place & { readonly kind: "empty" })
  | (Place & { readonly kind: "refused"; readonly rule: string; readonly text: string })

const SHOWN_CHARACTERS = 40
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/
const FREEZING_F = 32
const F_PER_C = 1.8

/** In the order of their times, where the file has the newest first. */
export function rowsOf(block: Block, layout: Layout): Row[] {
  const { lines, numbers } = linesOf(block, layout)
  const rows = splitLines(lines, layout.format.delimiter).map((cells, at): Row => {
    const line = numbers[at] ?? 0
    const text = lines[at] ?? ""
    if (!cells)
      return { kind: "refused", line, time: Number.NaN, device: "", text, rule: "A quote must be closed on its line" }
    return readRow(cells, line, text, layout, block.isCut && line === block.line + block.lines - 1)
  })
  const [first, last] = [rows.find(isTimed), rows.findLast(isTimed)]
  return first && last && first.time > last.time ? rows.reverse() : rows
}

const isTimed = ({ time }: Row): boolean => !Number.isNaN(time)

/** When rows are, and whose; a comment that looks like a row counts as one. It takes half the time of reading their values. */
export function visitTimes(block: Block, layout: Layout, visit: (time: number, device: string) => void): void {
  const { text } = block
  const { pattern } = layout
  const { delimiter } = layout.format
  const [column = 0] = layout.time
  if (layout.time.length > 1 || layout.device !== undefined || text.includes('"')) {
    for (const cells of splitLines(linesOf(block, layout).lines, delimiter)) {
      if (cells) visit(timeOf(cells, layout), deviceOf(cells, layout))
    }
    return
  }
  for (let from = 0; from < text.length; ) {
    const newline = text.indexOf("\n", from)
    const end = newline === -1 ? text.length : newline
    visit(pattern.parse(cellOf(text, from, end, column, delimiter)), "")
    from = end + 1
  }
}

/** Of the line from `from` to `end`. */
function cellOf(text: string, from: number, end: number, column: number, delimiter: string): string {
  let begin = from
  for (let left = column; left > 0; left--) {
    const next = text.indexOf(delimiter, begin)
    if (next === -1 || next >= end) return ""
    begin = next + 1
  }
  const to = text.indexOf(delimiter, begin)
  return text.slice(begin, to === -1 || to > end ? end : to)
}

/** Those that may be rows, and their numbers. */
function linesOf({ text, line: firstLine }: Block, { firstLine: begin, headerLines, format: { comment } }: Layout) {
  const lines: string[] = []
  const numbers: number[] = []
  for (const [index, whole] of text.split("\n").entries()) {
    const line = trimLine(whole)
    const number = firstLine + index
    if (number < begin || line === "" || line.trim() === "" || headerLines.has(line)) continue
    if (comment !== undefined && line.startsWith(comment)) continue
    lines.push(line)
    numbers.push(number)
  }
  return { lines, numbers }
}

const timeOf = (cells: readonly string[], { time, pattern }: Layout): number => pattern.parse(timeText(cells, time))

function timeText(cells: readonly string[], columns: readonly number[]): string {
  if (columns.length === 1) return cells[columns[0] ?? 0] ?? ""
  return columns.map((column) => (cells[column] ?? "").trim()).join(" ")
}

const deviceOf = (cells: readonly string[], { device }: Layout): string =>
  device === undefined ? "" : (cells[device] ?? "").trim()

function readRow(cells: readonly string[], line: number, text: string, layout: Layout, isCut: boolean): Row {
  const { format, missing, width } = layout
  const place = { line, time: timeOf(cells, layout), device: deviceOf(cells, layout) }
  const refuse = (rule: string): Row => ({ ...place, kind: "refused", rule, text })
  const last = Math.max(...layout.time, layout.temperature, layout.humidity, layout.device ?? 0)
  if (isCut && cells.length - 1 <= last) return refuse("The line must have an end: it may be cut, or still be written")
  const columns = width === undefined ? cells.length : cells.findLastIndex((cell) => cell.trim() !== "") + 1
  const isShort = cells.length - 1 < last || (width !== undefined && cells.length < width && cells.length - 1 === last)
  if (isShort || (width !== undefined && columns > width)) {
    return refuse(
      `A row must have ${width ?? last + 1} columns: it has ${Math.max(columns, cells.length > (width ?? 0) ? columns : cells.length)}`,
    )
  }
  if (Number.isNaN(place.time)) {
    return refuse(`Time must be written ${format.time.pattern}: it is ${shown(timeText(cells, layout.time))}`)
  }
  const temperatureText = (cells[layout.temperature] ?? "").trim()
  const humidityText = (cells[layout.humidity] ?? "").trim()
  if (isMissing(temperatureText, missing) || isMissing(humidityText, missing)) return { ...place, kind: "empty" }
  const temperature = temperatureOf(temperatureText, format)
  if (!(temperature >= -90 && temperature <= 90)) {
    return refuse(ruleOf("Temperature", "-90 to 90 °C", temperatureText, temperature, format))
  }
  const humidity = humidityOf(humidityText, format)
  if (!(humidity >= 0 && humidity <= 100)) {
    return refuse(ruleOf("Humidity", "0 to 100 %", humidityText, humidity, format))
  }
  return { ...place, kind: "values", temperature, humidity, text }
}

function isMissing(text: string, missing: ReadonlySet<string>): boolean {
  if (text === "") return true
  if (missing.has(text) || missing.has(text.toLowerCase())) return true
  return text.startsWith("-") && missing.has(String(Number(text))) // -6999.00
}

function temperatureOf(text: string, { temperature: { unit, scale, offset }, decimal }: Format): number {
  const value = numberOf(text, decimal) * scale + offset
  return toHundredths(unit === "F" ? (value - FREEZING_F) / F_PER_C : value)
}

const humidityOf = (text: string, { humidity: { scale, offset }, decimal }: Format): number =>
  toHundredths(numberOf(text, decimal) * scale + offset)

function numberOf(text: string, decimal: string): number {
  if (decimal === ".") return NUMBER.test(text) ? Number(text) : Number.NaN
  const written = text.replace(decimal, ".")
  return !text.includes(".") && NUMBER.test(written) ? Number(written) : Number.NaN
}

/** Halves away from zero, as they are written in decimal: 1.005 is 1.01. Never minus zero. */
function toHundredths(value: number): number {
  const hundredths = Math.round(Math.round(Math.abs(value) * 1e7) / 1e5)
  return hundredths === 0 ? 0 : (Math.sign(value) * hundredths) / 100
}

function ruleOf(name: string, range: string, text: string, value: number, { decimal }: Format): string {
  if (!Number.isNaN(value)) {
    const read = text === String(value) ? "" : `, read as ${value}`
    return `${name} must be ${range}: it is ${shown(text)}${read}`
  }
  const other = decimal === "." ? "," : "."
  const hint = text.includes(other)
    ? `, with ${decimal === "." ? "a point" : "a comma"} before its fraction as decimal says`
    : ""
  return `${name} must be a number${hint}: it is ${shown(text)}`
}

const shown = (text: string): string => (text.trim() === "" ? "missing" : shorten(text.trim(), SHOWN_CHARACTERS))
