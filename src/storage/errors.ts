// What a database says no with, sorted by what its owner has to do.
import { SQLiteError } from "bun:sqlite"

/** The file cannot be used as it is, and a person can mend that: one clear line, exit 2. */
export class StorageError extends Error {
  override name = "StorageError"
}

/** The disk is full, or another program holds the file: nothing was changed, ask again later. */
export class StorageRefused extends Error {
  override name = "StorageRefused"
}

/** What whoever sent something is told then, and after how long it is worth another try. */
export const REFUSED_TEXT = "The disk refuses: come again"
export const REFUSED_RETRY_SECONDS = 60

/** Whether the disk answered something after which nothing is certain: end the process, start again from the disk. */
export function isFatal(error: unknown): boolean {
  return error instanceof SQLiteError && !error.code?.startsWith("SQLITE_CONSTRAINT")
}

export function isBusy(error: unknown): boolean {
  return error instanceof SQLiteError && error.code?.startsWith("SQLITE_BUSY") === true
}

/** Full and busy as StorageRefused; everything else as it is. */
export function sortOut(error: unknown, file: string): unknown {
  if (!(error instanceof SQLiteError)) return error
  if (error.code === "SQLITE_FULL") return new StorageRefused(`the disk of ${file} is full`, { cause: error })
  if (isBusy(error)) return new StorageRefused(`another program is writing to ${file}`, { cause: error })
  return error
}
