// When a run was due that did not take place.
import { Timetable } from "../schedule/timetable"
import type { Topology } from "../topology/topology"

const LATE_START_MS = 2 * 60_000 // the schedule looks once a minute

/**
 * The first run that was due since the one of `lastAt`, ms since the epoch; undefined where none is overdue.
 * @param isGateway whether this host hears of a run when it begins; the cloud does when it is over
 */
export function dueRun(
  lastAt: number,
  { timeZone, schedule }: Pick<Topology, "timeZone" | "schedule">,
  now: number,
  isGateway: boolean,
): number | undefined {
  // no run is due behind one that a clock far ahead has named
  if (!(lastAt <= now)) return undefined
  const due = new Timetable(schedule.cron, timeZone).next(lastAt)
  const patienceMs = isGateway ? LATE_START_MS : 2 * LATE_START_MS + schedule.grace.total("milliseconds")
  return due + patienceMs < now ? due : undefined
}
