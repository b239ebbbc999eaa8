// A reading as the store keeps it, and a survey's readings as JSON, both ways.
import type { ClockChange } from "../survey/calendar"
import { formatTime, parseTime, type Reading } from "../survey/reading"
import { PERCENT } from "../survey/scan"
import type { CanonicalText } from "../survey/survey"

/** Local time "08:00", °C, %. */
export type StoredReading = readonly [time: string, temperature: number, humidity: number]

const scratch = Buffer.alloc(64 * 1024) // of the surveys that fit, which are nearly all
const [COMMA, QUOTE, OPEN, CLOSE] = [44, 34, 91, 93] as const
const SEPARATOR = 3 // " - "
const LINE_END = 2 // "%\n"

export const toStored = ({ seconds, temperature, humidity }: Reading): StoredReading => [
  formatTime(seconds),
  temperature,
  humidity,
]

/** "08:00 - 20 - 30%" */
export const formatStored = ([time, temperature, humidity]: StoredReading): string =>
  `${time} - ${temperature} - ${humidity}%`

/**
 * What JSON.stringify() makes of a survey's stored readings, from its canonical text: there its numbers are JSON's already.
 * As bytes, because a text put together piece by piece costs SQLite double.
 */
export function toJson(body: CanonicalText): string {
  if (body === "") return "[]"
  // a line becomes a byte shorter, and one bracket more comes before them all
  const bytes = body.length <= scratch.length ? scratch : Buffer.alloc(body.length)
  let at = 0
  let from = 0
  let code = 0
  bytes[at++] = OPEN
  while (from < body.length) {
    bytes[at++] = OPEN
    bytes[at++] = QUOTE
    // the characters of a time or a number are above those that end it
    for (; (code = body.charCodeAt(from)) > PERCENT; from++) bytes[at++] = code
    bytes[at++] = QUOTE
    bytes[at++] = COMMA
    for (from += SEPARATOR; (code = body.charCodeAt(from)) > PERCENT; from++) bytes[at++] = code
    bytes[at++] = COMMA
    for (from += SEPARATOR; (code = body.charCodeAt(from)) > PERCENT; from++) bytes[at++] = code
    bytes[at++] = CLOSE
    bytes[at++] = COMMA
    from += LINE_END
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
