// A reading as the store keeps it, and a survey's readings as JSON, both ways.
import type { ClockChange } from "../survey/calendar"
import { formatDecimal, formatTime, parseTime, type Reading } from "../survey/reading"

/** Local time "08:00", °C, %. */
export type StoredReading = readonly [time: string, temperature: number, humidity: number]

const READING_BYTES = 32 // at most: ["23:59:59",-89.99,99.99],
const decoder = new TextDecoder()
const scratch = new Uint8Array(64 * 1024) // of the surveys that fit, which are nearly all

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
  const bytes = needed <= scratch.length ? scratch : new Uint8Array(needed)
  let at = write(bytes, 0, "[")
  for (const { seconds, temperature, humidity } of readings) {
    at = write(bytes, at, '["')
    at = write(bytes, at, formatTime(seconds))
    at = write(bytes, at, '",')
    at = write(bytes, at, formatDecimal(temperature))
    at = write(bytes, at, ",")
    at = write(bytes, at, formatDecimal(humidity))
    at = write(bytes, at, "],")
  }
  write(bytes, at - 1, "]")
  return decoder.decode(bytes.subarray(0, at))
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

/** ASCII; the place behind it. */
function write(bytes: Uint8Array, at: number, text: string): number {
  for (let n = 0; n < text.length; n++) bytes[at + n] = text.charCodeAt(n)
  return at + text.length
}
