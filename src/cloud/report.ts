// A gateway's account of one collection, as it travels and as the store keeps it.
import * as v from "valibot"
import { quote } from "../log"
import { shorten } from "../printable"
import { isDigest } from "../survey/digest"
import { type AddressRange, EVERY_ADDRESS, formatRange, parseRanges } from "../topology/address"
import { REASONS_KEPT } from "../verdict"
import type { Watched } from "./store/contract"

const FIRST_INSTANT = "2000-01-01T00:00:00Z"
const REASON_CHARACTERS = 200

const ranges = v.pipe(
  v.array(v.string()),
  v.check((texts) => parseRanges(texts) !== undefined, "not ranges of IPv4 addresses"),
  v.transform((texts) => parseRanges(texts) ?? []),
)

export const collectionReport = v.object({
  scheduledAt: v.pipe(v.string(), v.check(isInstant, "not an instant as 2026-11-22T05:00:00Z, from 2000 on")),
  /** A run, and not a day that is looked at once more. */
  run: v.boolean(),
  /** Surveys of a day came of which there was no run: nobody was expected. */
  adopted: v.optional(v.boolean(), false),
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
  reasons: v.pipe(
    v.array(v.tuple([v.string(), v.string()])),
    v.transform((reasons) => reasons.slice(0, REASONS_KEPT)),
    v.mapItems(([ip, reason]): [string, string] => [quote(ip), shorten(reason, REASON_CHARACTERS)]),
  ),
  surveys: v.number(),
  digest: v.pipe(v.string(), v.check(isDigest, "not 16 hexadecimal digits")),
})

/** Addresses are ranges, rising. */
export type CollectionReport = v.InferOutput<typeof collectionReport>

/** As the store keeps it: what was said, and no more of it than is understood. */
export function formatReport({ arrived, late, missing, stale, refused, changed, ...rest }: CollectionReport): string {
  const texts = (ranges: readonly AddressRange[]) => ranges.map(formatRange)
  return JSON.stringify({
    ...rest,
    arrived: texts(arrived),
    late: texts(late),
    missing: texts(missing),
    stale: texts(stale),
    refused: texts(refused),
    changed: texts(changed),
  })
}

/** A run may change what holds of any device; a day that is looked at once more, of those that changed. */
export function watchedOf({ run, adopted, changed }: Pick<CollectionReport, "run" | "adopted" | "changed">): Watched {
  const isRun = run && !adopted
  return { isRun, addresses: isRun ? [EVERY_ADDRESS] : changed }
}

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
