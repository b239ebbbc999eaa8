// How long delivered surveys and the ledger's days are kept.
import { addDays, type Day } from "../../survey/calendar"
import type { Topology } from "../../topology/topology"

const NEVER: Day = "0000-01-01" // before all days

/** Whole days. */
export const retentionDays = ({ gateway }: Topology): number => Math.ceil(gateway.retention.total("days"))

/** Counted from the last day that the cloud confirmed: a clock that leaps ahead must not make everything old at once. */
export function oldestKept(today: Day, lastConfirmedDay: Day | undefined, days: number): Day {
  if (lastConfirmedDay === undefined) return NEVER
  return addDays(today < lastConfirmedDay ? today : lastConfirmedDay, -days)
}
