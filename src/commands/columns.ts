// What is shown fits the terminal, in whatever script it is written: cells stand below each other, and a text that is too
// long goes on in the next line, further in. Texts have to be printable.

export interface Layout {
  /** So many columns stand to the left, the others to the right; without it all stand to the left. */
  readonly left?: number
  readonly gap?: string
  /** The least width of each column, in the terminal's columns. */
  readonly widths?: readonly number[]
  /** The terminal's columns; without it a row is one line, however long. */
  readonly fit?: number | undefined
  /** By so much a text of the last column goes on further in than it begins; without it right below. */
  readonly hang?: number
}

type Row = readonly string[]

const LEAST_TEXT = 24 // columns: narrower text is harder to read than one below the row
const HANG = 2
/** By so much the words on a line of topology.yaml go on: the line itself stands two columns in, and apart from them. */
export const HANG_OF_PROBLEM = 4

/**
 * A line a row, each column as wide as its widest cell. Where that does not fit, the text of the last column is wrapped;
 * where too little is left for it, the columns that do not fit go below the others.
 */
export function columns(rows: readonly Row[], layout: Layout = {}): string[] {
  const { left = Number.POSITIVE_INFINITY, gap = "  ", widths, fit, hang = 0 } = layout
  const wide = widthsOf(rows, widths)
  const line = (row: Row): string => {
    const cells = row.map((cell, column) => {
      const blanks = " ".repeat(Math.max(0, (wide[column] ?? 0) - Bun.stringWidth(cell)))
      return column < left ? cell + blanks : blanks + cell
    })
    return cells.join(gap).trimEnd()
  }
  if (fit === undefined) return rows.map(line)

  const last = wide.length - 1
  const startOf = (column: number): number => wide.slice(0, column).reduce((sum, width) => sum + width + gap.length, 0)
  const room = fit - startOf(last)
  if (room >= Math.min(LEAST_TEXT, wide[last] ?? 0)) {
    const blank = wide.slice(0, last).map(() => "")
    return rows.flatMap((row) => {
      const [first = "", ...more] = wrap(row[last] ?? "", room, hang)
      return [[...row.slice(0, last), first], ...more.map((text) => [...blank, text])].map(line)
    })
  }
  const beside = Math.max(1, wide.findLastIndex((width, column) => startOf(column) + width <= fit) + 1)
  return rows.flatMap((row) => {
    const below = row.slice(beside).filter((cell) => cell !== "")
    const texts = [line(row.slice(0, beside)), below.length > 0 ? " ".repeat(HANG) + below.join("  ") : ""]
    return texts.filter((text) => text !== "").flatMap((text) => wrap(text, fit))
  })
}

/** How wide each column is. */
export function widthsOf(rows: readonly Row[], least: readonly number[] = []): number[] {
  const widths = [...least]
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, Bun.stringWidth(cell))
    })
  }
  return widths
}

/** At most so many of the terminal's columns. */
export function cut(text: string, most: number): string {
  if (Bun.stringWidth(text) <= most) return text
  const short = Bun.sliceAnsi(text, 0, most, "…")
  return Bun.stringWidth(short) <= most ? short : Bun.sliceAnsi(text, 0, most - 1, "…") // no half of a wide character
}

const PHRASES = /(?<=[^ ])(?= {2})/
const ENTRIES = /(?<=[^ ])(?= {2})|(?<=;)(?= )/
// a number stays with what it counts, a mark with what it is of
const WORDS = /(?<!(?:^| )[\d,]+(?:\.\d+)?|^[^ ]) /

/**
 * The lines of a text. They break before two blanks or more, and where they hang behind a semicolon too, if that is enough,
 * else between words as well, and within a word only where it is longer than a line.
 * @param fit the terminal's columns; undefined: one line, however long
 * @param hang by so many columns all lines but the first are further in
 */
export function wrap(text: string, fit: number | undefined, hang = HANG): string[] {
  if (fit === undefined || Bun.stringWidth(text) <= fit) return [text]
  const margin = text.length - text.trimStart().length
  const indent = " ".repeat(Math.min(margin + hang, fit / 2))
  const lines: string[] = []
  let line = ""
  const fits = (piece: string) => Bun.stringWidth(line + piece) <= fit
  const begin = (word: string) => {
    const parts = Bun.wrapAnsi(word, fit - indent.length, { hard: true }).split("\n")
    const begun = parts.map((part, index) => (line === "" && index === 0 ? indent.slice(0, margin) : indent) + part)
    if (line !== "") lines.push(line)
    line = begun.pop() ?? ""
    lines.push(...begun)
  }
  for (const piece of text.split(hang > 0 ? ENTRIES : PHRASES)) {
    if (fits(piece)) {
      line += piece
      continue
    }
    const phrase = piece.trimStart()
    const [first = "", ...words] = phrase.split(WORDS)
    const begun = piece.slice(0, piece.length - phrase.length) + first
    if (line === "" && fits(begun)) line = begun
    else begin(first)
    for (const word of words) {
      if (fits(` ${word}`)) line += ` ${word}`
      else begin(word)
    }
  }
  return [...lines, line]
}
