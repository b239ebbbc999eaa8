// Whether a file can hold a day's readings at all: one that was last written before they were taken cannot.
import { type Day, dayOf, shortDay } from "../../survey/calendar"
import type { Reading } from "../../survey/reading"

export interface WrittenFile {
  /** As people know it. */
  readonly path: string
  /** Milliseconds since the epoch. */
  readonly writtenAtMs: number
}

const CLOCKS_DIFFER_MS = 10 * 60_000 // the sensor's, which measured, and that of the file

/**
 * `surveys/device1.txt was last written on 22 November`; undefined for a file that may hold the day's readings.
 * @param last the day's last reading by instant; undefined without any
 */
export function whyStale(
  { path, writtenAtMs }: WrittenFile,
  day: Day,
  last: Pick<Reading, "seconds" | "offset"> | undefined,
  timeZone: string,
): string | undefined {
  const earliestMs = last ? instantOf(day, last, timeZone) - CLOCKS_DIFFER_MS : startOf(day, timeZone)
  if (writtenAtMs >= earliestMs) return undefined
  return `${path} was last written on ${shortDay(dayOf(writtenAtMs, timeZone), day)}`
}

const startOf = (day: Day, timeZone: string): number =>
  Temporal.PlainDate.from(day).toZonedDateTime(timeZone).epochMilliseconds

function instantOf(day: Day, { seconds, offset }: Pick<Reading, "seconds" | "offset">, timeZone: string) {
  const time = Temporal.PlainDate.from(day).toPlainDateTime().add({ seconds })
  // an hour that comes twice; no reading is of one that the clock skips
  return time.toZonedDateTime(timeZone, { disambiguation: offset !== undefined ? "later" : "earlier" })
    .epochMilliseconds
}
