// How much room the spool takes, and how long it can go on without the cloud.
import type { Database } from "bun:sqlite"
import { statfsSync } from "node:fs"
import { dirname } from "node:path"
import { diskBytes, owedBytes, pageBytes, shareOfDisk } from "../storage/size"
import type { DayCounts } from "./history"

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

const SURVEY_BYTES = 72 // a survey's columns beside its text, and its row among what is due
const MARGIN = 1.05 // 1.02 was measured, and a promise leaves some room

// of an upload, at a time: where it landed and in its place, both in the file, and both pages in the log of a commit
const STORED_COPIES = 2
const LOGGED_COPIES = 2
const RESERVE_BYTES = 64 * 1024 * 1024 // of the disk: without any, nothing can be marked as delivered nor deleted
const RESERVE_PAGES = 16 // of a small one: a commit writes some pages of every table

/** Bytes of the disk that surveys leave. */
export function reserveBytes(file: string, page: number): number {
  return Math.max(RESERVE_PAGES * page, shareOfDisk(file, RESERVE_BYTES))
}

/** Bytes by which surveys may grow, in free pages and on the disk, within the limit if there is one. */
function roomBytes(sqlite: Database, file: string, limitBytes?: number): number {
  const { onDisk, inPages, withinLimit } = room(sqlite, file, limitBytes)
  return Math.max(0, Math.floor(Math.min(onDisk + inPages, withinLimit)))
}

/** Bytes of surveys that may be on their way to their places at once: each is in several until it is there. */
export function intakeBytes(sqlite: Database, file: string, limitBytes?: number): number {
  const { onDisk, inPages, withinLimit } = room(sqlite, file, limitBytes)
  const all = (onDisk + inPages) / (STORED_COPIES + LOGGED_COPIES)
  // a log finds no room in free pages
  return Math.max(0, Math.min(all, onDisk / LOGGED_COPIES, withinLimit / STORED_COPIES))
}

function room(sqlite: Database, file: string, limitBytes = Number.POSITIVE_INFINITY) {
  const pages = pageBytes(sqlite)
  const { one, all, free } = pages
  const { bavail, bsize } = statfsSync(dirname(file))
  const onDisk = bavail * bsize - owedBytes(file, pages) - reserveBytes(file, one)
  return { onDisk, inPages: free, withinLimit: limitBytes - all + free }
}

/** What a survey of this length takes, with its part of what its page leaves empty. */
export function surveyBytes(textBytes: number, page: number): number {
  const row = textBytes + SURVEY_BYTES
  return row < page ? page / Math.floor(page / row) : Math.ceil(row / page) * page
}

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
  const page = pageBytes(sqlite).one
  const bytes = filled.reduce((sum, day) => sum + day.arrived * surveyBytes(day.bytes / day.arrived, page), 0)
  const bytesADay = filled.length > 0 ? Math.ceil((bytes * MARGIN) / filled.length) : null
  const freeBytes = roomBytes(sqlite, file, limitBytes)
  return {
    file,
    bytes: diskBytes(file),
    bytesADay,
    freeBytes,
    outageDays: bytesADay === null ? null : Math.floor(freeBytes / bytesADay),
  }
}
