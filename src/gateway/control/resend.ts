// Delivers days again: their surveys are due once more, and their collections unconfirmed.
import { countSurveys } from "../spool/reader"
import type { GatewayStorage } from "../storage"
import type { DayRange } from "./request"

/** Resolves, once it is durable, with how many surveys are due again. */
export async function deliverAgain(
  { from, to }: DayRange,
  { database, spool, ledger }: Pick<GatewayStorage, "database" | "spool" | "ledger">,
): Promise<number> {
  let surveys = 0
  for (const held of countSurveys(database.sqlite, from, to)) {
    await spool.redeliver(held.day)
    await ledger.confirm(held.day, false)
    surveys += held.surveys
  }
  return surveys
}
