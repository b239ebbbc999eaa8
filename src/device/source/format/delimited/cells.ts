// Lines → the texts of their columns. A line is a row, whatever its quotes: one that was cut must not take those behind it along.
import type { Options, parse as parseCsv } from "csv-parse/sync"

const QUOTE = '"'

/** A row for each line; undefined for one whose quotes are not closed on it. */
export function splitLines(lines: readonly string[], delimiter: string): (string[] | undefined)[] {
  const rows: (string[] | undefined)[] = []
  const quoted: number[] = []
  for (const line of lines) {
    if (line.includes(QUOTE)) quoted.push(rows.length)
    rows.push(line.includes(QUOTE) ? undefined : line.split(delimiter))
  }
  const closed = quoted.filter((at) => isClosed(lines[at] ?? ""))
  const parsed =
    closed.length === 0
      ? []
      : parseQuoted(
          closed.map((at) => lines[at] ?? ""),
          delimiter,
        )
  for (const [index, at] of closed.entries()) rows[at] = parsed[index]
  return rows
}

const isClosed = (line: string): boolean => line.split(QUOTE).length % 2 === 1

function parseQuoted(lines: readonly string[], delimiter: string): (string[] | undefined)[] {
  const together = tryParse(lines.join("\n"), delimiter)
  if (together?.length === lines.length) return together
  return lines.map((line) => {
    const rows = tryParse(line, delimiter)
    return rows?.length === 1 ? rows[0] : undefined
  })
}

/** It waits until it is needed: most files have no quotes. */
const parser = (): typeof parseCsv => (require("csv-parse/sync") as typeof import("csv-parse/sync")).parse

function tryParse(text: string, delimiter: string): string[][] | undefined {
  const options: Options = { delimiter, relax_quotes: true, relax_column_count: true, record_delimiter: "\n" }
  try {
    return parser()(text, options) as string[][]
  } catch (error) {
    if (error instanceof Error && "code" in error && String(error.code).startsWith("CSV_")) return undefined
    throw error
  }
}
