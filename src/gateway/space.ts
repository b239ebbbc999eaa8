// How much room the spool takes, and how long it can go on without the cloud.
import type { Database } from "bun:sqlite"
import { statfsSync } from "node:fs"
import { dirname } from "node:path"
import { diskBytes, pageBytes } from "../storage/size"
import type { DayCounts } from "./history"

/** Sizes in bytes. */
export interface SpoolSpace {
  readonly file: string
  readonly bytes: number
  /** What a day takes, by the last ones; null before the first survey. */
  readonly bytesADay: number | null
  readonly freeBytes: number
  /** Days without the cloud until the file system is full; null before the first survey. */
  readonly outageDays: number | null
}

const SURVEY_BYTES = 120 // a survey's columns beside its text, and its place in the index of what is due
const FILLED = 0.8 // of a page: 0.9 was measured, and a promise leaves some room

/** @param days the last days; those on which nothing came do not count */
export function spoolSpace(sqlite: Database, file: string, days: readonly DayCounts[]): SpoolSpace {
  const filled = days.filter(({ arrived }) => arrived > 0)
  const bytes = filled.reduce((sum, day) => sum + (day.bytes + day.arrived * SURVEY_BYTES) / FILLED, 0)
  const bytesADay = filled.length > 0 ? Math.ceil(bytes / filled.length) : null
  const { bavail, bsize } = statfsSync(dirname(file))
  const freeBytes = bavail * bsize
  return {
    file,
    bytes: diskBytes(file),
    bytesADay,
    freeBytes,
    outageDays: bytesADay === null ? null : Math.floor((freeBytes + pageBytes(sqlite).free) / bytesADay),
  }
}
