// What happens to a site within a year: power cuts, clocks that are wrong, and people who change the topology meanwhile.
import type { Chance } from "../network/chance"
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../network/chance"
import { ZoneCalendar } from "./zone-calendar"

/** `outages`: the clock is right; `clocks`: it is not; `moves`: the zone and the schedule change while all is off. */
export const KINDS = ["outages", "clocks", "moves"] as const
export type Kind = (typeof KINDS)[number]

export type Action =
  | { readonly do: "power off" }
  | {
      readonly do: "power on"
      /** The clock has lost its time: it starts in 1970. */
      readonly clockLost?: boolean
      readonly timeZone?: string
      /** Minute of the day. */
      readonly runAt?: number
    }
  | { readonly do: "cloud off" }
  | { readonly do: "cloud on" }
  /** The clock is ahead by so much from now on; 0: it is right. */
  | { readonly do: "set clock"; readonly aheadMs: number }

export interface Step {
  readonly at: number
  readonly action: Action
}

export interface PlanOptions {
  readonly chance: Chance
  readonly kind: Kind
  readonly calendar: ZoneCalendar
  /** The first instant of the schedule, and the end of what happens. */
  readonly from: number
  readonly to: number
  /** Minute of the day of the runs at first. */
  readonly runAt: number
  readonly otherZones: readonly string[]
}

const OUTAGES_MS = [HOUR_MS, 9 * HOUR_MS, 20 * HOUR_MS, 26 * HOUR_MS, 50 * HOUR_MS, 3 * DAY_MS, 7 * DAY_MS, 20 * DAY_MS]
const AHEAD_MS = [
  DAY_MS,
  -DAY_MS,
  365 * DAY_MS,
  2000,
  -2000,
  40 * MINUTE_MS,
  -40 * MINUTE_MS,
  -10 * DAY_MS,
  400 * DAY_MS,
]
const CALM_MS = 3 * DAY_MS // between one trouble and the next
const SETTLED_MS = 2 * HOUR_MS // behind a run all of it is done

/** Steps, rising. */
export function planOf(options: PlanOptions): Step[] {
  const steps = { outages, clocks, moves }[options.kind](options)
  return steps.filter(({ at }) => at < options.to).sort((a, b) => a.at - b.at)
}

function outages({ chance, calendar, from, to, runAt }: PlanOptions): Step[] {
  const instants = calendar.runsOf(runAt).map(({ at }) => at)
  const steps: Step[] = []
  for (const [begin, lengthMs] of troubles(chance, from, to, OUTAGES_MS)) {
    steps.push(...powerCut(awayFromRuns(begin, instants), awayFromRuns(begin + lengthMs + HOUR_MS, instants)))
  }
  // in the middle of a run
  for (const instant of instants) {
    if (instant < from || !chance.is(0.04)) continue
    const begin = instant + chance.between(0, 100)
    steps.push(...powerCut(begin, begin + chance.between(1, 30) * MINUTE_MS))
  }
  for (const begin of chance.times(from, to, 60 * DAY_MS)) {
    steps.push(...cloudOutage(begin, begin + chance.between(1, 100) * HOUR_MS))
  }
  return untangled(steps)
}

function clocks({ chance, from, to, runAt }: PlanOptions): Step[] {
  return troubles(chance, from, to, [...AHEAD_MS, ...AHEAD_MS, 0, 0, 0, 0]).flatMap(([begin, aheadMs]): Step[] => {
    // so far ahead, devices look every minute for days that are yet to come
    const end = begin + chance.between(0.2, aheadMs > 30 * DAY_MS ? 2 : 60) * HOUR_MS
    const right = { at: end, action: { do: "set clock", aheadMs: 0 } } as const
    if (aheadMs !== 0)
      return [{ at: begin, action: { do: "set clock", aheadMs } }, right, ...restart(chance, begin, end)]
    const on = begin + chance.between(0.1, 60) * HOUR_MS
    const newRunAt = chance.is(0.5) ? runAtOf(chance) : runAt
    return [
      ...powerCut(begin, on, { clockLost: true, runAt: newRunAt }),
      { at: on + chance.between(0.1, 20) * HOUR_MS, action: right.action },
    ]
  })
}

