/** Calendar days (ISO 8601, Gregorian, years 0000 to 9999), and what a time zone's clock does on one of them. */

/** A calendar day as YYYY-MM-DD. Days order as text. */
export type Day = `${number}-${number}-${number}`

/** Local seconds of the day, half-open: `from` belongs to it, `to` does not. */
export interface Span {
  readonly from: number
  readonly to: number
}

/** What a clock that goes back shows twice. */
export interface RepeatedSpan extends Span {
  /** From UTC, ±HH:MM (with :SS where a zone had seconds): before the clock goes back, and after. */
  readonly offsets: readonly [first: string, second: string]
}

/** What the clock leaves out (`skipped`) and what it shows twice (`repeated`) on one day. */
export interface ClockChange {
  readonly skipped?: Span
  readonly repeated?: RepeatedSpan
}

const SECONDS_A_DAY = 86_400
const MONTHS = "January February March April May June July August September October November December".split(" ")
const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
const WEEKDAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split(" ")

// What stands outside of functions in this file is what pure ones found before: it spares its finding, tells nobody
// anything else, and so has no owner.
let latestDay: Day | undefined

/** The day that `text` writes as YYYY-MM-DD; undefined when it is written otherwise or is no real date. */
export function parseDay(text: string): Day | undefined {
  // a fleet names one day a million times: one and the same text of it costs no look-up its hash
  if (text === latestDay) return latestDay
  const day = readDay(text)
  if (day !== undefined) latestDay = day
  return day
}

function readDay(text: string): Day | undefined {
  if (text.length !== 10 || !/^\d{4}-\d\d-\d\d$/.test(text)) return undefined
  const year = Number(text.slice(0, 4))
  const month = Number(text.slice(5, 7))
  const date = Number(text.slice(8))
  const leapDay = month === 2 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 1 : 0
  const last = (MONTH_DAYS[month - 1] ?? 0) + leapDay
  return date >= 1 && date <= last ? (text as Day) : undefined
}

/** The day `days` later (earlier when negative). Throws a RangeError outside the years 0000 to 9999. */
export function addDays(day: Day, days: number): Day {
  return toDay(Temporal.PlainDate.from(day).add({ days }))
}

/** The calendar day of an instant (ms since 1970) in an IANA time zone. Throws a RangeError for an unknown zone. */
export function dayOf(instantMs: number, timeZone: string): Day {
  return toDay(local(instantMs, timeZone).toPlainDate())
}

/** The last day that had ended when the day of an instant began: the day before, unless the zone skipped that one. */
export function dayBefore(instantMs: number, timeZone: string): Day {
  return toDay(local(instantMs, timeZone).startOfDay().subtract({ nanoseconds: 1 }).toPlainDate())
}

const changes = new Map<string, ClockChange>()
const REMEMBERED_CHANGES = 128
let latestChange: { readonly day: Day; readonly timeZone: string; readonly change: ClockChange } | undefined

/** What the zone's clock skips and repeats on `day`: nothing, on most. Throws a RangeError for an unknown zone. */
export function clockChange(day: Day, timeZone: string): ClockChange {
  if (latestChange?.day === day && latestChange.timeZone === timeZone) return latestChange.change
  const key = `${day} ${timeZone}`
  let change = changes.get(key)
  if (change === undefined) {
    change = findChange(day, timeZone)
    if (changes.size === REMEMBERED_CHANGES) changes.clear()
    changes.set(key, change)
  }
  latestChange = { day, timeZone, change }
  return change
}

/** The same of a zone that another runtime may have known: nothing, where this one does not. */
export function clockChangeIfKnown(day: Day, timeZone: string): ClockChange {
  try {
    return clockChange(day, timeZone)
  } catch (error) {
    if (error instanceof RangeError) return {}
    throw error
  }
}

/** "Saturday 21 November 2026" */
export function describeDay(day: Day): string {
  const { dayOfWeek, day: date, month, year } = Temporal.PlainDate.from(day)
  return `${WEEKDAYS[dayOfWeek - 1]} ${date} ${MONTHS[month - 1]} ${year}`
}

/** "12 March"; with its year when that is not the year of `today`. */
export function shortDay(day: Day, today: Day = day): string {
  const { day: date, month, year } = Temporal.PlainDate.from(day)
  const text = `${date} ${MONTHS[month - 1]}`
  return day.slice(0, 4) === today.slice(0, 4) ? text : `${text} ${year}`
}

const SPANS_NAMED = 10

/** "2 November to 21 November, 23 November": rising days, spans of them together, the last ten. */
export function shortDays(days: readonly Day[], today?: Day): string {
  const spans: { from: Day; to: Day }[] = []
  for (const day of days) {
    const last = spans.at(-1)
    if (last && addDays(last.to, 1) === day) last.to = day
    else spans.push({ from: day, to: day })
  }
  const named = spans.slice(-SPANS_NAMED).map(({ from, to }) => {
    if (from === to) return shortDay(from, today)
    return `${shortDay(from, today)} to ${shortDay(to, today)}`
  })
  return `${spans.length > SPANS_NAMED ? "…, " : ""}${named.join(", ")}`
}

/** Whether this is the name of a time zone that is known here. */
export function isTimeZone(name: string): boolean {
  try {
    Temporal.Now.zonedDateTimeISO(name)
    return true
  } catch (error) {
    if (error instanceof RangeError) return false
    throw error
  }
}

function findChange(day: Day, timeZone: string): ClockChange {
  const midnightMs = Temporal.PlainDate.from(day).toZonedDateTime("UTC").epochMilliseconds
  const windowMs = 2 * SECONDS_A_DAY * 1000 // no zone is more than 26 hours from UTC, not even before 1900
  const change: { skipped?: Span; repeated?: RepeatedSpan } = {}
  let at: Temporal.ZonedDateTime | null = local(midnightMs - windowMs, timeZone)
  while ((at = at.getTimeZoneTransition("next")) && at.epochMilliseconds < midnightMs + windowMs) {
    const utc = (at.epochMilliseconds - midnightMs) / 1000
    const last = at.subtract({ nanoseconds: 1 })
    const before = utc + last.offsetNanoseconds / 1e9
    const after = utc + at.offsetNanoseconds / 1e9
    const from = Math.max(0, Math.min(before, after))
    const to = Math.min(SECONDS_A_DAY, Math.max(before, after))
    if (from >= to) continue
    if (before < after) change.skipped = { from, to }
    else change.repeated = { from, to, offsets: [last.offset, at.offset] }
  }
  return change
}

function local(instantMs: number, timeZone: string): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(Math.floor(instantMs)).toZonedDateTimeISO(timeZone)
}

function toDay(date: Temporal.PlainDate): Day {
  if (date.year < 0 || date.year > 9999) throw new RangeError(`A day must be in the years 0000 to 9999: it is ${date}`)
  return date.toString() as Day
}
