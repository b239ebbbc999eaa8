// How much room the spool takes, and how long it can go on without the cloud.
import type { Database } from "bun:sqlite"
import { reserveBytes } from "../../storage/reserve"
import { diskBytes, roomBytes } from "../../storage/size"
import type { DayCounts } from "../spool/reader"
import { SPOOL } from "../spool/schema"

/** Sizes in bytes. */
export interface SpoolSpace {
  readonly file: string
  readonly bytes: number
  /** What a day takes, by the last ones; null before the first survey. */
  readonly bytesADay: number | null
  /** By which it may grow, in what it has and on its disk. */
  readonly freeBytes: number
  /** Days without the cloud until it is full; null before the first survey. */
  readonly outageDays: number | null
}

const ROW_BYTES = 40 // a survey's columns beside its text
const SLOT_BYTES = 48 // its rows elsewhere
const PAGE_BYTES = SPOOL.pageBytes
const MARGIN = 1.05

/**
 * @param days the last days; those on which nothing came do not count
 * @param limitBytes the most that the spool may hold
 */
export function spoolSpace(
  sqlite: Database,
  file: string,
  days: readonly DayCounts[],
  limitBytes?: number,
): SpoolSpace {
  const filled = days.filter(({ arrived }) => arrived > 0)
  const bytes = filled.reduce((sum, day) => sum + day.arrived * surveyBytes(day.bytes / day.arrived), 0)
  const bytesADay = filled.length > 0 ? Math.ceil((bytes * MARGIN) / filled.length) : null
  const marginBytes = reserveBytes(file, SPOOL.reserveBytes)
  const freeBytes = roomBytes(sqlite, file, { marginBytes, limitBytes }).bytes
  return {
    file,
    bytes: diskBytes(file),
    bytesADay,
    freeBytes,
    outageDays: bytesADay === null ? null : Math.floor(freeBytes / bytesADay),
  }
}

/** What a survey of this length takes, with its part of what its page leaves empty. */
function surveyBytes(textBytes: number): number {
  const row = textBytes + ROW_BYTES
  return SLOT_BYTES + (row < PAGE_BYTES ? PAGE_BYTES / Math.floor(PAGE_BYTES / row) : row)
}