/** The process may start anew while the clock is wrong. */
function restart(chance: Chance, from: number, to: number): Step[] {
  if (!chance.is(0.4)) return []
  const at = chance.between(from, to)
  return powerCut(at, at + MINUTE_MS)
}

/** One of the moves with surveys of a day of a clock change that the cloud did not get yet. */
function moves({ chance, calendar, from, to, runAt, otherZones }: PlanOptions): Step[] {
  const move = (at: number) => ({ at, timeZone: chance.pick("UTC", ...otherZones), runAt: runAtOf(chance) })
  const change = calendar.days.find((day) => ZoneCalendar.isChanged(day) && (day.quarters[0]?.at ?? 0) > from + CALM_MS)
  const run = calendar.runsOf(runAt).find(({ before }) => before === change?.day)
  const steps: Step[] = []
  let next = from + 30 * DAY_MS
  if (run && run.at < to - 30 * DAY_MS) {
    const off = run.at + SETTLED_MS
    steps.push(...cloudOutage(run.at - DAY_MS, run.at + 4 * DAY_MS))
    const { at, ...changed } = move(off + chance.between(1, 60) * HOUR_MS)
    steps.push(...powerCut(off, at, changed))
    next = run.at + 20 * DAY_MS
  }
  for (; next < to - 30 * DAY_MS; next += chance.between(40, 90) * DAY_MS) {
    const { at, ...changed } = move(next + chance.between(1, 150) * HOUR_MS)
    steps.push(...powerCut(next, at, changed))
  }
  return steps
}

const runAtOf = (chance: Chance): number => chance.pick(0, 30, 135, 150, 360, 720, 1395, 1410)

const powerCut = (off: number, on: number, changed: Omit<Extract<Action, { do: "power on" }>, "do"> = {}): Step[] => [
  { at: off, action: { do: "power off" } },
  { at: on, action: { do: "power on", ...changed } },
]

const cloudOutage = (off: number, on: number): Step[] => [
  { at: off, action: { do: "cloud off" } },
  { at: on, action: { do: "cloud on" } },
]

/** Each of these once, in any order, spread over the time. */
function troubles(chance: Chance, from: number, to: number, each: readonly number[]): (readonly [number, number])[] {
  const order = each.map((what) => ({ what, place: chance.between(0, 1) })).sort((a, b) => a.place - b.place)
  const lengthMs = (what: number) => (what > 0 && what < 30 * DAY_MS ? what : 3 * DAY_MS)
  const roomMs = to - from - order.reduce((sum, { what }) => sum + lengthMs(what) + CALM_MS, 0)
  const gapMs = Math.max(0, roomMs / (order.length + 1))
  let at = from + gapMs
  return order.map(({ what }) => {
    const begin = at + chance.between(0, gapMs)
    at += lengthMs(what) + CALM_MS + gapMs
    return [begin, what] as const
  })
}

/** Not so near to a run that nobody could say whether it should have taken place. */
function awayFromRuns(at: number, instants: readonly number[]): number {
  const near = instants.find((instant) => Math.abs(instant - at) < SETTLED_MS)
  return near === undefined ? at : near + SETTLED_MS
}

/** A power cut within another one is left out. */
function untangled(steps: readonly Step[]): Step[] {
  const cuts: [Step, Step][] = []
  const others = steps.filter(({ action }) => !action.do.startsWith("power"))
  const power = steps.filter(({ action }) => action.do.startsWith("power"))
  for (let index = 0; index + 1 < power.length; index += 2) {
    const [off, on] = [power[index], power[index + 1]]
    if (off && on && cuts.every(([from, to]) => on.at + HOUR_MS < from.at || off.at > to.at + HOUR_MS))
      cuts.push([off, on])
  }
  return [...cuts.flat(), ...others]
}
