// What a zone's clock shows, by Intl.DateTimeFormat and nothing else: the second opinion on src/survey/calendar.ts.

const QUARTER_MS = 900_000 // every zone's clock has changed at a quarter since 1972

/** A moment, the minute of the day that the clock shows then, and how far that is from UTC. */
export interface Quarter {
  readonly at: number
  readonly minute: number
  readonly offsetMinutes: number
}

export interface CalendarDay {
  /** "2026-11-21" */
  readonly day: string
  /** As they pass: what the clock shows twice stands here twice, what it skips does not. */
  readonly quarters: readonly Quarter[]
}

/** A run of a daily schedule, and the day that it collects: the one before. */
export interface Run {
  readonly at: number
  readonly before: string
}

const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000
const MINUTES_A_DAY = 1440
const QUARTER_MINUTES = 15

export class ZoneCalendar {
  readonly days: readonly CalendarDay[]
  readonly #byName = new Map<string, CalendarDay>()
  readonly #runs = new Map<number, readonly Run[]>()

  /** All days of which a part is between the two, ms since the epoch. */
  constructor(timeZone: string, from: number, to: number) {
    const days: { day: string; quarters: Quarter[] }[] = []
    for (const { day, ...quarter } of quartersOf(timeZone, Math.ceil(from / HOUR_MS) * HOUR_MS, to)) {
      const last = days.at(-1)
      if (last?.day === day) last.quarters.push(quarter)
      else days.push({ day, quarters: [quarter] })
    }
    this.days = days.slice(1, -1) // whole ones
    for (const day of this.days) this.#byName.set(day.day, day)
  }

  get(day: string): CalendarDay | undefined {
    return this.#byName.get(day)
  }

  /** The day at a moment. */
  at(instant: number): CalendarDay | undefined {
    return this.days.findLast(({ quarters }) => (quarters[0]?.at ?? 0) <= instant)
  }

  /** Whether the clock changes on this day. */
  static isChanged({ quarters }: CalendarDay): boolean {
    return quarters.some(({ minute }, index) => minute !== index * QUARTER_MINUTES) || quarters.length < 96
  }

  /** Quarters of the day, as minutes, that the clock does not show. */
  static skipped({ quarters }: CalendarDay): number[] {
    const shown = new Set(quarters.map(({ minute }) => minute))
    const all = Array.from({ length: MINUTES_A_DAY / QUARTER_MINUTES }, (_, index) => index * QUARTER_MINUTES)
    return all.filter((minute) => !shown.has(minute))
  }

  /** When each day's clock shows this minute, the first time; what it skips comes with the change. Oldest first. */
  runsOf(minute: number): readonly Run[] {
    const known = this.#runs.get(minute)
    if (known) return known
    const runs = this.days.flatMap((each, index) => {
      const before = this.days[index - 1]?.day
      return before === undefined ? [] : [{ at: momentOf(each, minute), before }]
    })
    this.#runs.set(minute, runs)
    return runs
  }
}

/** Each quarter of an hour, and what the clock shows: asked for every hour, and for the quarters of an odd one. */
function* quartersOf(timeZone: string, from: number, to: number): Generator<Quarter & { readonly day: string }> {
  const format = new Intl.DateTimeFormat("sv-SE", {
    timeZone,
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  })
  const wallOf = (at: number) => Date.parse(`${format.format(at).replace(" ", "T")}Z`)
  let wall = wallOf(from)
  for (let hour = from; hour < to; hour += HOUR_MS) {
    const next = wallOf(hour + HOUR_MS)
    const isOdd = next - wall !== HOUR_MS
    for (let at = hour; at < hour + HOUR_MS; at += QUARTER_MS) {
      const shown = isOdd ? wallOf(at) : wall + at - hour
      const day = new Date(shown).toISOString().slice(0, 10)
      const minute = (shown % (MINUTES_A_DAY * MINUTE_MS)) / MINUTE_MS
      yield { at, day, minute, offsetMinutes: (shown - at) / MINUTE_MS }
    }
    wall = next
  }
}

/** A time in a gap is as much later as the gap is long; where that is another day already, as much earlier. */
function momentOf({ quarters }: CalendarDay, minute: number): number {
  const shown = quarters.find((quarter) => quarter.minute === minute)
  if (shown) return shown.at
  const last = quarters.findLast((quarter) => quarter.minute < minute)
  const first = quarters.find((quarter) => quarter.minute > minute)
  // where the day ends with the gap, that is as long as what is left of the day
  if (!first) return (last?.at ?? 0) + QUARTER_MS + (minute - MINUTES_A_DAY) * MINUTE_MS
  const gapFrom = last ? last.minute + QUARTER_MINUTES : 0
  return first.at + (minute - gapFrom) * MINUTE_MS
}
