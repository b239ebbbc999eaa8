// When a run was due that did not take place: by the schedule, or of another site, whose schedule is not known here, by its rhythm.
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

const FEWEST_GAPS = 2
const CLOCK_CHANGE_MS = 3_600_000

/**
 * The same of a site whose gateway goes by another topology: it comes again at the latest when its longest pause of late is
 * over once more. Undefined, too, before it has shown a rhythm.
 * @param runs the last ones, ms since the epoch, rising
 */
export function dueByRhythm(runs: readonly number[], graceMs: number, now: number): number | undefined {
  const gaps = runs.slice(1).map((at, index) => at - (runs[index] ?? at))
  const last = runs.at(-1)
  if (last === undefined || gaps.length < FEWEST_GAPS || !(last <= now)) return undefined
  const due = last + Math.max(...gaps)
  return due + CLOCK_CHANGE_MS + 2 * LATE_START_MS + graceMs < now ? due : undefined
}
