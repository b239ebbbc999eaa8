// A gateway's account of one collection, as it travels and as the store keeps it.
import * as v from "valibot"
import { isDigest } from "../survey/digest"
import { parseRanges } from "../topology/address"

const FIRST_INSTANT = "2000-01-01T00:00:00Z"

const ranges = v.pipe(
  v.array(v.string()),
  v.check((texts) => parseRanges(texts) !== undefined, "not ranges of IPv4 addresses"),
  v.transform((texts) => parseRanges(texts) ?? []),
)

export const collectionReport = v.object({
  scheduledAt: v.pipe(v.string(), v.check(isInstant, "not an instant as 2026-11-22T05:00:00Z, from 2000 on")),
  /** A run, and not a day that is looked at once more. */
  run: v.boolean(),
  arrived: ranges,
  late: ranges,
  /** Expected, and nothing of it is at the gateway; the stale ones are among them. */
  missing: ranges,
  stale: ranges,
  /** Arrived, and this cloud refuses them. */
  refused: ranges,
  /** What came to the store since the day was closed before. */
  changed: ranges,
  /** Why devices are missing or refused, the first hundred: address and reason. */
  reasons: v.array(v.tuple([v.string(), v.string()])),
  surveys: v.number(),
  digest: v.pipe(v.string(), v.check(isDigest, "not 16 hexadecimal digits")),
})

/** Addresses are ranges, rising. */
export type CollectionReport = v.InferOutput<typeof collectionReport>

/** Whether it is one as RFC 3339 writes it, from 2000 on. */
export function isInstant(text: string): boolean {
  // Temporal also takes what nobody else reads: a leap second, or a zone in brackets
  if (Number.isNaN(Date.parse(text))) return false
  try {
    const instant = Temporal.Instant.from(text)
    return Temporal.Instant.compare(instant, Temporal.Instant.from(FIRST_INSTANT)) >= 0
  } catch (error) {
    if (error instanceof RangeError) return false
    throw error
  }
}
