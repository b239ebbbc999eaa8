// The room that a database takes on its disk.
import type { Database } from "bun:sqlite"
import { statfsSync, statSync } from "node:fs"
import { dirname } from "node:path"

const LOG_BYTES = 64 * 1024 * 1024 // after which pages go to their place: a page that changed often goes once
const LEAST_LOG_PAGES = 4
const SMALL_DISK_SHARE = 1 / 32

/** Bytes of the file and of what SQLite keeps beside it. */
export function diskBytes(file: string): number {
  return ["", "-wal", "-shm"].reduce((sum, suffix) => sum + sizeOf(`${file}${suffix}`), 0)
}

/** So many bytes for one purpose, of a small disk what it can spare. */
export function shareOfDisk(file: string, mostBytes: number): number {
  const { blocks, bsize } = statfsSync(dirname(file))
  return Math.min(mostBytes, blocks * bsize * SMALL_DISK_SHARE)
}

/** Bytes that this user may still write on the disk of a file. */
export function freeOnDisk(file: string): number {
  const { bavail, bsize } = statfsSync(dirname(file))
  return bavail * bsize
}

/** How long a database's log becomes before its pages go to their place, in pages. */
export const logPages = (file: string, page: number, mostBytes = LOG_BYTES): number =>
  Math.max(LEAST_LOG_PAGES, Math.floor(shareOfDisk(file, mostBytes) / page))

/** What a database's pages take, and those of them that are free to be written again, in bytes. */
export function pageBytes(sqlite: Database): { readonly all: number; readonly free: number } {
  const one = pragma(sqlite, "page_size")
  return { all: pragma(sqlite, "page_count") * one, free: pragma(sqlite, "freelist_count") * one }
}

/** Of a database, in bytes. */
export interface Room {
  /** By which it may grow, in its free pages and on its disk. */
  readonly bytes: number
  /** Others have filled the disk: free pages do not help then, as a transaction goes to the log first. */
  readonly isDiskFull: boolean
}

/**
 * How much more a database may take.
 * @param marginBytes are left on the disk, for its log and for what is not counted
 * @param limitBytes the most that its pages may take
 */
export function roomBytes(
  sqlite: Database,
  file: string,
  { marginBytes, limitBytes = Number.POSITIVE_INFINITY }: { marginBytes: number; limitBytes?: number | undefined },
): Room {
  const { all, free } = pageBytes(sqlite)
  const onDisk = freeOnDisk(file) - marginBytes
  return {
    bytes: Math.max(0, Math.floor(Math.min(onDisk + free, limitBytes - all + free))),
    isDiskFull: onDisk < -marginBytes / 2,
  }
}

/** Zero where there is none. */
export const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0

/** What a PRAGMA says whose answer is one number. */
export function pragma(sqlite: Database, name: string): number {
  return sqlite.query<Record<string, number>, []>(`PRAGMA ${name}`).get()?.[name] ?? 0
}
