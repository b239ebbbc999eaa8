// Two revisions' runs beside each other, figure by figure: medians, spreads, ratios and what they say.
import * as v from "valibot"
import { formatNumber, formatTable, median } from "../figure"

/** What one run found. */
export const Measurements = v.array(
  v.object({ figure: v.string(), value: v.pipe(v.number(), v.gtValue(0)), unit: v.string() }),
)
export type Measurements = v.InferOutput<typeof Measurements>

export type Verdict = "better" | "within the spread" | "worse"

export interface Comparison {
  readonly figure: string
  readonly unit: string
  /** Run by run, as the other two lists. */
  readonly before: readonly number[]
  readonly today: readonly number[]
  /** Today's value over the other revision's of the same turn. */
  readonly ratios: readonly number[]
  readonly verdict: Verdict
}

export const PER_SECOND = "/s" // of this unit more is better, of any other less
const DIGITS = 3
const NUMERIC_COLUMNS = [1, 2, 3]

/** The figures that every run has, in the order of the first one. */
export function compareRuns(before: readonly Measurements[], today: readonly Measurements[]): Comparison[] {
  return (before[0] ?? []).flatMap(({ figure, unit }) => {
    const [then, now] = [valuesOf(figure, before), valuesOf(figure, today)]
    if (!then || !now) return []
    const ratios = now.map((value, run) => value / (then[run] ?? Number.NaN))
    return { figure, unit, before: then, today: now, ratios, verdict: judge(then, now, unit) }
  })
}

/** The figures that only some of the runs have: between revisions a figure may come, go, or change its name. */
export function figuresLeftOut(runs: readonly Measurements[], comparisons: readonly Comparison[]): string[] {
  const compared = comparisons.map(({ figure }) => figure)
  return [...new Set(runs.flat().map(({ figure }) => figure))].filter((figure) => !compared.includes(figure))
}

function valuesOf(figure: string, runs: readonly Measurements[]): number[] | undefined {
  const values = runs.flatMap((run) => run.find((measured) => measured.figure === figure)?.value ?? [])
  return values.length === runs.length ? values : undefined
}

/** Today's median beside the other revision's own least and most. */
function judge(before: readonly number[], today: readonly number[], unit: string): Verdict {
  const value = median(today)
  const [isMore, isLess] = [value > Math.max(...before), value < Math.min(...before)]
  if (!isMore && !isLess) return "within the spread"
  return isMore === (unit === PER_SECOND) ? "better" : "worse"
}

/** @param revision the heading of the column that is not today's */
export function formatComparisons(comparisons: readonly Comparison[], revision: string): string {
  const rows = comparisons.map(({ figure, unit, before, today, ratios, verdict }) => [
    figure,
    spreadOf(before, ` ${unit}`),
    spreadOf(today, ` ${unit}`),
    spreadOf(ratios, ""),
    verdict,
  ])
  return formatTable([["figure", revision, "today", "ratio", "today is"], ...rows], NUMERIC_COLUMNS)
}

/** "3.24 s (3.10–3.52)" */
const spreadOf = (values: readonly number[], unit: string): string =>
  `${digits(median(values))}${unit} (${digits(Math.min(...values))}–${digits(Math.max(...values))})`

const digits = (value: number): string => (value < 10 ** (DIGITS - 1) ? value.toPrecision(DIGITS) : formatNumber(value))
