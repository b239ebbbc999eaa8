// How a foreign file writes its times, in luxon's tokens: `MM/dd/yyyy hh:mm:ss a`.

/** Seconds since 1970: of the clock that wrote it, as if that were UTC; of UTC itself where the pattern says how far it is. */
export interface TimePattern {
  readonly isUtc: boolean
  /** NaN where the text is no such time. Parts of a second are left out. */
  parse(text: string): number
}

/** What is not written counts as its first. */
type Part =
  | "year"
  | "month"
  | "day"
  | "ordinal"
  | "hour"
  | "minute"
  | "second"
  | "half"
  | "offset"
  | "epoch"
  | "ignored"

interface Token {
  readonly part: Part
  readonly pattern: string
  readonly read?: (text: string) => number
}

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
const DAYS_BEFORE_MONTH = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365]
// what stands for no time is of other years; those of a calendar end with 9999, in some zone a day sooner
const FIRST_YEAR = 1970
const LAST_YEAR = 9998
const NUMBER = "\\d{1,2}"
const PAIR = "\\d\\d"

const monthOf = (text: string): number => MONTHS.indexOf(text.slice(0, 3).toLowerCase()) + 1

const TOKENS: Record<string, Token> = {
  yyyy: { part: "year", pattern: "\\d{4}" },
  yy: { part: "year", pattern: PAIR, read: (text) => 2000 + Number(text) },
  MMMM: { part: "month", pattern: "[A-Za-z]{3,9}", read: monthOf },
  MMM: { part: "month", pattern: "[A-Za-z]{3}", read: monthOf },
  MM: { part: "month", pattern: PAIR },
  M: { part: "month", pattern: NUMBER },
  dd: { part: "day", pattern: PAIR },
  d: { part: "day", pattern: NUMBER },
  ooo: { part: "ordinal", pattern: "\\d{3}" },
  o: { part: "ordinal", pattern: "\\d{1,3}" },
  HH: { part: "hour", pattern: PAIR },
  H: { part: "hour", pattern: NUMBER },
  hh: { part: "hour", pattern: PAIR },
  h: { part: "hour", pattern: NUMBER },
  mm: { part: "minute", pattern: PAIR },
  m: { part: "minute", pattern: NUMBER },
  ss: { part: "second", pattern: PAIR },
  s: { part: "second", pattern: NUMBER },
  SSS: { part: "ignored", pattern: "\\d{3}" },
  S: { part: "ignored", pattern: "\\d{1,9}" },
  a: { part: "half", pattern: "[AaPp]\\.?[Mm]\\.?", read: (text) => (/^a/i.test(text) ? 0 : 12) },
  ZZZ: { part: "offset", pattern: "[+-]\\d{4}|Z", read: parseOffset },
  ZZ: { part: "offset", pattern: "[+-]\\d\\d:\\d\\d|Z", read: parseOffset },
  X: { part: "epoch", pattern: "\\d{1,10}(?:\\.\\d*)?", read: (text) => Math.floor(Number(text)) },
  x: { part: "epoch", pattern: "\\d{1,13}", read: (text) => Math.floor(Number(text) / 1000) },
  EEEE: { part: "ignored", pattern: "[A-Za-z]+" },
  EEE: { part: "ignored", pattern: "[A-Za-z]+" },
}

export const PATTERN_RULE = "a date and a time of day in luxon's tokens, such as yyyy-MM-dd HH:mm:ss"

const PIECES = /'([^']*)'|([A-Za-z])\2*|[^A-Za-z']+/g

