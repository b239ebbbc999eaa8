// What a database says no with, sorted by what has to happen: a person mends, the sender comes again, the process ends.
import { SQLiteError } from "bun:sqlite"

/** The file cannot be used as it is, and a person can mend that: one clear line, exit 2. */
export class StorageError extends Error {
  override name = "StorageError"
}

/** Another process writes the file: what cannot wait for its end may be asked of it. */
export class StorageInUse extends StorageError {
  override name = "StorageInUse"
}

/** The disk is full, or another program holds the file: nothing was changed, ask again later. */
export class StorageRefused extends Error {
  override name = "StorageRefused"
}

/** The disk, or the room that the file may take, is full. */
export class StorageFull extends StorageRefused {
  override name = "StorageFull"
}

/** The server that keeps the store cannot be reached, or does not take anything now: it may within seconds. */
export class StorageUnavailable extends StorageRefused {
  override name = "StorageUnavailable"
}

/** The disk answered something after which nothing is certain: exit 70, a new process goes on from what is on it. */
export class StorageFailed extends Error {
  override name = "StorageFailed"
}

/** What a sender is told when the disk refuses, and after how long another try is worth it. */
export const REFUSED_TEXT = "The disk refuses: come again"
export const REFUSED_RETRY_SECONDS = 60

/** The same of a store, which a server may keep that is back within seconds, or that another cloud can reach. */
export const refusalOf = (error: StorageRefused): { readonly text: string; readonly retrySeconds: number } =>
  error instanceof StorageUnavailable
    ? { text: "The store does not answer: come again", retrySeconds: 5 }
    : { text: REFUSED_TEXT, retrySeconds: REFUSED_RETRY_SECONDS }

/** Whether the process has to end: the disk failed, the file is damaged, or SQLite says what nobody expected. */
export function isFatal(error: unknown): boolean {
  if (error instanceof StorageFailed || error instanceof StorageError) return true
  return error instanceof SQLiteError && !error.code?.startsWith("SQLITE_CONSTRAINT")
}

export const isBusy = (error: unknown): boolean => codeOf(error).startsWith("SQLITE_BUSY")

export const isDamage = (error: unknown): boolean => /^SQLITE_(CORRUPT|NOTADB)/.test(codeOf(error))

/** The error of a database that is in use, as one of those above; what is none of the disk's stays as it is. */
export function sortOut(error: unknown, file: string): unknown {
  const code = codeOf(error)
  const cause = { cause: error }
  // only this code: after others of a full disk SQLite does not know what became of the bytes
  if (code === "SQLITE_FULL") return new StorageFull(`the disk of ${file} is full`, cause)
  if (isBusy(error)) return new StorageRefused(`another program is writing to ${file}`, cause)
  if (isDamage(error)) return damaged(file, cause)
  if (/^SQLITE_(IOERR|CANTOPEN|READONLY|PROTOCOL)/.test(code))
    return new StorageFailed(`The disk of ${file} failed (${code})`, cause)
  return error
}

/** What is said of a file whose pages make no sense. */
export const damaged = (file: string, options?: ErrorOptions): StorageError =>
  new StorageError(
    `${file} is damaged: move it away together with its -wal and -shm, and restore a copy or start with none ` +
      `(the last readings may be saved from it with sqlite3 ${file} .recover)`,
    options,
  )

/** SQLite's code or the system's; "" where there is none. */
export const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error ? String(error.code ?? "") : ""
