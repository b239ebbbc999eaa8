// Holds the gateway to its word: what it acknowledged is in the spool, with the right readings.
import type { Database } from "bun:sqlite"
import type { Day } from "../../../src/survey/calendar"
import { formatAddress } from "../../../src/topology/address"
import { surveyOf } from "./surveys"

/** Throws when an acknowledged survey is not in the spool, or another one is in its place. */
export function verifySpool(spool: Database, day: Day, acknowledged: Iterable<number>): void {
  const decoder = new TextDecoder()
  const bodies = new Map<number, string>()
  const rows = spool.query<{ address: number; body: string }, [Day]>("SELECT address, body FROM surveys WHERE day = ?1")
  for (const { address, body } of rows.iterate(day)) bodies.set(address, body)
  for (const address of acknowledged) {
    const stored = bodies.get(address)
    if (stored === decoder.decode(surveyOf(address))) continue
    const what = stored === undefined ? "is not in the spool" : `is another one in the spool: ${JSON.stringify(stored)}`
    throw new Error(`${formatAddress(address)}'s survey was acknowledged and ${what}`)
  }
}
