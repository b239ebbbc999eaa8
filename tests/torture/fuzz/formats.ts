// Files of others of any kind, through formats of any kind: no error but a reason for a person, no row that breaks a rule, no
// row that the quick look at a file's times passes over, and a survey's text that is read back as it was.
import { blockOf } from "../../../src/device/source/format/blocks"
import { Collected } from "../../../src/device/source/format/collected"
import { readLayout } from "../../../src/device/source/format/delimited/layout"
import { DelimitedPiece } from "../../../src/device/source/format/delimited/pieces"
import { hasLines } from "../../../src/device/source/format/json/elements"
import { JsonPiece, jsonReader } from "../../../src/device/source/format/json/pieces"
import { documentsOf, linesOf } from "../../../src/device/source/format/json/texts"
import { LocalTimes } from "../../../src/device/source/format/local"
import type { Piece, Row } from "../../../src/device/source/format/row"
import { SenmlPiece } from "../../../src/device/source/format/senml"
import { SurveyMissing } from "../../../src/device/source/missing"
import { readSenml } from "../../../src/gateway/intake/senml"
import { clockChange, type Day, parseDay } from "../../../src/survey/calendar"
import { formatSurvey, parseSurvey } from "../../../src/survey/survey"
import type { JsonPath } from "../../../src/topology/formats/json-path"
import type { Dice } from "./dice"
import { type Foreign, makeForeign } from "./format-text"
import type { Target } from "./target"

const PATH = "export/bed3.csv"
const SITE_ZONES = ["Europe/Rome", "Pacific/Kiritimati", "America/Havana"]
const ARRIVED_AT = Date.parse("2026-11-22T05:00:00Z")
const LONGEST_RULE = 1000

export type Visit = (piece: Piece, visit: (time: number, device: string) => void) => void

export class Formats implements Target {
  readonly name = "formats"
  #foreign: Foreign | undefined

  constructor(private readonly visit: Visit = (piece, visit) => piece.visitTimes(visit)) {}

  check(dice: Dice): string | undefined {
    const foreign = makeForeign(dice)
    this.#foreign = foreign
    const timeZone = SITE_ZONES[dice.below(SITE_ZONES.length)] ?? "UTC"
    if (foreign.bytes.length === 0) return undefined
    if (foreign.format.kind === "senml") {
      const wrong = checkUpload(new TextDecoder().decode(foreign.bytes), timeZone)
      if (wrong !== undefined) return wrong
    }
    const piece = pieceOf(foreign, timeZone)
    if (typeof piece === "string") return piece.length < LONGEST_RULE ? undefined : "a reason that nobody reads"
    const rows = piece.rows()
    return (
      this.#checkRows(rows) ?? checkTimes(rows, piece, this.visit) ?? checkDays(rows, piece, foreign.format, timeZone)
    )
  }

  input(): string {
    const { format, bytes } = this.#foreign ?? {}
    return JSON.stringify({ format, text: new TextDecoder().decode(bytes ?? new Uint8Array()) })
  }

  #checkRows(rows: readonly Row[]): string | undefined {
    const lines = (this.#foreign?.bytes.filter((byte) => byte === 0x0a).length ?? 0) + 1
    // two characters at least for each of a list
    if (rows.length > (this.#foreign?.bytes.length ?? 0))
      return `${rows.length} rows are more than there are characters`
    for (const row of rows) {
      if (!(row.line >= 1 && row.line <= lines)) return `line ${row.line} of ${lines}`
      if (row.kind === "refused" && !(row.rule.length > 0 && row.rule.length < LONGEST_RULE))
        return `a rule of ${row.rule.length} characters`
      if (row.kind !== "values") continue
      if (!isReading(row)) return `a row of ${row.time}, ${row.temperature} and ${row.humidity}`
    }
    return undefined
  }
}

function pieceOf({ format, bytes }: Foreign, timeZone: string): Piece | string {
  const block = blockOf(bytes, 1, true, bytes.length)
  const text = (rows: JsonPath | undefined) =>
    hasLines(block.text) ? linesOf(block, rows) : documentsOf(block.text, bytes.length, rows)
  try {
    if (format.kind === "json") return new JsonPiece(text(format.rows), jsonReader(format, PATH, timeZone))
    if (format.kind === "senml") return new SenmlPiece(text(undefined), format)
    return new DelimitedPiece(block, readLayout(block, format, PATH, timeZone))
  } catch (error) {
    if (error instanceof SurveyMissing) return error.message
    throw error
  }
}

const isHundredths = (value: number): boolean =>
  Math.abs(value * 100 - Math.round(value * 100)) < 1e-6 && !Object.is(value, -0)

const isReading = ({ time, temperature, humidity }: Extract<Row, { kind: "values" }>): boolean =>
  Number.isInteger(time) &&
  temperature >= -90 &&
  temperature <= 90 &&
  humidity >= 0 &&
  humidity <= 100 &&
  isHundredths(temperature) &&
  isHundredths(humidity)

/** Whatever row has a time is seen by the look that tells which pieces have to be read. */
function checkTimes(rows: readonly Row[], piece: Piece, visit: Visit): string | undefined {
  const seen = new Set<string>()
  visit(piece, (time, device) => seen.add(`${time} ${device}`))
  const missed = rows.find(({ time, device }) => !Number.isNaN(time) && !seen.has(`${time} ${device}`))
  return missed && `the look at the times passes over line ${missed.line}`
}

/** Every reading is of a day, and the day's text gives it back. */
function checkDays(rows: Row[], piece: Piece, format: Foreign["format"], timeZone: string): string | undefined {
  const times = new LocalTimes(piece.clock, timeZone)
  const days = new Map<Day, string>()
  let placed = 0
  for (const { row, at } of times.follow(rows)) {
    if (Number.isNaN(at)) continue
    const day = times.dayOf(at)
    if (parseDay(day) === undefined) return `line ${row.line} is of ${day}`
    if (row.kind === "values") placed++
    days.set(day, row.device)
  }
  let told = 0
  for (const [day, sensor] of [...days].slice(0, 3)) {
    const collected = new Collected(day, { format, sensor, timeZone })
    collected.begin(PATH, piece.clock)
    collected.take(rows)
    const { readings } = collected.finish()
    told += readings.length
    const text = formatSurvey(readings)
    const again = parseSurvey(text, clockChange(day, timeZone))
    if (again.refusedCount > 0 || formatSurvey(again.readings) !== text)
      return `of ${day} it sends ${JSON.stringify(text)}`
  }
  return told <= placed ? undefined : `${told} readings of ${placed} rows`
}

function checkUpload(text: string, timeZone: string): string | undefined {
  const surveys = readSenml(text, { arrivedAt: ARRIVED_AT, day: undefined, timeZone, zoneOf: () => timeZone })
  if (typeof surveys === "string") return surveys.length > 0 && surveys.length < LONGEST_RULE ? undefined : "no reason"
  for (const [day, survey] of surveys) {
    const { readings, refusedCount } = parseSurvey(survey, clockChange(day, timeZone))
    if (refusedCount > 0 || readings.length === 0 || formatSurvey(readings) !== survey)
      return `of ${day} it is stored as ${JSON.stringify(survey)}`
  }
  return undefined
}
