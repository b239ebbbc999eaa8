// Whether a database makes sense, looked at before anything is acknowledged on top of it.
import type { Database } from "bun:sqlite"
import { closeSync, existsSync, openSync, readSync } from "node:fs"
import { damaged, StorageError } from "./errors"
import { sizeOf } from "./size"

/** How a file lies there before it is opened. */
export interface Found {
  /** Whoever wrote it last did not close it. */
  readonly afterCrash: boolean
  /** Looking through all of it is worth the time. */
  readonly isToBeChecked: boolean
}

// PRAGMA quick_check takes 0.9 ms a MiB that is in memory. From a cold disk it reads page by page where the b-trees
// lead, 18 ms a MiB; read from end to end before it, 2.4 ms.
const MIB = 1024 * 1024
const ALWAYS_BYTES = 8 * MIB // some 10 ms: nobody waits for that
const AFTER_A_CRASH_BYTES = 1024 * MIB // some seconds, after a power cut only; what is larger is found when it is met

/** Throws StorageError where a log lies beside a file that is not there: SQLite would delete it, and what it holds. */
export function lookAt(file: string): Found {
  const log = `${file}-wal`
  const size = sizeOf(file)
  if (size === 0 && sizeOf(log) > 0) {
    throw new StorageError(
      `${file} is ${existsSync(file) ? "empty" : "missing"}, but ${log} holds readings that belong to it: ` +
        "put back the file that it came from, or move both away",
    )
  }
  const afterCrash = existsSync(log)
  const isToBeChecked = size > 0 && size <= (afterCrash ? AFTER_A_CRASH_BYTES : ALWAYS_BYTES)
  // not later: closing a descriptor gives up the locks that SQLite has on the file by then (fcntl(2))
  if (isToBeChecked) readAhead(file)
  return { afterCrash, isToBeChecked }
}

/** Throws StorageError naming the damage. */
export function checkSound(sqlite: Database, file: string): void {
  const found = sqlite.query<{ quick_check: string }, []>("PRAGMA quick_check(1)").get()?.quick_check
  if (found !== "ok") throw damaged(file, { cause: found })
}

/** Brings the file into the system's memory in the order in which it lies on the disk. */
function readAhead(file: string): void {
  const descriptor = openSync(file, "r")
  const buffer = Buffer.allocUnsafe(MIB)
  while (readSync(descriptor, buffer) > 0) {}
  closeSync(descriptor)
}
