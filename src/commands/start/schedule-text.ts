// What the schedule has to tell in words: runs that were missed, and clocks that were wrong.
import { count, formatWhen } from "../../format"
import { retentionDays } from "../../gateway/ledger/retention"
import { Timetable } from "../../schedule/timetable"
import { addDays, type Day, dayBefore, dayOf, describeDay, shortDays } from "../../survey/calendar"
import type { Topology } from "../../topology/topology"

export interface MissedRuns {
  /** The last run before them, ms since the epoch. */
  readonly last: number
  /** Those that are made up for, oldest first, and the one that is done now. */
  readonly missed: readonly number[]
  readonly scheduledAt: number
  readonly now: number
}

/** "Missed 13 runs since Sunday 8 November 06:00 Europe/Rome: …"; undefined when none were. */
export function missedText({ missed, now }: MissedRuns, { timeZone }: Topology): string | undefined {
  const [first] = missed
  if (first === undefined) return undefined
  const runs = `${count(missed.length, "run")} since ${formatWhen(first, now, timeZone)}`
  return `Missed ${runs}: days that still have a source are sent now, oldest first`
}

/** Days of missed runs that nobody may send any more; undefined when there are none. */
export function tooOldText({ last, missed, scheduledAt, now }: MissedRuns, topology: Topology): string | undefined {
  const { timeZone, schedule } = topology
  const today = dayOf(now, timeZone)
  const oldest = addDays(today, -retentionDays(topology))
  const [first = scheduledAt] = missed
  const madeUpFor = later(dayBefore(first, timeZone), oldest)
  const days: Day[] = []
  const from = dayBefore(new Timetable(schedule.cron, timeZone).next(last), timeZone)
  for (let day = from; day < madeUpFor; day = addDays(day, 1)) days.push(day)
  if (days.length === 0) return undefined
  return `Never comes: every device, ${shortDays(days, today)}: older than gateway.retention`
}

/** @param days of runs that come again */
export function setBackText(now: number, days: readonly Day[], { timeZone }: Topology): string {
  const again = days.length > 0 ? `. Collected again when it is over: ${shortDays(days, dayOf(now, timeZone))}` : ""
  return `The clock was set back: it is ${inFull(now, timeZone)}${again}`
}

export const wrongClockText = (now: number, { timeZone }: Topology): string =>
  `The clock says ${inFull(now, timeZone)}, which is wrong: nothing is collected until it is set`

export const rightClockText = (now: number, { timeZone }: Topology): string =>
  `The clock is set: it is ${inFull(now, timeZone)}`

/** "Thursday 1 January 1970 01:00 Europe/Rome" */
function inFull(instantMs: number, timeZone: string): string {
  const time = Temporal.Instant.fromEpochMilliseconds(instantMs).toZonedDateTimeISO(timeZone).toPlainTime()
  return `${describeDay(dayOf(instantMs, timeZone))} ${time.toString({ smallestUnit: "minute" })} ${timeZone}`
}

const later = (a: Day, b: Day): Day => (a > b ? a : b)
