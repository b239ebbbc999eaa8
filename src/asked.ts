// What somebody asks for, on the command line and over HTTP: which days; and the line that says why it cannot be had.
import { addDays, type Day, parseDay } from "./survey/calendar"

const DAYS_A_WEEK = 7

/** On the command line exit 2, over HTTP 400. */
export class UsageError extends Error {
  override name = "UsageError"
}

/** It names a site or a device that is not there: over HTTP 404. */
export class UnknownNameError extends UsageError {
  override name = "UnknownNameError"
}

/** What stands before a parameter's name: nothing in a URL. */
export type Mark = "--" | ""

/** Days as they were written. */
export interface AskedDays {
  readonly day?: string | undefined
  readonly from?: string | undefined
  readonly to?: string | undefined
  /** The days before today: 7d, or 2w. */
  readonly last?: string | undefined
}

/**
 * Both ends of a range of days, of a single day the same. Throws UsageError when one is no day, they are the wrong way round,
 * or one parameter says what another one says too.
 * @param today in the topology's time zone
 */
export function readDayRange(
  { day, from, to, last }: AskedDays,
  today: Day,
  mark: Mark = "--",
): { from: Day | undefined; to: Day | undefined } {
  const isRange = from !== undefined || to !== undefined
  if (last !== undefined) {
    if (day !== undefined || isRange) {
      throw new UsageError(`${mark}last says which days: leave out ${mark}day, ${mark}from and ${mark}to`)
    }
    return { from: addDays(today, -readSpan(last, mark)), to: addDays(today, -1) }
  }
  if (day !== undefined && isRange) throw new UsageError(`${mark}day is one day: leave out ${mark}from and ${mark}to`)
  const [first, latest] = [readDay(day ?? from), readDay(day ?? to)]
  if (first && latest && latest < first) {
    throw new UsageError(`${mark}to is before ${mark}from: ${latest} is before ${first}`)
  }
  return { from: first, to: latest }
}

/** "2w" → 14 days. */
function readSpan(text: string, mark: Mark): number {
  const [, number, unit] = /^([1-9]\d{0,3})([dw])$/.exec(text) ?? []
  if (number === undefined) throw new UsageError(`${mark}last is whole days or weeks, as 7d or 2w: it is ${text}`)
  return Number(number) * (unit === "w" ? DAYS_A_WEEK : 1)
}

/** Throws UsageError when it is none. */
export function readDay(text: string | undefined): Day | undefined {
  if (text === undefined) return undefined
  const day = parseDay(text)
  if (day) return day
  const isWritten = /^\d{4}-\d\d-\d\d$/.test(text)
  throw new UsageError(isWritten ? `There is no day ${text}` : `A day is written 2026-11-21: it is ${text}`)
}
