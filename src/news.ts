// What the cloud finds out by its rules, and whoever is told hears.
import type { Day } from "./survey/calendar"
import type { RuleName } from "./topology/alerts/rules"

/** A rule that began, ended or lasts. */
export interface Told {
  /** Undefined: of the site. */
  readonly address: number | undefined
  readonly name: string | undefined
  readonly rule: RuleName
  readonly since: Day
  /** The last day's worst, % or °C. */
  readonly value: number | null
  readonly reason: string | null
}

export interface News {
  readonly site: string
  readonly day: Day
  readonly began: readonly Told[]
  readonly ended: readonly Told[]
  /** What holds and was told before; only where a reminder is due. */
  readonly lasting: readonly Told[]
}
