// A device's last days as its page shows them: each in numbers, by the hour, and readings enough for a plot.
import type { StoredDay } from "../../cloud/store/pages"
import type { StoreReader } from "../../cloud/store/reader"
import type { StoredReading } from "../../cloud/store/stored"
import { addDays, type Day } from "../../survey/calendar"
import { type DayOffsets, offsetsOn, timestampOf } from "../../survey/offsets"
import { parseTime } from "../../survey/reading"
import { type DayStatistics, statisticsOf } from "../../survey/statistics"
import { type Measured, Samples } from "./samples"

/** One reading, by its instant in RFC 3339 with the offset of its own clock. °C and %. */
export interface Sample extends Measured {
  readonly timestamp: string
}

export interface HistoryDay {
  readonly day: Day
  /** In which it was measured; of a day without readings that of the one before, or of the first. */
  readonly zone: string
  /** What its local times are from UTC. */
  readonly offsets: DayOffsets
  /** Undefined of a day without readings. */
  readonly statistics: DayStatistics | undefined
  /** The mean humidity of each hour of its clock, in %, where there is any. */
  readonly hours: readonly (number | undefined)[]
}

export interface History {
  /** Of the span, rising, with those that have nothing. */
  readonly days: readonly HistoryDay[]
  /** The same, with as many before them as trends look at. */
  readonly looked: readonly HistoryDay[]
  /** Of the span, in their order. */
  readonly samples: readonly Sample[]
  /** How many there are in the span. */
  readonly readings: number
  /** The last reading of the days that were looked at. */
  readonly latest: Sample | undefined
}

export interface DaySpan {
  readonly from: Day
  readonly to: Day
}

export interface Wanted extends DaySpan {
  readonly site: string
  readonly address: number
}

const MOST_SAMPLES = 2000 // twice as many as a wide window has columns
const LOOKED_DAYS = 30 // for trends, at least
const SECONDS_A_DAY = 86_400
const TURN_MS = 25 // at a time, then others have a turn

export async function historyOf(reader: StoreReader, { site, address, from: first, to }: Wanted): Promise<History> {
  const count = daysBetween(first, to) + 1
  const from = addDays(to, 1 - Math.max(count, LOOKED_DAYS))
  const stored = new Map<Day, HistoryDay>()
  const samples = new Samples<Taken>(MOST_SAMPLES)
  let readings = 0
  let latest: Taken | undefined
  let turnEnds = performance.now() + TURN_MS
  for await (const each of reader.surveys({ site, device: address, from, to })) {
    const day = summarise(each)
    stored.set(day.day, day)
    const before = daysBetween(first, day.day)
    for (const reading of each.readings) {
      latest = new Taken(day, reading, readings)
      if (before < 0) continue
      samples.add(latest, (before + parseTime(reading[0]) / SECONDS_A_DAY) / count)
      readings++
    }
    if (performance.now() < turnEnds) continue
    await new Promise(setImmediate)
    turnEnds = performance.now() + TURN_MS
  }
  const looked = [...withEmptyDays(stored, from, to)]
  const kept = samples.kept.sort((a, b) => a.order - b.order).map(sampleOf)
  return { days: looked.slice(-count), looked, samples: kept, readings, latest: latest && sampleOf(latest) }
}

/** Of a device that has never measured anything. */
export const NO_HISTORY: History = { days: [], looked: [], samples: [], readings: 0, latest: undefined }

/**
 * So many days, which end with the last day of the site, of a device that was silent through all of them with that device's
 * own; they begin with the first day of the site at the earliest.
 */
export async function lastDays(
  reader: StoreReader,
  site: string,
  address: number,
  span: number,
): Promise<DaySpan | undefined> {
  const own = await reader.lastDay(site, address)
  const [earliest, last] = [await reader.firstDay(site), await reader.lastDay(site)]
  if (own === undefined || earliest === undefined || last === undefined) return undefined
  const to = own > addDays(last, -span) ? last : own
  const begin = addDays(to, 1 - span)
  return { from: begin > earliest ? begin : earliest, to }
}

function* withEmptyDays(stored: ReadonlyMap<Day, HistoryDay>, from: Day, to: Day): Generator<HistoryDay> {
  let [before] = stored.values()
  for (let day = from; before && day <= to; day = addDays(day, 1)) {
    const { zone } = before
    before = stored.get(day) ?? { day, zone, offsets: offsetsOn(day, zone), statistics: undefined, hours: [] }
    yield before
  }
}

/** A reading on its way to become a sample: of millions few do. */
class Taken implements Measured {
  constructor(
    readonly of: HistoryDay,
    readonly reading: StoredReading,
    /** Among all of the span. */
    readonly order: number,
  ) {}

  get temperature(): number {
    return this.reading[1]
  }

  get humidity(): number {
    return this.reading[2]
  }
}

function sampleOf({ of, reading: [time, temperature, humidity] }: Taken): Sample {
  return { timestamp: timestampOf(of.day, time, of.offsets), temperature, humidity }
}

function summarise({ day, zone, readings }: StoredDay): HistoryDay {
  const sums = new Array<number>(24).fill(0)
  const counts = new Array<number>(24).fill(0)
  for (const [time, , humidity] of readings) {
    const hour = Number(time.slice(0, 2))
    sums[hour] = (sums[hour] ?? 0) + humidity
    counts[hour] = (counts[hour] ?? 0) + 1
  }
  const hours = sums.map((sum, hour) => (counts[hour] ? sum / counts[hour] : undefined))
  return { day, zone, offsets: offsetsOn(day, zone), statistics: statisticsOf(readings), hours }
}

const daysBetween = (from: Day, to: Day): number => (Date.parse(to) - Date.parse(from)) / (SECONDS_A_DAY * 1000)
