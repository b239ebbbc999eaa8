/** Survey text as it is stored: what `formatSurvey()` would write. Most surveys come like that, and need no object a line. */
import type { ClockChange } from "./calendar"
import { COLON, HYPHEN, isDigit, PERCENT, POINT, SPACE, scanDecimal, scanTime, ZERO } from "./scan"
import { type CanonicalText, formatSurvey, parseSurvey, type ReadOptions, type RefusedLine } from "./survey"

/** A survey's readings as their text, how many they are, and the lines that were refused. */
export interface CanonicalSurvey {
  readonly body: CanonicalText
  readonly readings: number
  /** The first hundred. */
  readonly refused: readonly RefusedLine[]
  readonly refusedCount: number
}

const NEWLINE = 10
const NOWHERE = -1 // there is no character
const NONE: readonly RefusedLine[] = []

/** Reads a survey as `parseSurvey()` does. */
export function readCanonical(text: string, change: ClockChange, options?: ReadOptions): CanonicalSurvey {
  const count = countCanonical(text, change)
  if (count !== undefined) return { body: text as CanonicalText, readings: count, refused: NONE, refusedCount: 0 }
  const { readings, refused, refusedCount } = parseSurvey(text, change, options)
  return { body: formatSurvey(readings), readings: readings.length, refused, refusedCount }
}

/**
 * How many readings a text holds that is canonical as it stands. Undefined where it is not, and on a day when the clock
 * changes: there only `parseSurvey()` tells which times may stand.
 */
export function countCanonical(text: string, { skipped, repeated }: ClockChange): number | undefined {
  if (skipped || repeated) return undefined
  let readings = 0
  let latest = -1
  for (let at = 0; at < text.length; readings++) {
    const isLong = text.charCodeAt(at + 5) === COLON
    const timeEnd = at + (isLong ? 8 : 5)
    const seconds = scanTime(text, at, timeEnd)
    // also where it is NaN
    if (!(seconds > latest) || (isLong && seconds % 60 === 0)) return undefined
    latest = seconds
    const temperatureEnd = skipDecimal(text, skipSeparator(text, timeEnd), -90, 90)
    const end = skipDecimal(text, skipSeparator(text, temperatureEnd), 0, 100)
    if (text.charCodeAt(end) !== PERCENT || text.charCodeAt(end + 1) !== NEWLINE) return undefined
    at = end + 2
  }
  return readings
}

/** Behind " - "; nowhere when that does not stand there. */
function skipSeparator(text: string, at: number): number {
  const stands =
    text.charCodeAt(at) === SPACE && text.charCodeAt(at + 1) === HYPHEN && text.charCodeAt(at + 2) === SPACE
  return stands ? at + 3 : NOWHERE
}

/** Behind a decimal in its shortest form, from `least` to `most`; nowhere when there is none. */
function skipDecimal(text: string, from: number, least: number, most: number): number {
  const isNegative = text.charCodeAt(from) === HYPHEN
  const first = isNegative ? from + 1 : from
  let end = skipDigits(text, first)
  if (text.charCodeAt(first) === ZERO && end > first + 1) return NOWHERE
  if (text.charCodeAt(end) === POINT) {
    end = skipDigits(text, end + 1)
    if (text.charCodeAt(end - 1) === ZERO) return NOWHERE
  }
  const value = scanDecimal(text, from, end) // NaN where it is none
  return value >= least && value <= most && !(isNegative && value === 0) ? end : NOWHERE
}

function skipDigits(text: string, from: number): number {
  let at = from
  while (isDigit(text.charCodeAt(at))) at++
  return at
}
