// What the cloud is told at a collection's end of those that are not there or not taken, each with its reason.
import type { Database } from "bun:sqlite"
import { formatAddress, formatRange, formatRanges, rangesOf } from "../../topology/address"
import { covers, joinRanges } from "../../topology/ranges"
import { REASONS_KEPT } from "../../verdict"
import type { Collection } from "../ledger/ledger"
import { reasonsOf, staleOf } from "../spool/notes/absences"
import { refusalsOf } from "../spool/notes/refused"
import type { Spool } from "../spool/spool"

/** Addresses as ranges. */
export interface CollectionAccount {
  readonly missing: readonly string[]
  readonly stale: readonly string[]
  readonly refused: readonly string[]
  /** Address and reason, the first of them. */
  readonly reasons: readonly (readonly [string, string])[]
}

export function accountOf(sqlite: Database, spool: Spool, { day, expected }: Collection): CollectionAccount {
  const refused = formatRanges(spool.refused(day))
  const missing = rangesOf(spool.missing(day, joinRanges(expected)))
  const absent = [...reasonsOf(sqlite, day, missing, REASONS_KEPT)].map(
    ([address, reason]) => [formatAddress(address), reason] as const,
  )
  const refusals = refusalsOf(sqlite, day, REASONS_KEPT).map(({ ip, reason }) => [ip, reason] as const)
  return {
    missing: missing.map(formatRange),
    stale: staleOf(sqlite, day, (address) => covers(missing, address)),
    refused,
    reasons: [...absent, ...refusals].slice(0, REASONS_KEPT),
  }
}
