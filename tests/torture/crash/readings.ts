// Surveys that can be told apart: readings from a seed, as text, and merged by time, the newer value on top.
import type { Random } from "../../../src/clock"

/** Local time "08:00", °C, %: as the store's view shows it. */
export type Reading = readonly [time: string, temperature: number, humidity: number]

const MINUTES_A_DAY = 1440

/** A reading every so many minutes, each with values of its own. */
export function makeReadings(random: Random, everyMinutes: number, untilMinute = MINUTES_A_DAY): Reading[] {
  const readings: Reading[] = []
  for (let minute = 0; minute < untilMinute; minute += everyMinutes) {
    const time = new Date(minute * 60_000).toISOString().slice(11, 16)
    readings.push([time, Math.floor(random() * 400) / 10, Math.floor(random() * 1000) / 10])
  }
  return readings
}

/** Survey text, a line each. */
export function textOf(readings: readonly Reading[]): string {
  return readings.map(([time, temperature, humidity]) => `${time} - ${temperature} - ${humidity}%\n`).join("")
}

/** All of them by time; at the same time the later survey's reading. */
export function merge(surveys: readonly (readonly Reading[])[]): Reading[] {
  const byTime = new Map(surveys.flat().map((reading) => [reading[0], reading]))
  return [...byTime.values()].sort(([a], [b]) => (a < b ? -1 : 1))
}
