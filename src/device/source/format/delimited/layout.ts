// Which column of a foreign file holds what, as its header says.
import { didYouMean } from "../../../../nearest"
import { shorten } from "../../../../printable"
import { compilePattern, type TimePattern } from "../../../../topology/formats/pattern"
import type { Column, DelimitedFormat } from "../../../../topology/formats/schema"
import { SurveyMissing } from "../../missing"
import type { Block } from "../blocks"
import type { FileClock } from "../row"
import { marksOf } from "../values"
import { Zone } from "../zone"
import { splitLines } from "./cells"

/** Columns count from 0. */
export interface Layout extends FileClock {
  readonly format: DelimitedFormat
  /** The first line behind the header. */
  readonly firstLine: number
  /** Of the header, as they are written: they come again where files were joined. */
  readonly headerLines: ReadonlySet<string>
  readonly pattern: TimePattern
  readonly time: readonly number[]
  readonly temperature: number
  readonly humidity: number
  readonly device: number | undefined
  /** How many columns the header has; undefined without one. */
  readonly width: number | undefined
  readonly missing: ReadonlySet<string>
}

const COLUMNS_NAMED = 12
const NAME_CHARACTERS = 60

/**
 * Of a file that begins with this block. Throws SurveyMissing where it is no such file.
 * @param path as people know it
 * @param timeZone the site's
 */
export function readLayout(
  { text }: Pick<Block, "text">,
  format: DelimitedFormat,
  path: string,
  timeZone: string,
): Layout {
  const { headerRows, delimiter, time, temperature, humidity, device } = format
  const lines = linesAbove(text, format)
  if (lines.length < headerRows) {
    throw new SurveyMissing(`${path} has ${lines.length} of the ${headerRows} rows that name its columns`)
  }
  const rows = splitLines(
    lines.map(({ line }) => line),
    delimiter,
  ).map((row) => row ?? [])
  const pattern = compilePattern(time.pattern)
  if (!pattern) throw new SurveyMissing(`${path} cannot be read: ${time.pattern} is no pattern`)
  const written = time.columns ?? [time.column ?? 1]
  const start = startOf(rows, written[0])
  const all = new Header(rows, start, path)
  const found = written.map((column) => all.find(column))
  const reading = rows.findIndex((row, at) => at >= start && !Number.isNaN(pattern.parse(timeText(row, found))))
  const size = reading === -1 ? rows.length : reading
  const header = reading === -1 ? all : new Header(rows.slice(0, size), start, path)
  return {
    format,
    firstLine: (lines[size - 1]?.number ?? 0) + 1,
    headerLines: new Set(lines.slice(0, size).map(({ line }) => line)),
    pattern,
    isUtc: pattern.isUtc,
    zone: new Zone(time.zone ?? header.zoneOf(found[0] ?? 0) ?? timeZone),
    time: found,
    temperature: header.find(temperature.column),
    humidity: header.find(humidity.column),
    device: device && header.find(device.column),
    width: size === 0 ? undefined : header.width,
    missing: marksOf(format.missing),
  }
}

/** The lines that may name the columns, and their numbers; a reading may already be among them. */
function linesAbove(text: string, { headerRows, comment }: DelimitedFormat): { line: string; number: number }[] {
  const lines: { line: string; number: number }[] = []
  for (let at = 0, number = 1; lines.length < headerRows && at < text.length; number++) {
    const newline = text.indexOf("\n", at)
    const line = trimLine(text.slice(at, newline === -1 ? text.length : newline))
    at = newline === -1 ? text.length : newline + 1
    if (line.trim() !== "" && !(comment !== undefined && line.startsWith(comment))) lines.push({ line, number })
  }
  return lines
}

/** The first of the header's rows that is as wide as the readings, behind titles: the one that names the time's column. */
function startOf(rows: readonly (readonly string[])[], column: Column | undefined): number {
  const name = typeof column === "string" ? plain(column) : undefined
  const names = rows.findIndex((row) => row.some((cell) => name !== undefined && isNamed(plain(cell), name)))
  return names === -1 ? rows.findIndex((row) => row.length === rows.at(-1)?.length) : names
}

/** As a row has it. */
export function timeText(cells: readonly string[], columns: readonly number[]): string {
  if (columns.length === 1) return cells[columns[0] ?? 0] ?? ""
  return columns.map((column) => (cells[column] ?? "").trim()).join(" ")
}

export const trimLine = (line: string): string => (line.endsWith("\r") ? line.slice(0, -1) : line)

class Header {
  /** Of each column: its cells joined, and each cell. */
  readonly #names: (readonly string[])[] = []
  readonly width: number

  /** @param start the first of its rows that is as wide as the readings */
  constructor(
    rows: readonly (readonly string[])[],
    start: number,
    private readonly path: string,
  ) {
    this.width = Math.max(0, ...rows.slice(start).map(columnsOf))
    for (let column = 0; column < this.width; column++) {
      const cells = rows.map((row) => plain(row[column] ?? "")).filter((cell) => cell !== "")
      this.#names.push([cells.join(" "), ...cells])
    }
  }

  find(column: Column): number {
    if (typeof column === "number") {
      if (this.#names.length > 0 && column > this.width) {
        throw new SurveyMissing(`${this.path} has no column ${column}: it has ${this.width}`)
      }
      return column - 1
    }
    const name = plain(column)
    if (this.#names.length === 0) {
      throw new SurveyMissing(`${this.path} has no row that names its columns: give the number of column ${name}`)
    }
    const isWhole = ([joined]: readonly string[]) => joined === name
    const isPart = ([, ...cells]: readonly string[]) => cells.includes(name)
    const isBeginning = (names: readonly string[]) => names.some((each) => isNamed(each, name))
    for (const fits of [isWhole, isPart, isBeginning]) {
      const found = this.#names.flatMap((names, at) => (fits(names) ? [at] : []))
      const [first] = found
      if (first !== undefined && found.length === 1) return first
      if (found.length > 1) {
        const numbers = found.map((at) => at + 1).join(", ")
        throw new SurveyMissing(
          `${this.path} has several columns ${name}, ${numbers}: give the number of the one that is meant`,
        )
      }
    }
    const named = this.#names.map(([joined = ""]) => joined)
    const shown = named.slice(0, COLUMNS_NAMED).map((each) => shorten(each, NAME_CHARACTERS))
    const more = named.length > COLUMNS_NAMED ? `, and ${named.length - COLUMNS_NAMED} more` : ""
    const meant = didYouMean(name, this.#names.flat())
    throw new SurveyMissing(
      `${this.path} has no column ${name}${meant || ":"} Its columns are ${shown.join(" | ")}${more}`,
    )
  }

  /** As HOBO writes it: Date Time, GMT+01:00 */
  zoneOf(column: number): string | undefined {
    const [joined = ""] = this.#names[column] ?? []
    const [, offset] = /(?:GMT|UTC) ?([+-]\d\d:?\d\d)/.exec(joined) ?? []
    return offset
  }
}

/** HOBO writes a logger's numbers behind what it measures. */
const isNamed = (cell: string, name: string): boolean =>
  cell === name || cell.startsWith(`${name} (`) || cell.startsWith(`${name}, `)

/** How many columns a row has, without blank ones at its end. */
export const columnsOf = (cells: readonly string[]): number => cells.findLastIndex((cell) => cell.trim() !== "") + 1

const plain = (text: string): string => text.trim().replace(/\s+/g, " ")
