// What the plot draws, as JSON: samples by their instants, and where its days begin.
import { addDays } from "../../survey/calendar"
import { offsetsOn, timestampOf } from "../../survey/offsets"
import { formatTime } from "../../survey/reading"
import type { History, HistoryDay } from "./history"
import { type Threshold, thresholdText } from "./watched"

/** Instants in RFC 3339, whose offsets are those of the device's own clock: their text says what it shows. */
export interface Series {
  /** Readings of the span; more than there are instants where they are too many to be seen. */
  readonly readings: number
  /** The beginning of each day and the end of the last one; of a single day each hour's. */
  readonly ticks: readonly string[]
  readonly at: readonly string[]
  /** Null at the noon of a day without readings, so that nothing bridges it. */
  readonly temperature: readonly (number | null)[]
  readonly humidity: readonly (number | null)[]
  /** What the device is watched for, each a line across. */
  readonly thresholds: readonly (Threshold & { readonly text: string })[]
}

export function seriesOf({ days, samples, readings }: History, thresholds: readonly Threshold[] = []): Series {
  const nothing = days.filter(({ statistics }) => !statistics)
  const gaps = nothing.map(({ day, offsets }) => ({
    timestamp: timestampOf(day, "12:00", offsets),
    temperature: null,
    humidity: null,
  }))
  // a site that has moved to another zone may have lived some hours twice
  const points = [...samples, ...gaps].sort((a, b) => instantOf(a.timestamp) - instantOf(b.timestamp))
  return {
    readings,
    ticks: ticksOf(days),
    at: points.map(({ timestamp }) => timestamp),
    temperature: points.map(({ temperature }) => temperature),
    humidity: points.map(({ humidity }) => humidity),
    thresholds: thresholds.map((threshold) => ({ ...threshold, text: thresholdText(threshold) })),
  }
}

function ticksOf(days: readonly HistoryDay[]): string[] {
  const last = days.at(-1)
  if (!last) return []
  const next = addDays(last.day, 1)
  const end = timestampOf(next, "00:00", offsetsOn(next, last.zone))
  const begun = days.length === 1 ? HOURS : HOURS.slice(0, 1)
  const ticks = [...days.flatMap(({ day, offsets }) => begun.map((hour) => timestampOf(day, hour, offsets))), end]
  // an hour that the clock skips is of the same instant as the next one
  return ticks.filter((tick, at) => instantOf(tick) < instantOf(ticks[at + 1] ?? "9999-12-31"))
}

const HOURS = Array.from({ length: 24 }, (_, hour) => formatTime(hour * 3600))
const instantOf = Date.parse
