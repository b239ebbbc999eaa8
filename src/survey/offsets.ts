/** What a zone's clock is from UTC on a day, and so the instants of that day's local times, as RFC 3339 writes them. */
import { clockChange, type Day } from "./calendar"
import { formatTime, type Reading } from "./reading"

/** Written "+01:00". Since 2000 no zone has changed its clock twice a day, nor by seconds. */
export interface DayOffsets {
  /** As the day begins, and in the first pass of what the clock shows twice. */
  readonly offset: string
  /** The local time behind what the clock skips or shows twice, "03:00"; null on a day without such. */
  readonly changesAt: string | null
  /** From that time on. */
  readonly offsetAfter: string | null
}

// as in calendar.ts: what a pure function found before
let latest: { readonly day: Day; readonly timeZone: string; readonly offsets: DayOffsets } | undefined

/** Throws a RangeError for an unknown zone. */
export function offsetsOn(day: Day, timeZone: string): DayOffsets {
  if (latest?.day === day && latest.timeZone === timeZone) return latest.offsets
  const { skipped, repeated } = clockChange(day, timeZone)
  const changesAt = formatTime(skipped?.to ?? repeated?.to ?? 0)
  const changes = changesAt !== "00:00" && changesAt !== "24:00"
  const offsets = {
    offset: offsetAt(day, "00:00", timeZone),
    changesAt: changes ? changesAt : null,
    offsetAfter: changes ? offsetAt(day, changesAt, timeZone) : null,
  }
  latest = { day, timeZone, offsets }
  return offsets
}

const MINUTE = "02:15"

/** "2026-10-25T02:15:00+02:00", of a time as the store keeps it: "02:15", or "02:15+01:00" in a second pass. */
export function timestampOf(day: Day, time: string, { offset, changesAt, offsetAfter }: DayOffsets): string {
  const held = changesAt !== null && offsetAfter !== null && time >= changesAt ? offsetAfter : offset
  if (time.length === MINUTE.length) return `${day}T${time}:00${held}` // nearly all
  const [, minute = "", seconds = ":00", own] = /^(\d\d:\d\d)(:\d\d)?(.+)?$/.exec(time) ?? []
  return `${day}T${minute}${seconds}${own ?? held}`
}

/** When a reading was taken, ms since 1970; no reading is of what the clock skips. */
export function instantOf(
  day: Day,
  { seconds, offset }: Pick<Reading, "seconds" | "offset">,
  timeZone: string,
): number {
  const time = Temporal.PlainDate.from(day).toPlainDateTime().add({ seconds })
  return time.toZonedDateTime(timeZone, { disambiguation: offset === undefined ? "earlier" : "later" })
    .epochMilliseconds
}

/** What the clock skips counts as before the change. */
const offsetAt = (day: Day, time: string, timeZone: string): string =>
  Temporal.PlainDateTime.from(`${day}T${time}`).toZonedDateTime(timeZone, { disambiguation: "earlier" }).offset
