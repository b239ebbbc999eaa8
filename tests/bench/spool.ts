// Holds the gateway to its word: what it acknowledged is in the spool, with the right readings.
import type { Database } from "bun:sqlite"
import type { Day } from "../../src/survey/calendar"
import { formatAddress } from "../../src/topology/address"
import { surveyOf } from "./surveys"

/** Throws when an acknowledged survey is not in the spool, or another one is in its place. */
export function verifySpool(spool: Database, day: Day, acknowledged: Iterable<number>): void {
  const decoder = new TextDecoder()
  const find = spool.query<{ body: string }, [Day, number]>("SELECT body FROM surveys WHERE day = ?1 AND address = ?2")
  for (const address of acknowledged) {
    const stored = find.get(day, address)?.body
    if (stored === decoder.decode(surveyOf(address))) continue
    const what = stored === undefined ? "is not in the spool" : `is another one in the spool: ${JSON.stringify(stored)}`
    throw new Error(`${formatAddress(address)}'s survey was acknowledged and ${what}`)
  }
}
