// Who did not report, found as the gaps between those who did: a million devices are counted, never listed.
import type { Database } from "bun:sqlite"
import type { Day } from "../survey/calendar"
import type { AddressRange } from "../topology/address"

/** The same addresses in as few ranges as hold them, rising. */
export function joinRanges(ranges: readonly AddressRange[]): AddressRange[] {
  const joined: AddressRange[] = []
  for (const { first, last } of ranges.toSorted((a, b) => a.first - b.first)) {
    const before = joined.at(-1)
    if (before && first <= before.last + 1) before.last = Math.max(before.last, last)
    else joined.push({ first, last })
  }
  return joined
}

/** The addresses that are in both; each has its ranges joined. */
export function overlap(some: readonly AddressRange[], others: readonly AddressRange[]): AddressRange[] {
  const both: AddressRange[] = []
  for (let i = 0, j = 0; ; ) {
    const [one, other] = [some[i], others[j]]
    if (!one || !other) return both
    const [first, last] = [Math.max(one.first, other.first), Math.min(one.last, other.last)]
    if (first <= last) both.push({ first, last })
    if (one.last < other.last) i++
    else j++
  }
}

export const sizeOf = (ranges: readonly AddressRange[]): number =>
  ranges.reduce((size, { first, last }) => size + last - first + 1, 0)

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

/** The addresses of rising ranges, one by one. */
export function* addressesIn(ranges: Iterable<AddressRange>): Generator<number> {
  for (const { first, last } of ranges) for (let address = first; address <= last; address++) yield address
}
