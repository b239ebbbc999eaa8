// Which column of a foreign file holds what, as its header says.
import { compilePattern, type TimePattern } from "../../../../topology/formats/pattern"
import type { DelimitedFormat } from "../../../../topology/formats/schema"
import { SurveyMissing } from "../../missing"
import type { Block } from "../blocks"
import type { FileClock } from "../row"
import { marksOf } from "../values"
import { Zone } from "../zone"
import { splitLines } from "./cells"
import { Header } from "./header"

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
  const { headerRows, delimiter, time, device } = format
  const { lines, end } = headerOf(text, format)
  if (lines.length < headerRows) {
    throw new SurveyMissing(`${path} has ${lines.length} of the ${headerRows} rows that name its columns`)
  }
  const rows = splitLines(lines, delimiter).map((row) => row ?? [])
  const header = new Header(rows, path)
  const timeColumns = (time.columns ?? [time.column ?? 1]).map((column) => header.find(column))
  const groups = groupsOf(format, header)
  const deviceColumn = device?.column === undefined ? undefined : header.find(device.column)
  const ends = groups.flatMap((group) => [group.temperature, group.humidity])
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
    device: deviceColumn,
    groups,
    last: Math.max(...timeColumns, ...ends, deviceColumn ?? 0),
    width: headerRows === 0 ? undefined : header.width,
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
