/** Survey text ⇄ readings. */
import type { ClockChange } from "./calendar"
import { formatReading, parseOffset, parseReading, parseTime, type Reading, type Refusal } from "./reading"
import { skipBlanks, trimEnd } from "./scan"
import { SurveyTimes } from "./times"

/** A line that breaks a rule: its number from 1, the rule with the value, and the line as it came. */
export interface RefusedLine {
  readonly line: number
  readonly rule: string
  readonly text: string
}

/** What a survey's text holds, ordered by instant, and what of it was refused, in the order of the file. */
export interface Survey {
  readings: Reading[]
  /** The first hundred: of a text that is no survey nobody reads more, and it may be large. */
  refused: RefusedLine[]
  /** Of all lines that were refused. */
  refusedCount: number
}

export interface ReadOptions {
  /** Reads no further than the first refused line. */
  readonly stopAtRefusal?: boolean
  /** Where a text comes in parts, the latest reading of those before: in an hour that comes twice it tells the pass. */
  readonly after?: Reading | undefined
}

const BYTE_ORDER_MARK = 0xfeff
const LINE_CHARACTERS = 200
const REFUSED_LINES_KEPT = 100

/** Reads a survey. `change` is what the clock does on its day. Refuses lines, never the text. */
export function parseSurvey(text: string, change: ClockChange, { stopAtRefusal, after }: ReadOptions = {}): Survey {
  const refused: RefusedLine[] = []
  let refusedCount = 0
  const times = new SurveyTimes(change, after)
  let line = 0
  let next = text.charCodeAt(0) === BYTE_ORDER_MARK ? 1 : 0
  while (next < text.length) {
    const newline = text.indexOf("\n", next)
    const lineEnd = newline === -1 ? text.length : newline
    const from = skipBlanks(text, next, lineEnd)
    const to = trimEnd(text, from, lineEnd)
    line++
    next = lineEnd + 1
    if (from === to) continue
    const refusal = takeLine(text, from, to, times)
    if (!refusal) continue
    if (refusedCount++ < REFUSED_LINES_KEPT) refused.push({ line, rule: refusal(), text: text.slice(from, to) })
    if (stopAtRefusal) break
  }
  return { readings: times.readings(), refused, refusedCount }
}

declare const canonical: unique symbol

/** What `formatSurvey()` writes, and nothing else: surveys are stored like that. */
export type CanonicalText = string & { readonly [canonical]: true }

/** The canonical text of readings ordered by instant: a line each, "" for none. `parseSurvey()` reads it back. */
export function formatSurvey(readings: readonly Reading[]): CanonicalText {
  let text = ""
  for (const reading of readings) text += `${formatReading(reading)}\n`
  return text as CanonicalText
}

function takeLine(text: string, from: number, to: number, times: SurveyTimes): Refusal | undefined {
  if (to - from > LINE_CHARACTERS) return tooLong(to - from)
  const reading = parseReading(text, from, to)
  if (typeof reading !== "function") return times.take(reading)
  times.follow(parseTime(text, from, to), parseOffset(text, from, to))
  return reading
}

const tooLong = (characters: number): Refusal => {
  return () => `A line must be at most ${LINE_CHARACTERS} characters: it is ${characters}`
}
