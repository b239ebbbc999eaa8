// Who did not report, found as the gaps between those who did: a million devices are counted, never listed.
import type { Database } from "bun:sqlite"
import type { Day } from "../../survey/calendar"
import type { AddressRange } from "../../topology/address"
import { sizeOf } from "../../topology/ranges"
import { placeOf } from "./places"

/** How many of these addresses have no survey of this day. */
export function countMissing(sqlite: Database, day: Day, ranges: readonly AddressRange[]): number {
  const count = sqlite.query<{ surveys: number }, [number, number]>(
    "SELECT count(*) AS surveys FROM surveys WHERE place BETWEEN ?1 AND ?2",
  )
  const arrived = ranges.reduce(
    (sum, { first, last }) => sum + (count.get(placeOf(day, first), placeOf(day, last))?.surveys ?? 0),
    0,
  )
  return sizeOf(ranges) - arrived
}

/** Up to `limit` ranges of these addresses that have no survey of this day, rising. */
export function missingRanges(
  sqlite: Database,
  day: Day,
  ranges: readonly AddressRange[],
  limit: number,
): AddressRange[] {
  const gaps = sqlite.query<AddressRange, [number, number, number]>(
    `WITH starts (first) AS (
       SELECT ?1 WHERE NOT EXISTS (SELECT 1 FROM surveys WHERE place = ?1)
       UNION ALL
       SELECT place + 1 FROM surveys AS arrived WHERE place >= ?1 AND place < ?2
         AND NOT EXISTS (SELECT 1 FROM surveys AS next WHERE next.place = arrived.place + 1)
     )
     SELECT first, coalesce((SELECT min(place) FROM surveys WHERE place > first AND place <= ?2) - 1, ?2) AS last
     FROM starts ORDER BY first LIMIT ?3`,
  )
  const missing: AddressRange[] = []
  const start = placeOf(day, 0)
  for (const range of ranges) {
    if (missing.length >= limit) break
    const found = gaps.all(start + range.first, start + range.last, limit - missing.length)
    missing.push(...found.map(({ first, last }) => ({ first: first - start, last: last - start })))
  }
  return missing
}
