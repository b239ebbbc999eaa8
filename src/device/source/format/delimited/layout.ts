// Which column of a foreign file holds what, as its header says.
import { compilePattern, type TimePattern } from "../../../../topology/formats/pattern"
import type { Column, DelimitedFormat } from "../../../../topology/formats/schema"
import { SurveyMissing } from "../../missing"
import type { Block } from "../blocks"
import type { FileClock } from "../row"
import { marksOf } from "../values"
import { Zone } from "../zone"
import { splitLines } from "./cells"
import { Header, isNamed, plain } from "./header"

/** Columns count from 0. */
export interface Layout extends FileClock {
  readonly format: DelimitedFormat
  /** The first line behind the header. */
  readonly firstLine: number
  /** Of the header, as they are written: they come again where files were joined. */
  readonly headerLines: ReadonlySet<string>
  readonly pattern: TimePattern
  readonly time: readonly number[]
  /** Where a row says whose it is. */
  readonly device: number | undefined
  /** The readings of a row: one, or one for each name that the header has above them. */
  readonly groups: readonly Group[]
  /** The last column that is of interest. */
  readonly last: number
  /** How many columns the header has; undefined without one. */
  readonly width: number | undefined
  readonly missing: ReadonlySet<string>
}

export interface Group {
  /** As the header calls it, "" where it does not say. */
  readonly device: string
  readonly temperature: number
  readonly humidity: number
}

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
  const pattern = compilePattern(format.time.pattern)
  if (!pattern) throw new SurveyMissing(`${path} cannot be read: ${format.time.pattern} is no pattern`)
  const { header, time, lines } = headerOf(text, format, pattern, path)
  const groups = groupsOf(format, header)
  const device = format.device?.column === undefined ? undefined : header.find(format.device.column)
  const ends = groups.flatMap(({ temperature, humidity }) => [temperature, humidity])
  return {
    format,
    firstLine: (lines.at(-1)?.number ?? 0) + 1,
    headerLines: new Set(lines.map(({ line }) => line)),
    pattern,
    isUtc: pattern.isUtc,
    zone: new Zone(format.time.zone ?? header.zoneOf(time[0] ?? 0) ?? timeZone),
    time,
    device,
    groups,
    last: Math.max(...time, ...ends, device ?? 0),
    width: lines.length === 0 ? undefined : header.width,
    missing: marksOf(format.missing),
  }
}

function groupsOf({ temperature, humidity, device }: DelimitedFormat, header: Header): Group[] {
  const all = () => ({
    device: "",
    temperature: header.find(temperature.column),
    humidity: header.find(humidity.column),
  })
  if (device?.headerRow === undefined) return [all()]
  const groups = header.names(device.headerRow).flatMap(({ name, columns }): Group[] => {
    const found = {
      temperature: header.findIn(columns, temperature.column),
      humidity: header.findIn(columns, humidity.column),
    }
    const isWhole = found.temperature !== undefined && found.humidity !== undefined
    return isWhole ? [{ device: name, temperature: found.temperature ?? 0, humidity: found.humidity ?? 0 }] : []
  })
  // none is a file of something else: what it lacks is told
  return groups.length > 0 ? groups : [all()]
}

interface NumberedLine {
  readonly line: string
  readonly number: number
}

/** With the columns of the time. Some exports have a row less above their readings: the first reading ends the header. */
function headerOf(text: string, format: DelimitedFormat, pattern: TimePattern, path: string) {
  const { headerRows, delimiter } = format
  const lines = linesAbove(text, format)
  if (lines.length < headerRows) {
    throw new SurveyMissing(`${path} has ${lines.length} of the ${headerRows} rows that name its columns`)
  }
  const texts = lines.map(({ line }) => line)
  const rows = splitLines(texts, delimiter).map((row) => row ?? [])
  const columns = format.time.columns ?? [format.time.column ?? 1]
  const start = startOf(rows, columns[0])
  const header = new Header(rows, start, path)
  const time = columns.map((column) => header.find(column))
  const reading = rows.findIndex((row, at) => at >= start && !Number.isNaN(pattern.parse(timeText(row, time))))
  if (reading === -1) return { header, time, lines }
  return { header: new Header(rows.slice(0, reading), start, path), time, lines: lines.slice(0, reading) }
}

/** The lines that may name the columns, and their numbers; a reading may already be among them. */
function linesAbove(text: string, { headerRows, comment }: DelimitedFormat): NumberedLine[] {
  const lines: NumberedLine[] = []
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