/** Undefined where it has an unknown token, or tells no date and time. */
export function compilePattern(pattern: string): TimePattern | undefined {
  const pieces = [...pattern.matchAll(PIECES)]
  if (pieces.map(([piece]) => piece).join("") !== pattern) return undefined
  const tokens: Token[] = []
  let source = ""
  for (const [at, [piece, literal, letter]] of pieces.entries()) {
    const isFraction = piece === FRACTION && isPoint(pieces[at - 1])
    if (letter === undefined) {
      const leads = isPoint(pieces[at]) && pieces[at + 1]?.[0] === FRACTION
      source += leads ? `${escaped(piece.slice(0, -1))}(?:[.,]` : escaped(literal ?? piece)
      continue
    }
    const token = TOKENS[piece]
    if (!token) return undefined
    tokens.push(token)
    if (isFraction) {
      source += `(${token.pattern}))?`
      continue
    }
    // programs that save a file anew leave zeros out: a number may lack one where no digit stands beside it
    const isLoose = token.pattern === PAIR && piece !== "yy" && !isDigits(pieces[at - 1]) && !isDigits(pieces[at + 1])
    source += `(${isLoose ? NUMBER : token.pattern})`
  }
  const has = (...parts: Part[]) => parts.every((part) => tokens.some((token) => token.part === part))
  const isHalf = /h/.test(pattern.replace(/'[^']*'/g, ""))
  const isDate = has("year", "month", "day") || has("year", "ordinal")
  if (!has("epoch") && !(isDate && has("hour") && isHalf === has("half"))) return undefined
  const regExp = new RegExp(`^\\s*${source}\\s*$`)
  return { isUtc: has("epoch") || has("offset"), parse: (text) => secondsOf(regExp.exec(text), tokens) }
}

const FRACTION = "S" // however long; a program that leaves zeros out leaves out its point as well

const isPoint = (piece: RegExpExecArray | undefined): boolean =>
  piece?.[1] === undefined && /[.,]$/.test(piece?.[0] ?? "")

const isDigits = (piece: RegExpExecArray | undefined): boolean =>
  TOKENS[piece?.[0] ?? ""]?.pattern.startsWith("\\d") ?? false

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/-]/g, "\\$&").replace(/\s+/g, "\\s+")

function secondsOf(found: RegExpExecArray | null, tokens: readonly Token[]): number {
  if (!found) return Number.NaN
  let year = 1970
  let month = 1
  let day = 1
  let ordinal = -1
  let hour = 0
  let minute = 0
  let second = 0
  let half = -1
  let offset = 0
  for (let at = 0; at < tokens.length; at++) {
    const text = found[at + 1] ?? ""
    const token = tokens[at]
    if (!token) break
    const value = token.read ? token.read(text) : Number(text)
    switch (token.part) {
      case "year":
        year = value
        break
      case "month":
        month = value
        break
      case "day":
        day = value
        break
      case "ordinal":
        ordinal = value
        break
      case "hour":
        hour = value
        break
      case "minute":
        minute = value
        break
      case "second":
        second = value
        break
      case "half":
        half = value
        break
      case "offset":
        offset = value
        break
      case "epoch":
        return value
    }
  }
  if (half >= 0) {
    if (hour < 1 || hour > 12) return Number.NaN
    hour = (hour % 12) + half
  }
  const isMidnight = hour === 24 && minute === 0 && second === 0 // as the end of its day
  if (year < FIRST_YEAR || year > LAST_YEAR) return Number.NaN
  if ((hour > 23 && !isMidnight) || minute > 59 || second > 59) return Number.NaN
  const days = ordinal >= 0 ? daysOfOrdinal(year, ordinal) : daysOf(year, month, day)
  return ((days * 24 + hour) * 60 + minute) * 60 + second - offset
}

const isLeap = (year: number): boolean => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)

/** Since 1970; NaN where there is no such day. */
function daysOf(year: number, month: number, day: number): number {
  const before = DAYS_BEFORE_MONTH[month - 1]
  const behind = DAYS_BEFORE_MONTH[month]
  if (before === undefined || behind === undefined) return Number.NaN
  const leapDay = isLeap(year) ? 1 : 0
  if (day < 1 || day > behind - before + (month === 2 ? leapDay : 0)) return Number.NaN
  return yearStart(year) + before + (month > 2 ? leapDay : 0) + day - 1
}

const daysOfOrdinal = (year: number, ordinal: number): number =>
  ordinal < 1 || ordinal > (isLeap(year) ? 366 : 365) ? Number.NaN : yearStart(year) + ordinal - 1

function yearStart(year: number): number {
  const past = year - 1
  return past * 365 + Math.floor(past / 4) - Math.floor(past / 100) + Math.floor(past / 400) - 719_162
}

/** "+01:00", "+0100" or "Z", in seconds; NaN for anything else. */
export function parseOffset(text: string): number {
  if (text === "Z" || text === "UTC") return 0
  const [, sign, hours, minutes] = /^([+-])(\d\d):?(\d\d)$/.exec(text) ?? []
  if (Number(hours) > 23 || Number(minutes) > 59) return Number.NaN
  const seconds = (Number(hours) * 60 + Number(minutes)) * 60
  return sign === "-" ? -seconds : seconds
}
