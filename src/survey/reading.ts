/** A reading, and its text both ways: `08:00 - 20 - 30%`, and `02:15+01:00 - 20 - 30%` in a second pass. */
import { shorten } from "../printable"
import type { ClockChange } from "./calendar"
import { findOffset, PERCENT, scanDecimal, scanTime, skipBlanks, skipHyphen, skipWord, trimEnd } from "./scan"

/** One measurement. */
export interface Reading {
  /** Local time of day, in seconds. */
  readonly seconds: number
  /**
   * The UTC offset, "+01:00", in the second pass of what the clock shows twice; absent everywhere else. It is in the
   * text, so that a line by itself says when it was taken.
   */
  readonly offset?: string | undefined
  /** °C, −90 to 90, at most two decimal places. */
  readonly temperature: number
  /** Relative soil humidity in %, 0 to 100, at most two decimal places. */
  readonly humidity: number
}

const TWO_DIGITS = Array.from({ length: 60 }, (_, number) => String(number).padStart(2, "0"))
const SHOWN_CHARACTERS = 40

const MINUTES = Array.from({ length: 24 * 60 + 1 }, (_, m) => `${TWO_DIGITS[Math.floor(m / 60)]}:${TWO_DIGITS[m % 60]}`)

/** The rule that a line breaks, and the value, in words: a text for each of a million lines would be made for nobody. */
export type Refusal = () => string

/** "08:00", or "08:00:30" when the seconds are not zero; 86,400 s is "24:00". With an offset "02:15+01:00". */
export function formatTime(seconds: number, offset?: string): string {
  const minute = MINUTES[Math.floor(seconds / 60)] ?? ""
  const time = seconds % 60 === 0 ? minute : `${minute}:${TWO_DIGITS[seconds % 60]}`
  return offset === undefined ? time : time + offset
}

/** "08:00 - 20 - 30%" */
export function formatReading(reading: Reading): string {
  const time = formatTime(reading.seconds, reading.offset)
  return `${time} - ${formatDecimal(reading.temperature)} - ${formatDecimal(reading.humidity)}%`
}

/**
 * At most 19,001 texts: writing a fraction anew costs more than the rest of its line. They are what a pure function
 * found before, and tell nobody anything else: so they have no owner.
 */
const decimals = new Array<string | undefined>(19_001)
const COLDEST = 9000 // hundredths below zero

/** A temperature or a humidity, as plainly as it can be written. */
function formatDecimal(value: number): string {
  const at = Math.round(value * 100) + COLDEST
  let text = decimals[at]
  if (text === undefined) {
    text = String(value)
    decimals[at] = text
  }
  return text
}

/** To the two places that a reading has; halves away from zero, as they are written in decimal: 1.005 is 1.01. Never minus zero. */
export function toHundredths(value: number): number {
  const hundredths = Math.round(Math.round(Math.abs(value) * 1e7) / 1e5)
  return hundredths === 0 ? 0 : (Math.sign(value) * hundredths) / 100
}

/**
 * Orders two readings of one day by instant; 0 when they are of the same instant. `change` is that day's: without
 * it nobody knows where the repeated hour ends, and so whether 02:50 is before or after the second 02:30.
 */
export function compareReadings(a: Reading, b: Reading, change: ClockChange): number {
  if (a.offset === b.offset) return a.seconds - b.seconds
  return elapsedSeconds(a, change) - elapsedSeconds(b, change)
}

/** A reading's place on its day's clock, where the second pass and all that follows it stand after the first pass. */
export function elapsedSeconds(
  { seconds, offset }: Pick<Reading, "seconds" | "offset">,
  { repeated }: ClockChange,
): number {
  if (repeated === undefined) return seconds
  return offset !== undefined || seconds >= repeated.to ? seconds + repeated.to - repeated.from : seconds
}

/**
 * The reading in one line, `text` from `from` to `to` (without line end). Its offset is what the line writes, of either
 * pass: which offsets there may be only the day tells.
 */
