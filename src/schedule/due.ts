// Which run is due, by the schedule, the ledger and the clock.
import { type Day, dayBefore } from "../survey/calendar"
import type { Timetable } from "./timetable"

/** What the ledger says of the schedule. */
export interface LastRun {
  /** The latest instant of the schedule that was run or recorded as missed, ms since the epoch. */
  readonly scheduledAt: number
  /** Whether that run was finished. */
  readonly closed: boolean
  /** The latest day that was collected. */
  readonly upTo: Day
}

/** A run to be done now, and those before it that did not take place, oldest first; ms since the epoch. */
export interface Run {
  readonly scheduledAt: number
  readonly missed: readonly number[]
}

export interface Seen {
  readonly now: number
  readonly last: LastRun | undefined
  /** The earliest run that is to come again, as the clock was set back behind it, ms since the epoch. */
  readonly firstDoubtful?: number | undefined
  /** What a process without a ledger has seen of the schedule. */
  readonly seenUpTo: number
}

const ZONES_APART_MS = 26 * 3_600_000 // from UTC−12 to UTC+14

/** Undefined when none is due. */
export function runDue(
  timetable: Timetable,
  { timeZone, catchUpMs }: { readonly timeZone: string; readonly catchUpMs: number },
  { now, last, firstDoubtful = Number.POSITIVE_INFINITY, seenUpTo }: Seen,
): Run | undefined {
  const earliest = now - catchUpMs
  if (!last) {
    const due = timetable.due(Math.max(Math.min(seenUpTo, firstDoubtful - 1), earliest), now)
    const scheduledAt = due.pop()
    // nobody owes days from before the first run
    return scheduledAt === undefined ? undefined : { scheduledAt, missed: due.filter((at) => at >= firstDoubtful) }
  }
  // in another time zone than before, an instant may stand for a later day: those between are due as well
  const isMoved = dayBefore(last.scheduledAt, timeZone) > last.upTo
  const since = isMoved ? last.scheduledAt - ZONES_APART_MS : last.scheduledAt
  const isNew = (at: number) => at > last.scheduledAt || dayBefore(at, timeZone) > last.upTo
  const missed = timetable.due(Math.max(since, earliest), now).filter(isNew)
  const scheduledAt = missed.pop()
  if (scheduledAt !== undefined) return { scheduledAt, missed }
  return last.closed ? undefined : { scheduledAt: last.scheduledAt, missed: [] }
}
