// Delivers days again: their surveys are due once more, and their collections unconfirmed.
import type { Database } from "bun:sqlite"
import type { Ledger } from "../ledger/ledger"
import { countSurveys } from "../spool/reader"
import type { Spool } from "../spool/spool"
import type { DayRange } from "./request"

export interface ResendParts {
  readonly sqlite: Database
  readonly spool: Spool
  readonly ledger: Ledger
}

/** Resolves, once it is durable, with how many surveys are due again. */
export async function deliverAgain({ from, to }: DayRange, { sqlite, spool, ledger }: ResendParts): Promise<number> {
  let surveys = 0
  for (const held of countSurveys(sqlite, from, to)) {
    await spool.redeliver(held.day)
    await ledger.confirm(held.day, false)
    surveys += held.surveys
  }
  return surveys
}
