// A table on a terminal: the cells of a column stand below each other, in whatever script they are written.

export interface Layout {
  /** So many columns stand to the left, the others to the right; without it all stand to the left. */
  readonly left?: number
  readonly gap?: string
  /** The least width of each column, in the terminal's columns. */
  readonly widths?: readonly number[]
}

type Rows = readonly (readonly string[])[]

/** A line a row, each column as wide as its widest cell. Cells have to be printable. */
export function columns(rows: Rows, { left = Number.POSITIVE_INFINITY, gap = "  ", widths }: Layout = {}): string[] {
  const wide = widthsOf(rows, widths)
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const blanks = " ".repeat((wide[column] ?? 0) - Bun.stringWidth(cell))
        return column < left ? cell + blanks : blanks + cell
      })
      .join(gap)
      .trimEnd(),
  )
}

/** How wide each column is. */
export function widthsOf(rows: Rows, least: readonly number[] = []): number[] {
  const widths = [...least]
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, Bun.stringWidth(cell))
    })
  }
  return widths
}
