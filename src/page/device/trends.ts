// What the last days say: this week over the last one, and how fast the soil dries.
import { addDays, type Day } from "../../survey/calendar"
import { Tally } from "../../survey/statistics"
import type { HistoryDay } from "./history"

/** Means of the days' means: each day counts the same, however often it was measured. */
export interface Week {
  readonly from: Day
  readonly to: Day
  /** Of which there are readings. */
  readonly days: number
  readonly temperature: number
  readonly humidity: number
}

export interface Drying {
  /** The day from which it falls. */
  readonly since: Day
  /** Mean humidity of the last day, %. */
  readonly humidity: number
  /** Percentage points a day, above 0. */
  readonly aDay: number
  /** When it will be so dry, if it goes on like this and that is soon; `days` from the last day on. */
  readonly expected: { readonly humidity: number; readonly days: number } | undefined
}

const WEEK = 7
const CLEAR_RISE = 3 // percentage points from one day to the next: watering or rain, not the weather
const LEAST_DAYS = 3 // a line through two days fits always
const LEAST_FALL = 0.1 // percentage points a day: less may be the sensor
const DRY = 20 // %, below which most plants of a bed want water
const FORESEEN_DAYS = 30

/** The last week and the one before; undefined where one of them has nothing. */
export function weeksOf(looked: readonly HistoryDay[]): readonly [last: Week, before: Week] | undefined {
  const to = looked.at(-1)?.day
  if (to === undefined) return undefined
  const last = weekOf(looked, to)
  const before = weekOf(looked, addDays(to, -WEEK))
  return last && before && [last, before]
}

function weekOf(looked: readonly HistoryDay[], to: Day): Week | undefined {
  const from = addDays(to, 1 - WEEK)
  const [temperature, humidity] = [new Tally(), new Tally()]
  let days = 0
  for (const { day, statistics } of looked) {
    if (!statistics || day < from || day > to) continue
    temperature.add(statistics.temperature.mean)
    humidity.add(statistics.humidity.mean)
    days++
  }
  return days === 0
    ? undefined
    : { from, to, days, temperature: temperature.result.mean, humidity: humidity.result.mean }
}

/** A straight line through the days' means since the last clear rise; undefined where that does not fall. */
export function dryingOf(looked: readonly HistoryDay[]): Drying | undefined {
  const means = looked.flatMap(({ day, statistics }, at) =>
    statistics ? [{ day, at, humidity: statistics.humidity.mean }] : [],
  )
  const rise = means.findLastIndex(({ humidity }, at) => humidity - (means[at - 1]?.humidity ?? humidity) >= CLEAR_RISE)
  const behind = means.slice(Math.max(0, rise))
  // the day of the rise itself was dry until the water came
  const wettest = behind.reduce((most, { humidity }, at) => (humidity > (behind[most]?.humidity ?? 0) ? at : most), 0)
  const falling = behind.slice(wettest)
  const [first, last] = [falling[0], falling.at(-1)]
  if (!first || !last || falling.length < LEAST_DAYS) return undefined
  const aDay = -slopeOf(falling)
  if (!(aDay >= LEAST_FALL)) return undefined
  const days = Math.ceil((last.humidity - DRY) / aDay)
  const expected = days > 0 && days <= FORESEEN_DAYS ? { humidity: DRY, days } : undefined
  return { since: first.day, humidity: last.humidity, aDay, expected }
}

/** By least squares. */
function slopeOf(points: readonly { readonly at: number; readonly humidity: number }[]): number {
  const middle = points.reduce((sum, { at }) => sum + at, 0) / points.length
  const mean = points.reduce((sum, { humidity }) => sum + humidity, 0) / points.length
  const covariance = points.reduce((sum, { at, humidity }) => sum + (at - middle) * (humidity - mean), 0)
  return covariance / points.reduce((sum, { at }) => sum + (at - middle) ** 2, 0)
}
