// A reading as the store keeps it, and a survey's readings as JSON, both ways.
import type { ClockChange } from "../survey/calendar"
import { formatTime, parseTime, type Reading } from "../survey/reading"

/** Local time "08:00", °C, %. */
export type StoredReading = readonly [time: string, temperature: number, humidity: number]

const READING_BYTES = 32 // at most: ["23:59:59",-89.99,99.99],
const scratch = Buffer.alloc(64 * 1024) // of the surveys that fit, which are nearly all
const [ZERO, MINUS, POINT, COLON, COMMA, QUOTE, OPEN, CLOSE] = [48, 45, 46, 58, 44, 34, 91, 93] as const // 0-.:,"[]

export const toStored = ({ seconds, temperature, humidity }: Reading): StoredReading => [
  formatTime(seconds),
  temperature,
  humidity,
]

/** "08:00 - 20 - 30%" */
export const formatStored = ([time, temperature, humidity]: StoredReading): string =>
  `${time} - ${temperature} - ${humidity}%`

/** What JSON.stringify() makes of `toStored()`. As bytes, because a text put together piece by piece costs SQLite double. */
export function toJson(readings: readonly Reading[]): string {
  if (readings.length === 0) return "[]"
  const needed = 1 + readings.length * READING_BYTES
  const bytes = needed <= scratch.length ? scratch : Buffer.alloc(needed)
  let at = 0
  bytes[at++] = OPEN
  for (const { seconds, temperature, humidity } of readings) {
    bytes[at++] = OPEN
    bytes[at++] = QUOTE
    at = writeTime(bytes, at, seconds)
    bytes[at++] = QUOTE
    bytes[at++] = COMMA
    at = writeDecimal(bytes, at, temperature)
    bytes[at++] = COMMA
    at = writeDecimal(bytes, at, humidity)
    bytes[at++] = CLOSE
    bytes[at++] = COMMA
  }
  bytes[at - 1] = CLOSE
  return bytes.toString("latin1", 0, at)
}

/** In the hour that comes twice the second pass begins where the clock goes back. */
export function fromJson(json: string, { repeated }: ClockChange): Reading[] {
  const stored: StoredReading[] = JSON.parse(json)
  let before = -1
  let wentBack = false
  return stored.map(([time, temperature, humidity]) => {
    const seconds = parseTime(time)
    wentBack ||= seconds <= before
    before = seconds
    const isRepeated = repeated !== undefined && seconds >= repeated.from && seconds < repeated.to
    return { seconds, secondPass: wentBack && isRepeated, temperature, humidity }
  })
}

// Each writes where it is told to and returns the place behind what it wrote.

function writeTime(bytes: Uint8Array, at: number, seconds: number): number {
  const minutes = quotient(seconds, 60)
  const hours = quotient(minutes, 60)
  let end = writeTwo(bytes, at, hours)
  bytes[end++] = COLON
  end = writeTwo(bytes, end, minutes - hours * 60)
  if (seconds === minutes * 60) return end
  bytes[end++] = COLON
  return writeTwo(bytes, end, seconds - minutes * 60)
}

/** Of at most two decimal places, as all readings have. */
function writeDecimal(bytes: Uint8Array, at: number, value: number): number {
  const hundredths = Math.abs(Math.round(value * 100))
  const whole = quotient(hundredths, 100)
  const fraction = hundredths - whole * 100
  let end = at
  if (value < 0) bytes[end++] = MINUS
  if (whole === 100) bytes[end++] = ZERO + 1
  if (whole >= 10) end = writeTwo(bytes, end, whole % 100)
  else bytes[end++] = ZERO + whole
  if (fraction === 0) return end
  bytes[end++] = POINT
  writeTwo(bytes, end, fraction)
  return end + (fraction % 10 === 0 ? 1 : 2)
}

function writeTwo(bytes: Uint8Array, at: number, number: number): number {
  const tens = quotient(number, 10)
  bytes[at] = ZERO + tens
  bytes[at + 1] = ZERO + number - tens * 10
  return at + 2
}

/** Of small whole numbers; twice as fast as Math.floor(), and this is a tenth of what a survey costs the cloud. */
const quotient = (number: number, divisor: number): number => (number / divisor) | 0
