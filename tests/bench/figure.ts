// A figure of the bench, and the table of all of them: ratios first, because absolute figures drift between machines.

export interface Figure {
  readonly figure: string
  readonly value: number
  readonly unit: string
  /** What it is compared with, and that one's value. */
  readonly peer: string | null
  /** Value over the peer's value. */
  readonly ratio: number | null
  readonly aim: string | null
  readonly met: boolean | null
}

const HEADINGS = ["ratio", "figure", "value", "peer", "aim", "met"]
const NUMERIC_COLUMNS = [0, 2]

/** 81234.5 → "81,235", 4.321 → "4.3", 0.054 → "0.05". */
export const formatNumber = (value: number): string =>
  value.toLocaleString("en", { maximumFractionDigits: value < 1 ? 2 : value < 100 ? 1 : 0 })

export function formatFigures(figures: readonly Figure[]): string {
  const rows = figures.map(({ figure, value, unit, peer, ratio, aim, met }) => [
    ratio === null ? "–" : ratio.toFixed(2),
    figure,
    `${formatNumber(value)} ${unit}`,
    peer ?? "–",
    aim ?? "–",
    met === null ? "–" : met ? "yes" : "no",
  ])
  return formatTable([HEADINGS, ...rows], NUMERIC_COLUMNS)
}

/** Lines in columns, those that hold numbers to the right. */
export function formatTable(lines: readonly (readonly string[])[], numericColumns: readonly number[]): string {
  const columns = lines[0]?.length ?? 0
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...lines.map((row) => row[column]?.length ?? 0)),
  )
  const cell = (text: string, column: number) => {
    const width = widths[column] ?? 0
    return numericColumns.includes(column) ? text.padStart(width) : text.padEnd(width)
  }
  return lines.map((row) => `${row.map(cell).join("  ").trimEnd()}\n`).join("")
}

/** The middle value; of an even number of them, the mean of the two. Throws when there is none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]]
  if (low === undefined || high === undefined) throw new Error("there is no median of nothing")
  return (low + high) / 2
}

/** "28 ms (26 to 31)" */
export function formatSpread(values: readonly number[], unit: string): string {
  const [low, high] = [Math.min(...values), Math.max(...values)]
  return `${formatNumber(median(values))} ${unit} (${formatNumber(low)} to ${formatNumber(high)})`
}
