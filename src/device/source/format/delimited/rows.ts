// The rows of a file of columns: what each says, or why it says nothing.
import { type Block, ENDLESS } from "../blocks"
import type { Row } from "../row"
import { readValues, shown } from "../values"
import { splitLines } from "./cells"
import { columnsOf } from "./header"
import { type Layout, timeText, trimLine } from "./layout"

const SHOWN_CHARACTERS = 200

/**
 * In the order of the file.
 * @param openWidth of how many columns a last line is a row even without an end; by default of any number it is none
 */
export function rowsOf(block: Block, layout: Layout, openWidth = Number.POSITIVE_INFINITY): Row[] {
  if (block.isEndless) return [refusedLine(block.line, block.text, ENDLESS)]
  const { lines, numbers } = linesOf(block, layout)
  const lastLine = block.line + block.lines - 1
  const rows: Row[] = []
  for (const [at, cells] of splitLines(lines, layout.format.delimiter).entries()) {
    const line = numbers[at] ?? 0
    const text = lines[at] ?? ""
    const isCut = block.isCut && line === lastLine && (cells?.length ?? 0) < openWidth
    if (cells) readLine(cells, line, text, layout, isCut, rows)
    else rows.push(refusedLine(line, text, "A quote must be closed on its line"))
  }
  return rows
}

/** Columns of the widest row. */
export function widthOf(block: Block, layout: Layout): number {
  let width = 0
  for (const cells of splitLines(linesOf(block, layout).lines, layout.format.delimiter)) {
    if (cells && cells.length > width) width = cells.length
  }
  return width
}

/** Nothing in it can be told from the rest. */
const refusedLine = (line: number, text: string, rule: string): Row => ({
  kind: "refused",
  line,
  time: Number.NaN,
  device: "",
  text: text.slice(0, SHOWN_CHARACTERS),
  rule,
})

/** When rows are, and whose; a comment that looks like a row counts as one. It takes half the time of reading their values. */
export function visitTimes(block: Block, layout: Layout, visit: (time: number, device: string) => void): void {
  const { text } = block
  if (block.isEndless) return
  const { pattern } = layout
  const { delimiter } = layout.format
  const [column = 0] = layout.time
  const { groups } = layout
  if (layout.time.length > 1 || layout.device !== undefined || groups[0]?.device !== "" || text.includes('"')) {
    for (const cells of splitLines(linesOf(block, layout).lines, delimiter)) {
      if (!cells) continue
      const time = timeOf(cells, layout)
      const device = deviceOf(cells, layout)
      for (const group of groups) visit(time, group.device || device)
      if (device === "") visit(time, "") // of a row that is refused before anybody knows whose it is
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

const deviceOf = (cells: readonly string[], { device }: Layout): string =>
  device === undefined ? "" : (cells[device] ?? "").trim()

/** Adds what a line says: a row, or one for each of its groups. */
function readLine(
  cells: readonly string[],
  line: number,
  text: string,
  layout: Layout,
  isCut: boolean,
  rows: Row[],
): void {
  const { format, missing } = layout
  const place = { line, time: timeOf(cells, layout), device: deviceOf(cells, layout) }
  const rule = ruleOf(cells, place.time, layout, isCut)
  if (rule !== undefined) {
    rows.push({ ...place, kind: "refused", rule, text })
    return
  }
  for (const { device, temperature, humidity } of layout.groups) {
    const own = device === "" ? place : { ...place, device }
    const values = readValues((cells[temperature] ?? "").trim(), (cells[humidity] ?? "").trim(), format, missing)
    if ("rule" in values) rows.push({ ...own, kind: "refused", rule: values.rule, text })
    else if ("empty" in values) rows.push({ ...own, kind: "empty" })
    else rows.push({ ...own, kind: "values", ...values, text })
  }
}

/** Which rule a line breaks, whatever its values. */
function ruleOf(
  cells: readonly string[],
  time: number,
  { format, time: timeColumns, width, last }: Layout,
  isCut: boolean,
): string | undefined {
  if (isCut && cells.length - 1 <= last) return "The line must have an end: it may be cut, or still be written"
  const columns = width === undefined ? cells.length : columnsOf(cells)
  const isShort = cells.length - 1 < last || (width !== undefined && cells.length < width && cells.length - 1 === last)
  if (isShort || (width !== undefined && columns > width)) {
    return `A row must have ${width ?? last + 1} columns: it has ${isShort ? cells.length : columns}`
  }
  if (!Number.isNaN(time)) return undefined
  return `Time must be written ${format.time.pattern}: it is ${shown(timeText(cells, timeColumns))}`
}
