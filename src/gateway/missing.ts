// Who did not report, found as the gaps between those who did: a million devices are counted, never listed.
import type { Database } from "bun:sqlite"
import type { Day } from "../survey/calendar"
import type { AddressRange } from "../topology/address"
import { sizeOf } from "../topology/ranges"

/** How many of these addresses have no survey of this day. */
export function countMissing(sqlite: Database, day: Day, ranges: readonly AddressRange[]): number {
  const count = sqlite.query<{ surveys: number }, [Day, number, number]>(
    "SELECT count(*) AS surveys FROM surveys WHERE day = ?1 AND address BETWEEN ?2 AND ?3",
  )
  const arrived = ranges.reduce((sum, { first, last }) => sum + (count.get(day, first, last)?.surveys ?? 0), 0)
  return sizeOf(ranges) - arrived
}

/** Up to `limit` ranges of these addresses that have no survey of this day, rising. */
export function missingRanges(
  sqlite: Database,
  day: Day,
  ranges: readonly AddressRange[],
  limit: number,
): AddressRange[] {
  const gaps = sqlite.query<AddressRange, [Day, number, number, number]>(
    `WITH starts (first) AS (
       SELECT ?2 WHERE NOT EXISTS (SELECT 1 FROM surveys WHERE day = ?1 AND address = ?2)
       UNION ALL
       SELECT address + 1 FROM surveys AS arrived WHERE day = ?1 AND address >= ?2 AND address < ?3
         AND NOT EXISTS (SELECT 1 FROM surveys AS next WHERE next.day = ?1 AND next.address = arrived.address + 1)
     )
     SELECT first, coalesce(
       (SELECT min(address) FROM surveys WHERE day = ?1 AND address > first AND address <= ?3) - 1, ?3) AS last
     FROM starts ORDER BY first LIMIT ?4`,
  )
  const missing: AddressRange[] = []
  for (const { first, last } of ranges) {
    if (missing.length >= limit) break
    missing.push(...gaps.all(day, first, last, limit - missing.length))
  }
  return missing
}
