// Whether the store has of a day what its gateway says: as many surveys, with the same sum of their digests.
import type { Day } from "../../../survey/calendar"
import { type Agreement, addAgreements, agreementOf, NO_SURVEYS, type SumRow, sumSql } from "../../../survey/digest"
import type { AddressRange } from "../../../topology/address"
import type { Closing } from "../contract"
import type { Query } from "./query"

/** What was agreed last is not summed again as long as it holds. */
export function agreesWith(query: Query, siteId: number, day: Day, { claimed, addresses }: Closing): boolean {
  const agrees = ({ surveys, digest }: Agreement) => surveys === claimed.surveys && digest === claimed.digest
  const last = query<Agreement>(
    "SELECT surveys, digest FROM collections WHERE site = ?1 AND day = ?2 AND digest IS NOT NULL",
  ).get(siteId, day)
  return (last !== null && agrees(last)) || agrees(agreementOn(query, siteId, day, addresses))
}

/** Of what was delivered of a day for these addresses, which do not overlap. */
function agreementOn(query: Query, siteId: number, day: Day, addresses: readonly AddressRange[]): Agreement {
  const sum = query<SumRow>(
    `SELECT ${sumSql("digest")} FROM surveys WHERE site = ?1 AND day = ?2 AND address BETWEEN ?3 AND ?4`,
  )
  return addresses.reduce((agreed, { first, last }) => {
    const row = sum.get(siteId, day, first, last)
    return row ? addAgreements(agreed, agreementOf(row)) : agreed
  }, NO_SURVEYS)
}
