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

/** How long a database's log becomes before its pages go to their place, in pages. */
export const logPages = (file: string, page: number): number =>
  Math.max(LEAST_LOG_PAGES, Math.floor(shareOfDisk(file, LOG_BYTES) / page))

/**
 * Bytes that the disk has yet to give for what is committed: for the rest of the log, and for the pages in it. Less than
 * none where a large commit has left a log that is too long: it is written to again, and then cut.
 */
export function owedBytes(file: string, { one, all }: PageBytes): number {
  return logPages(file, one) * one - sizeOf(`${file}-wal`) + Math.max(0, all - sizeOf(file))
}

/** Sizes in bytes. */
export interface PageBytes {
  readonly one: number
  readonly all: number
  /** Those that are free to be written again. */
  readonly free: number
}

/** What a database's pages take. */
export function pageBytes(sqlite: Database): PageBytes {
  const one = pragma(sqlite, "page_size")
  return { one, all: pragma(sqlite, "page_count") * one, free: pragma(sqlite, "freelist_count") * one }
}

const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0

function pragma(sqlite: Database, name: "page_size" | "page_count" | "freelist_count"): number {
  return sqlite.query<Record<string, number>, []>(`PRAGMA ${name}`).get()?.[name] ?? 0
}
