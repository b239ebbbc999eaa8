// Why a database cannot be opened, and what to do about it, in one line for a person.
import { SQLiteError } from "bun:sqlite"
import { accessSync, constants, statfsSync } from "node:fs"
import { dirname } from "node:path"
import { codeOf, StorageError, StorageFailed, StorageRefused, sortOut } from "./errors"

const FULL = "the disk is full, make room and start again"
const LEAST_ROOM_BYTES = 256 * 1024 // a start writes about half of it: the lock, the log, its index

const PROBLEMS: Record<string, string> = {
  EEXIST: "a file of that name is there",
  EISDIR: "it is a folder",
  ENOTDIR: "a file stands where a folder must be",
  EACCES: "you may not write there",
  EPERM: "you may not write there",
  ENAMETOOLONG: "its name is too long",
  ELOOP: "its links lead round in a circle",
  EROFS: "the disk is read-only",
  ENOSPC: "the disk is full",
}

/** Why a folder cannot be made: what a person can mend, or a disk that fails. */
export function folderError(folder: string, cause: unknown): StorageError | StorageFailed {
  const code = codeOf(cause) || "unknown error"
  // of a sync that fails nobody knows what became
  const isSync = cause instanceof Error && "syscall" in cause && cause.syscall === "fsync"
  const problem = isSync ? undefined : PROBLEMS[code]
  if (problem) return new StorageError(`The folder ${folder} cannot be made: ${problem}`, { cause })
  return new StorageFailed(`The disk of ${folder} failed (${code})`, { cause })
}

/** Why a file cannot be opened, by SQLite or by the system: a StorageError with its remedy, or a StorageFailed. */
export function explain(error: unknown, file: string): unknown {
  if (!(error instanceof SQLiteError)) return explainSystem(error, file)
  const { code = "", message } = error
  const refuse = (why: string) => new StorageError(`${file} ${why}`, { cause: error })
  if (isFull(error, file)) return refuse(`cannot be written: ${FULL}`)
  if (code.startsWith("SQLITE_NOTADB")) {
    return refuse("is not a SQLite database: move it away, or name another file in topology.yaml")
  }
  if (code.startsWith("SQLITE_CANTOPEN")) return refuse(`cannot be opened: ${folderProblem(file) ?? "is it a file?"}`)
  if (code.startsWith("SQLITE_READONLY")) {
    return refuse(`may not be written to: ${folderProblem(file) ?? "check its owner and its permissions"}`)
  }
  const sorted = sortOut(error, file)
  if (sorted instanceof StorageRefused) return new StorageError(sorted.message, { cause: error })
  return sorted === error ? refuse(`cannot be used: ${message} (${code})`) : sorted
}

/** Why a file cannot be read: a StorageError with its remedy, or what `explain()` says. */
export function explainReading(error: unknown, file: string): unknown {
  const code = codeOf(error)
  if (code === "EACCES") return new StorageError(`${file} may not be read: ${ASK_OWNER}`, { cause: error })
  if (!/^SQLITE_(CANTOPEN|READONLY|IOERR|FULL)/.test(code)) return explain(error, file)
  const why = isReadable(file)
    ? `its last readings are in ${file}-wal, and to read them SQLite writes beside it: make room there, or ${ASK_OWNER}`
    : ASK_OWNER
  return new StorageError(`${file} cannot be read (${code}): ${why}`, { cause: error })
}

const ASK_OWNER = "ask as the user who owns it, or as a member of its group"

function isReadable(file: string): boolean {
  try {
    accessSync(file, constants.R_OK)
    return true
  } catch {
    return false
  }
}

function explainSystem(error: unknown, file: string): unknown {
  if (!(error instanceof Error && "syscall" in error && "code" in error)) return error
  if (error.code === "ENOSPC") return new StorageError(`${file} cannot be written: ${FULL}`, { cause: error })
  const problem = PROBLEMS[String(error.code)]
  if (problem) return new StorageError(`${file} cannot be opened: ${problem}`, { cause: error })
  return new StorageFailed(`The disk of ${file} failed (${error.code})`, { cause: error })
}

/** Whether a database's error says that its disk is full; SQLite tells that from one that fails only where it writes pages. */
export function isFull(error: unknown, file: string): boolean {
  const code = codeOf(error)
  if (code === "SQLITE_FULL" || code === "ENOSPC") return true
  if (!code.startsWith("SQLITE_IOERR")) return false
  try {
    const { bavail, bsize } = statfsSync(dirname(file))
    return bavail * bsize < LEAST_ROOM_BYTES
  } catch {
    return false // a disk that fails does not tell that either: what SQLite said stands
  }
}

function folderProblem(file: string): string | undefined {
  const folder = dirname(file)
  try {
    accessSync(folder, constants.W_OK)
    return undefined
  } catch (cause) {
    const code = codeOf(cause) || "unknown error"
    return PROBLEMS[code] ?? code
  }
}
