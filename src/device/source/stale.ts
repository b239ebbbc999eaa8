// Whether a file can hold a day's readings at all: one that was last written before they were taken cannot.
import { type Day, dayOf, shortDay } from "../../survey/calendar"
import { instantOf } from "../../survey/offsets"
import type { Reading } from "../../survey/reading"
import { hasHistory, type Source } from "../../topology/devices"
import type { Topology } from "../../topology/topology"

const CLOCKS_DIFFER_MS = 10 * 60_000 // the sensor's, which measured, and that of the file

/**
 * `surveys/device1.txt was last written on 22 November`; undefined for a survey that may hold the day's readings: a file
 * with {day} in its name, one with a format and a script say by themselves what day they tell of, and samples never change.
 * @param writtenAtMs since the epoch; undefined where nothing tells
 * @param last the day's last reading by instant; undefined without any
 */
export function whyStale(
  { sample, timeZone }: Pick<Topology, "sample" | "timeZone">,
  source: Source,
  writtenAtMs: number | undefined,
  day: Day,
  last: Reading | undefined,
): string | undefined {
  if (writtenAtMs === undefined || sample || hasHistory(source)) return undefined
  const earliestMs = last ? instantOf(day, last, timeZone) - CLOCKS_DIFFER_MS : startOf(day, timeZone)
  if (writtenAtMs >= earliestMs) return undefined
  return `${source.survey} was last written on ${shortDay(dayOf(writtenAtMs, timeZone), day)}`
}

const startOf = (day: Day, timeZone: string): number =>
  Temporal.PlainDate.from(day).toZonedDateTime(timeZone).epochMilliseconds
