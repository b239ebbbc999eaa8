// How much room the spool takes, and how long it can go on without the cloud.
import type { Database } from "bun:sqlite"
import { statfsSync } from "node:fs"
import { dirname } from "node:path"
import { diskBytes, owedBytes, pageBytes, shareOfDisk } from "../../storage/size"
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

// in the log of the commit that puts a survey in its place: the page that it leaves, and the one where it goes; and if that
// is full, it and the page beside it that is new, their neighbours, and one of what is due
const PLACED_COPIES = 2
export const SPLIT_LOGGED_PAGES = 5

/** Surveys that one commit looks at, one by one, where it cannot move or delete all. */
export const MOST_IN_PORTION = 16_384

const RESERVE_BYTES = 64 * 1024 * 1024 // of the disk: without any, nothing can be marked as delivered nor deleted
const RESERVE_PAGES = 16 // of a small one: a commit writes some pages of every table

/** Bytes of the disk that surveys leave. */
export function reserveBytes(file: string, page: number): number {
  return Math.max(RESERVE_PAGES * page, shareOfDisk(file, RESERVE_BYTES))
}

/** Bytes by which surveys may grow, in free pages and on the disk, within the limit if there is one. */
function roomBytes(sqlite: Database, file: string, limitBytes?: number): number {
  return Math.max(0, Math.floor(spare(sqlite, file, limitBytes).fileBytes))
}

/** Bytes, in the file and in its log. */
export interface Bytes {
  readonly fileBytes: number
  readonly logBytes: number
}

/**
 * What the file may grow by, in free pages and on its disk, and what one commit may write beyond the log's own share. That
 * is less than none where others have filled the disk: free pages do not help then.
 */
export function spare(sqlite: Database, file: string, limitBytes = Number.POSITIVE_INFINITY): Bytes {
  const pages = pageBytes(sqlite)
  const { one, all, free } = pages
  const { bavail, bsize } = statfsSync(dirname(file))
  const reserve = reserveBytes(file, one)
  const onDisk = bavail * bsize - owedBytes(file, pages) - reserve
  // half of the reserve for what is counted too low; the other half of it all for the file to grow by meanwhile
  const logBytes = (onDisk + reserve / 2) / 2
  return { fileBytes: Math.min(onDisk + free, limitBytes - all + free), logBytes }
}

/**
 * What it takes to put surveys in their place that have landed.
 * @param bytes what they take there
 * @param splits pages of others that are full and in their way
 */
export function placingNeeds(bytes: number, splits: number, page: number): Bytes {
  return { fileBytes: bytes + splits * page, logBytes: PLACED_COPIES * bytes + splits * SPLIT_LOGGED_PAGES * page }
}

/** What an upload takes of the file until it is in its place: there, and where it lands. */
export const uploadBytes = (bytes: number, splitsPage: boolean, page: number): number =>
  placingNeeds(bytes, splitsPage ? 1 : 0, page).fileBytes + bytes

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
