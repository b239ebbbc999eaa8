// The sites of a cloud as a person wants to see them: those that want attention first, and of thousands the rest in numbers.
import type { SiteStatus } from "../cloud/status"
import type { SiteVerdict } from "./verdicts"

const STATES = ["overdue", "incomplete", "complete"] as const

export type SiteState = (typeof STATES)[number]

export function stateOf({ complete, overdueSince }: SiteVerdict): SiteState {
  if (overdueSince !== null) return "overdue"
  return complete ? "complete" : "incomplete"
}

/** By state, then by name. */
export function worstFirst(verdicts: readonly SiteVerdict[]): SiteVerdict[] {
  const byName = verdicts.toSorted((a, b) => (a.site < b.site ? -1 : a.site > b.site ? 1 : 0))
  return STATES.flatMap((state) => byName.filter((verdict) => stateOf(verdict) === state))
}

export interface JudgedSite {
  readonly status: SiteStatus
  readonly verdict: SiteVerdict
}

/** What the store has of them, in the same order. */
export function judgedSites(sites: readonly SiteStatus[], verdicts: readonly SiteVerdict[]): JudgedSite[] {
  const known = new Map(sites.map((status) => [status.site, status]))
  return worstFirst(verdicts).flatMap((verdict) => {
    const status = known.get(verdict.site)
    return status ? [{ status, verdict }] : []
  })
}

/** "2 sites that are overdue, 940 that are complete" */
export function inNumbers(verdicts: readonly SiteVerdict[]): string {
  const found = STATES.flatMap((state) => {
    const count = verdicts.filter((verdict) => stateOf(verdict) === state).length
    return count > 0 ? [{ state, count }] : []
  })
  return found
    .map(({ state, count }, index) => {
      const sites = index > 0 ? "" : count === 1 ? " site" : " sites"
      return `${count.toLocaleString("en-GB")}${sites} that ${count === 1 ? "is" : "are"} ${state}`
    })
    .join(", ")
}
