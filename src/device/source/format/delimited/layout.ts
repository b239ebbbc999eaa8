// Which column of a foreign file holds what, as its header says.
import { didYouMean } from "../../../../nearest"
import { shorten } from "../../../../printable"
import { compilePattern, parseOffset, type TimePattern } from "../../../../topology/formats/pattern"
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
  const { lines, end } = headerOf(text, format)
  if (lines.length < headerRows) {
    throw new SurveyMissing(`${path} has ${lines.length} of the ${headerRows} rows that name its columns`)
  }
  const rows = splitLines(lines, delimiter).map((row) => row ?? [])
  const header = new Header(rows, path)
  const timeColumns = (time.columns ?? [time.column ?? 1]).map((column) => header.find(column))
  const pattern = compilePattern(time.pattern)
  if (!pattern) throw new SurveyMissing(`${path} cannot be read: ${time.pattern} is no pattern`)
  return {
    format,
    firstLine: end + 1,
    headerLines: new Set(lines),
    pattern,
    isUtc: pattern.isUtc,
    zone: new Zone(time.zone ?? header.zoneOf(timeColumns[0] ?? 0) ?? timeZone),
    time: timeColumns,
    temperature: header.find(temperature.column),
    humidity: header.find(humidity.column),
    device: device && header.find(device.column),
    width: headerRows === 0 ? undefined : header.width,
    missing: marksOf(format.missing),
  }
}

/** The header's rows, and the number of the last line that belongs to it. */
function headerOf(text: string, { headerRows, comment }: DelimitedFormat): { lines: string[]; end: number } {
  const lines: string[] = []
  let end = 0
  for (let at = 0; lines.length < headerRows && at < text.length; end++) {
    const newline = text.indexOf("\n", at)
    const line = trimLine(text.slice(at, newline === -1 ? text.length : newline))
    at = newline === -1 ? text.length : newline + 1
    if (line.trim() !== "" && !(comment !== undefined && line.startsWith(comment))) lines.push(line)
  }
  return { lines, end }
}

export const trimLine = (line: string): string => (line.endsWith("\r") ? line.slice(0, -1) : line)

class Header {
  /** Of each column: its cells joined, and each cell. */
  readonly #names: (readonly string[])[] = []
  readonly width: number

  constructor(
    rows: readonly (readonly string[])[],
    private readonly path: string,
  ) {
    this.width = (rows.at(-1)?.findLastIndex((cell) => cell.trim() !== "") ?? -1) + 1
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
    const isWhole = ([joined]: readonly string[]) => joined === name
    const isPart = ([, ...cells]: readonly string[]) => cells.includes(name)
    // HOBO writes a logger's numbers behind what it measures
    const isBeginning = (names: readonly string[]) =>
      names.some((each) => each.startsWith(`${name} (`) || each.startsWith(`${name}, `))
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
    const [written, offset] = /(?:GMT|UTC) ?([+-]\d\d:?\d\d)/.exec(joined) ?? []
    if (offset === undefined || !Number.isNaN(parseOffset(offset))) return offset
    throw new SurveyMissing(
      `${this.path} has times of ${written}, which is no offset: say with time.zone what its clock is`,
    )
  }
}

const plain = (text: string): string => text.trim().replace(/\s+/g, " ")
