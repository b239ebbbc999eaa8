// Whether a day's readings break a rule. What holds ends only behind a small band: a value that swings does not call.
import type { DeviceRules, RuleName } from "../../topology/alerts/rules"
import type { StoredReading } from "../store/stored"

/** By so much a day must stay beyond the threshold before the rule ends. */
export const BAND = { humidity: 2, temperature: 1 } // % and °C

export const THRESHOLDS = ["dry", "wet", "frost", "hot"] as const

/** What a rule says of a device or a site now. */
export interface Judgement {
  readonly rule: RuleName
  readonly holds: boolean
  /** The day's worst, in % or °C. */
  readonly value: number | null
}

const WATCHED = {
  dry: { column: 2, sign: 1, band: BAND.humidity },
  wet: { column: 2, sign: -1, band: BAND.humidity },
  frost: { column: 1, sign: 1, band: BAND.temperature },
  hot: { column: 1, sign: -1, band: BAND.temperature },
} as const

/**
 * Of each threshold that is set, by the day's worst reading; nothing without readings.
 * @param held whether the rule holds so far
 */
export function judgeThresholds(
  rules: DeviceRules,
  readings: readonly StoredReading[],
  held: (rule: RuleName) => boolean,
): Judgement[] {
  if (readings.length === 0) return []
  return THRESHOLDS.flatMap((rule): Judgement[] => {
    const limit = rules[rule]
    if (limit === undefined || limit === false) return []
    const { column, sign, band } = WATCHED[rule]
    let worst = Number.POSITIVE_INFINITY
    for (const reading of readings) worst = Math.min(worst, sign * reading[column])
    const holds = worst < sign * limit + (held(rule) ? band : 0)
    return [{ rule, holds, value: sign * worst + 0 }] // no negative zero
  })
}

/** The one value of temperature and humidity that all readings of a day have; undefined where they differ, or there are none. */
export function onlyValue(readings: readonly StoredReading[]): string | undefined {
  const [first] = readings
  if (!first) return undefined
  const isSame = readings.every(([, temperature, humidity]) => temperature === first[1] && humidity === first[2])
  return isSame ? `${first[1]} °C, ${first[2]} %` : undefined
}

const days = new WeakMap<Temporal.Duration, number>() // asked of every device of a fleet

/** Of a span in topology.yaml, at least one. */
export function daysOf(span: Temporal.Duration): number {
  const known = days.get(span) ?? Math.ceil(span.total("days"))
  days.set(span, known)
  return known
}
