// A reading as the store keeps it, and a survey's readings as JSON, both ways.
import { formatTime, parseOffset, parseTime, type Reading } from "../../survey/reading"
import { PERCENT } from "../../survey/scan"
import type { CanonicalText } from "../../survey/survey"

/** Local time "08:00", in the second pass of what the clock shows twice "02:15+01:00"; °C; %. */
export type StoredReading = readonly [time: string, temperature: number, humidity: number]

const scratch = Buffer.alloc(64 * 1024) // of the surveys that fit, which are nearly all
const [COMMA, QUOTE, OPEN, CLOSE] = [44, 34, 91, 93] as const
const SEPARATOR = 3 // " - "
const LINE_END = 2 // "%\n"
const WITHOUT_OFFSET = "08:00:30".length // at most

export const toStored = ({ seconds, offset, temperature, humidity }: Reading): StoredReading => [
  formatTime(seconds, offset),
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

/** When it was taken: behind the time of a second pass stands its offset. */
export function readStored([time]: StoredReading): Pick<Reading, "seconds" | "offset"> {
  const offset = time.length > WITHOUT_OFFSET ? parseOffset(time) : undefined
  return { seconds: parseTime(time), ...(offset !== undefined && { offset }) }
}
