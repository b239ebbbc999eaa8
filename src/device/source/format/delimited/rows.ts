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
  return splitLines(lines, layout.format.delimiter).map((cells, at) => {
    const line = numbers[at] ?? 0
    const text = lines[at] ?? ""
    if (!cells) return refusedLine(line, text, "A quote must be closed on its line")
    return readRow(cells, line, text, layout, block.isCut && line === lastLine && cells.length < openWidth)
  })
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

const deviceOf = (cells: readonly string[], { device }: Layout): string =>
  device === undefined ? "" : (cells[device] ?? "").trim()

function readRow(cells: readonly string[], line: number, text: string, layout: Layout, isCut: boolean): Row {
  const { format, missing, width } = layout
  const place = { line, time: timeOf(cells, layout), device: deviceOf(cells, layout) }
  const refuse = (rule: string): Row => ({ ...place, kind: "refused", rule, text })
  const last = Math.max(...layout.time, layout.temperature, layout.humidity, layout.device ?? 0)
  if (isCut && cells.length - 1 <= last) return refuse("The line must have an end: it may be cut, or still be written")
  const columns = width === undefined ? cells.length : columnsOf(cells)
  const isShort = cells.length - 1 < last || (width !== undefined && cells.length < width && cells.length - 1 === last)
  if (isShort || (width !== undefined && columns > width)) {
    return refuse(`A row must have ${width ?? last + 1} columns: it has ${isShort ? cells.length : columns}`)
  }
  if (Number.isNaN(place.time)) {
    return refuse(`Time must be written ${format.time.pattern}: it is ${shown(timeText(cells, layout.time))}`)
  }
  const values = readValues(
    (cells[layout.temperature] ?? "").trim(),
    (cells[layout.humidity] ?? "").trim(),
    format,
    missing,
  )
  if ("rule" in values) return refuse(values.rule)
  return "empty" in values ? { ...place, kind: "empty" } : { ...place, kind: "values", ...values, text }
}
