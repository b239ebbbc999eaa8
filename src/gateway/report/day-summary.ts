// What the gateway says of a day at the end of its run.
import type { Day } from "../../survey/calendar"
import { rangesOf } from "../../topology/address"
import { REASONS_KEPT, type Reason } from "../../verdict"
import { reasonsOf } from "../spool/notes/absences"
import { countRefused, refusalsOf } from "../spool/notes/refused"
import { type Warning, warningsOf } from "../spool/warnings"
import type { GatewayStorage } from "../storage"

export interface DaySummary {
  readonly expected: number
  readonly missing: readonly number[]
  /** Why, of the first of them, by address. */
  readonly reasons: ReadonlyMap<number, string>
  /** Surveys that the cloud refuses, and why, of the first of them. */
  readonly refusedSurveys: number
  readonly refusals: readonly Reason[]
  readonly readings: number
  readonly warnings: readonly Warning[]
}

/** @param expected devices, of which these are missing */
export function summarizeDay(
  { database: { sqlite }, spool }: GatewayStorage,
  day: Day,
  expected: number,
  missing: readonly number[],
): DaySummary {
  return {
    expected,
    missing,
    reasons: reasonsOf(sqlite, day, rangesOf(missing), REASONS_KEPT),
    refusals: refusalsOf(sqlite, day, REASONS_KEPT),
    refusedSurveys: countRefused(sqlite, day),
    readings: spool.readings(day),
    warnings: warningsOf(sqlite, day),
  }
}
