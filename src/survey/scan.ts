/** Scans the parts of one survey line in place, `text` from `from` to `to`. Pure; allocates only to complain. */

export const PERCENT = 37
const TAB = 9
const CARRIAGE_RETURN = 13
export const SPACE = 32
const PLUS = 43
export const HYPHEN = 45
export const POINT = 46
export const ZERO = 48
export const COLON = 58

const SHORTEST_WITH_OFFSET = "08:00+01:00".length

/** The first place that is not white space; `to` when there is none. */
export function skipBlanks(text: string, from: number, to: number): number {
  let at = from
  while (at < to && isBlank(text.charCodeAt(at))) at++
  return at
}

/** The end of the word that begins at `from`. */
export function skipWord(text: string, from: number, to: number): number {
  let at = from
  while (at < to && !isBlank(text.charCodeAt(at))) at++
  return at
}

/**
 * The part after a hyphen with white space on both sides, where `from` is the end of a word; `to` when there is none.
 * Both sides, because "08:00 -1.5" with its hyphen forgotten must not read as 1.5.
 */
export function skipHyphen(text: string, from: number, to: number): number {
  const hyphen = skipBlanks(text, from, to)
  const part = skipBlanks(text, hyphen + 1, to)
  const stands = text.charCodeAt(hyphen) === HYPHEN && part > hyphen + 1
  return stands && part < to ? part : to
}

/** The end of what is there when white space at the end is left out; `from` when there is nothing else. */
export function trimEnd(text: string, from: number, to: number): number {
  let end = to
  while (end > from && isBlank(text.charCodeAt(end - 1))) end--
  return end
}

/** HH:MM or HH:MM:SS, exactly, in seconds of the day; NaN for anything else. */
export function scanTime(text: string, from: number, to: number): number {
  const long = to - from === 8
  if (!long && to - from !== 5) return Number.NaN
  if (text.charCodeAt(from + 2) !== COLON || (long && text.charCodeAt(from + 5) !== COLON)) return Number.NaN
  const hours = twoDigits(text, from, 23)
  const minutes = twoDigits(text, from + 3, 59)
  const seconds = long ? twoDigits(text, from + 6, 59) : 0
  return (hours * 60 + minutes) * 60 + seconds
}

/** Where the offset begins with which a time ends, ±HH:MM or ±HH:MM:SS; `to` when the time has none. */
export function findOffset(text: string, from: number, to: number): number {
  if (to - from < SHORTEST_WITH_OFFSET) return to
  const at = isSign(text.charCodeAt(to - 6)) ? to - 6 : to - 9
  return isSign(text.charCodeAt(at)) && !Number.isNaN(scanTime(text, at + 1, to)) ? at : to
}

/** A plain decimal with at most two places, exactly; NaN for anything else. Never minus zero. */
export function scanDecimal(text: string, from: number, to: number): number {
  const negative = text.charCodeAt(from) === HYPHEN
  const first = negative ? from + 1 : from
  let number = 0
  let point = to
  for (let at = first; at < to; at++) {
    const code = text.charCodeAt(at)
    if (isDigit(code)) number = number * 10 + (code - ZERO)
    else if (code === POINT && point === to) point = at
    else return Number.NaN
  }
  const places = to - point - 1
  if (point === first || places === 0 || places > 2) return Number.NaN
  if (places > 0) number /= places === 1 ? 10 : 100
  return negative ? 0 - number : number
}

function twoDigits(text: string, at: number, most: number): number {
  const tens = text.charCodeAt(at)
  const ones = text.charCodeAt(at + 1)
  const number = isDigit(tens) && isDigit(ones) ? (tens - ZERO) * 10 + (ones - ZERO) : Number.NaN
  return number <= most ? number : Number.NaN
}

export function isDigit(code: number): boolean {
  return code >= ZERO && code < COLON
}

function isSign(code: number): boolean {
  return code === PLUS || code === HYPHEN
}

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB || code === CARRIAGE_RETURN
}
