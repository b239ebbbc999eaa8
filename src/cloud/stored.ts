// A reading as the store keeps it, and a survey's readings as JSON, both ways.
import type { ClockChange } from "../survey/calendar"
import { formatTime, parseTime, type Reading } from "../survey/reading"
import { PERCENT, SPACE } from "../survey/scan"
import type { CanonicalText } from "../survey/survey"

/** Local time "08:00", °C, %. */
export type StoredReading = readonly [time: string, temperature: number, humidity: number]

const scratch = Buffer.alloc(64 * 1024) // of the surveys that fit, which are nearly all
const [COMMA, QUOTE, OPEN, CLOSE] = [44, 34, 91, 93] as const
const MORE_BYTES = 4 // in all: a line becomes a byte shorter

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
  const needed = body.length + MORE_BYTES
  const bytes = needed <= scratch.length ? scratch : Buffer.alloc(needed)
  let at = bytes.write('[["', "latin1")
  let isTime = true
  for (let from = 0; from < body.length; from++) {
    const code = body.charCodeAt(from)
    if (code > PERCENT)
      bytes[at++] = code // of a time or a number
    else if (code === SPACE) {
      if (isTime) bytes[at++] = QUOTE
      isTime = false
      bytes[at++] = COMMA
      from += 2 // "- "
    } else if (code === PERCENT) {
      bytes[at++] = CLOSE
      bytes[at++] = COMMA
      bytes[at++] = OPEN
      bytes[at++] = QUOTE
      isTime = true
      from++ // the line's end
    }
  }
  at -= 3 // no line follows the last
  bytes[at++] = CLOSE
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