export function parseReading(text: string, from = 0, to = text.length): Reading | Refusal {
  const end = trimEnd(text, from, to)
  const timeFrom = skipBlanks(text, from, end)
  const timeTo = skipWord(text, timeFrom, end)
  const temperatureFrom = skipHyphen(text, timeTo, end)
  const temperatureTo = skipWord(text, temperatureFrom, end)
  const humidityFrom = skipHyphen(text, temperatureTo, end)
  if (humidityFrom === end) return refusal(readingRule, text, timeFrom, end)

  const offsetFrom = findOffset(text, timeFrom, timeTo)
  const seconds = scanTime(text, timeFrom, offsetFrom)
  if (Number.isNaN(seconds)) return refusal(timeRule, text, timeFrom, timeTo)

  const temperature = scanDecimal(text, temperatureFrom, temperatureTo)
  if (!(temperature >= -90 && temperature <= 90)) return refusal(temperatureRule, text, temperatureFrom, temperatureTo)
  if (text.charCodeAt(end - 1) !== PERCENT) return refusal(percentRule, text, humidityFrom, end)
  const humidityTo = trimEnd(text, humidityFrom, end - 1)
  const humidity = scanDecimal(text, humidityFrom, humidityTo)
  if (!(humidity >= 0 && humidity <= 100)) return refusal(humidityRule, text, humidityFrom, humidityTo)
  if (offsetFrom === timeTo) return { seconds, temperature, humidity }
  return { seconds, offset: text.slice(offsetFrom, timeTo), temperature, humidity }
}

/** The local time of day with which a line begins, in seconds; NaN when it begins with something else. */
export function parseTime(text: string, from = 0, to = text.length): number {
  const timeFrom = skipBlanks(text, from, to)
  return scanTime(text, timeFrom, findOffset(text, timeFrom, skipWord(text, timeFrom, to)))
}

/** The offset behind the time with which a line begins; undefined where there is none. */
export function parseOffset(text: string, from = 0, to = text.length): string | undefined {
  const timeFrom = skipBlanks(text, from, to)
  const timeTo = skipWord(text, timeFrom, to)
  const offsetFrom = findOffset(text, timeFrom, timeTo)
  return offsetFrom === timeTo ? undefined : text.slice(offsetFrom, timeTo)
}

const OTHER_HYPHENS = /[\u2010-\u2015\u2212]/ // they look like one
const CLOSE_TOGETHER = /^[\d:]+\s*-\s*-?[\d.]+\s*-\s*[\d.]+\s*%$/

function readingRule(value: string): string {
  const rule = 'A reading must be written "08:00 - 20 - 30%"'
  if (OTHER_HYPHENS.test(value)) return `${rule}, with plain hyphens`
  return CLOSE_TOGETHER.test(value) ? `${rule}, with spaces around its hyphens` : rule
}

const percentRule = () => "Humidity must end in %"
const temperatureRule = (value: string) => decimalRule("Temperature", "-90 to 90 °C", value)
const humidityRule = (value: string) => decimalRule("Humidity", "0 to 100 %", value)

const timeRule = (value: string) =>
  /^\d\d:\d\d(:\d\d)?$/.test(value)
    ? "Time must be 00:00 to 23:59:59"
    : "Time must be HH:MM or HH:MM:SS, two digits each"

function decimalRule(name: string, range: string, value: string): string {
  if (OTHER_HYPHENS.test(value)) return `${name} must have a plain hyphen for its sign`
  if (!/^-?\d+(\.\d+)?$/.test(value)) return `${name} must be a plain decimal such as 21.5`
  if (/\.\d{3}/.test(value)) return `${name} must have at most two decimal places`
  return `${name} must be ${range}`
}

const refusal = (ruleOf: (value: string) => string, text: string, from: number, to: number): Refusal => {
  return () => {
    const value = text.slice(from, to)
    return `${ruleOf(value)}: it is ${value === "" ? "missing" : shorten(value, SHOWN_CHARACTERS)}`
  }
}
