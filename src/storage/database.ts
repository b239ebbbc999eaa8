// A durable SQLite file: one fsync a commit, one writer, versions that only go forward, and a memory of who made it.
import { Database, SQLiteError } from "bun:sqlite"
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, rmSync } from "node:fs"
import { dirname } from "node:path"
import { StorageError, sortOut } from "./errors"
import { Lock } from "./lock"

export interface DatabaseKind {
  /** The word for it in messages. */
  readonly name: "spool" | "store"
  /** SQLite's application_id, so that one is never taken for the other. */
  readonly id: number
  /** SQL that leads from version i to version i + 1. */
  readonly migrations: readonly string[]
}

/** Which addresses made the file: a trial must never mix with the farm's data. */
export type Origin = "simulated" | "declared"

const BUSY_TIMEOUT_MS = 2000
const PAGE_BYTES = 16_384 // half a row is lost at a page's end: the larger the page, the less often
const CACHE_KIB = 65_536
const WAL_BYTES = 64 * 1024 * 1024 // after which pages go to their place: a page that changed often goes once

export class DurableDatabase {
  private constructor(
    readonly file: string,
    readonly sqlite: Database,
    private readonly lock: Lock,
  ) {}

  /** Creates or opens for writing. Throws StorageError with what a person can do about it. */
  static open(file: string, kind: DatabaseKind, origin: Origin): DurableDatabase {
    try {
      mkdirSync(dirname(file), { recursive: true })
    } catch (cause) {
      const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown error"
      throw new StorageError(`The folder ${dirname(file)} cannot be made: ${FOLDER_PROBLEMS[code] ?? code}`, { cause })
    }
    let lock: Lock | undefined
    let sqlite: Database | undefined
    try {
      lock = Lock.take(file)
      sqlite = new Database(file)
      prepare(sqlite, file, kind, origin)
      return new DurableDatabase(file, sqlite, lock)
    } catch (error) {
      sqlite?.close()
      lock?.release()
      throw explain(error, file, kind)
    }
  }

  /** Commits what `work` writes, durably, or changes nothing. Throws StorageRefused when the disk is full. */
  transaction<T>(work: () => T): T {
    try {
      this.sqlite.run("BEGIN IMMEDIATE")
      const result = work()
      this.sqlite.run("COMMIT")
      return result
    } catch (error) {
      this.#rollback()
      throw sortOut(error, this.file)
    }
  }

  close(): void {
    this.sqlite.close()
    this.lock.release()
  }

  #rollback(): void {
    if (this.sqlite.inTransaction) this.sqlite.run("ROLLBACK")
  }
}

/** Opens for reading beside a writer. Throws StorageError, also when there is no such file. */
export function openForReading(file: string, kind: DatabaseKind): Database {
  if (!existsSync(file)) throw new StorageError(`${file} does not exist yet: nothing was collected so far`)
  try {
    const sqlite = new Database(file, { readonly: true })
    sqlite.run(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`)
    const version = checkKind(sqlite, file, kind)
    if (version === kind.migrations.length) return sqlite
    sqlite.close()
    throw new StorageError(
      version === 0
        ? `${file} is empty: nothing was collected so far`
        : `${file} was written by an older version of this programme: start that once, and it is brought up to date`,
    )
  } catch (error) {
    throw explain(error, file, kind)
  }
}

function prepare(sqlite: Database, file: string, kind: DatabaseKind, origin: Origin): void {
  sqlite.run(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`)
  const version = checkKind(sqlite, file, kind)
  const latest = kind.migrations.length
  if (version > 0) checkOrigin(sqlite, file, kind, origin)
  if (version === 0) sqlite.run(`PRAGMA page_size = ${PAGE_BYTES}`)
  sqlite.run("PRAGMA journal_mode = WAL")
  sqlite.run("PRAGMA synchronous = FULL") // NORMAL loses acknowledged rows in a power cut
  sqlite.run(`PRAGMA cache_size = -${CACHE_KIB}`)
  sqlite.run(`PRAGMA wal_autocheckpoint = ${Math.floor(WAL_BYTES / pragma(sqlite, "page_size"))}`)
  sqlite.run(`PRAGMA journal_size_limit = ${WAL_BYTES}`)
  if (version === latest) return
  if (version > 0) copyTo(`${file}.version${version}`, sqlite)
  sqlite.run("BEGIN IMMEDIATE")
  for (const migration of kind.migrations.slice(version)) sqlite.run(migration)
  if (version === 0) {
    sqlite.run("CREATE TABLE about (origin TEXT NOT NULL)")
    sqlite.run("INSERT INTO about VALUES (?)", [origin])
  }
  sqlite.run(`PRAGMA application_id = ${kind.id}`)
  sqlite.run(`PRAGMA user_version = ${latest}`)
  sqlite.run("COMMIT")
}

/** What an interrupted migration left of such a copy gives way: the file itself is still of that version. */
function copyTo(copy: string, sqlite: Database): void {
  rmSync(copy, { force: true })
  sqlite.run("VACUUM INTO ?", [copy])
  const descriptor = openSync(copy, "r+") // VACUUM INTO does not sync what it writes
  fsyncSync(descriptor)
  closeSync(descriptor)
}

/** The file's version; zero for a new one. */
function checkKind(sqlite: Database, file: string, kind: DatabaseKind): number {
  const id = pragma(sqlite, "application_id")
  const version = pragma(sqlite, "user_version")
  if (version === 0 && id === 0 && isEmpty(sqlite)) return 0
  if (id !== kind.id) throw new StorageError(`${file} is not a ${kind.name}: name another file in topology.yaml`)
  if (version > kind.migrations.length) {
    throw new StorageError(`${file} was written by a newer version of this programme: update it first`)
  }
  return version
}

function isEmpty(sqlite: Database): boolean {
  return sqlite.query("SELECT 1 FROM sqlite_schema LIMIT 1").get() === null
}

function checkOrigin(sqlite: Database, file: string, kind: DatabaseKind, origin: Origin): void {
  const made = sqlite.query<{ origin: Origin }, []>("SELECT origin FROM about").get()?.origin
  if (made === origin) return
  throw new StorageError(
    made === "simulated"
      ? `${file} holds the readings of a simulated network: name another ${kind.name} in topology.yaml, or move it away`
      : `${file} holds the readings of a real network: a simulation must not write to it`,
  )
}

function pragma(sqlite: Database, name: "application_id" | "user_version" | "page_size"): number {
  return sqlite.query<Record<string, number>, []>(`PRAGMA ${name}`).get()?.[name] ?? 0
}

const FOLDER_PROBLEMS: Record<string, string> = {
  EEXIST: "a file of that name is there",
  ENOTDIR: "a file stands where a folder must be",
  EACCES: "you may not write there",
  EROFS: "the disk is read-only",
  ENOSPC: "the disk is full",
}

const REMEDIES: Record<string, string> = {
  SQLITE_NOTADB: "is not a SQLite database: move it away, or name another file in topology.yaml",
  SQLITE_CORRUPT: "is damaged: move it away together with its -wal and -shm, and restore a copy",
  SQLITE_CANTOPEN: "cannot be opened: check that its folder may be written to",
  SQLITE_READONLY: "may not be written to: check its owner and its permissions",
  SQLITE_FULL: "cannot be written: the disk is full, make room and start again",
}

function explain(error: unknown, file: string, kind: DatabaseKind): unknown {
  // nothing that a person can mend in topology.yaml: the caller ends with 70, and a new process tries again
  if (!(error instanceof SQLiteError) || error.code?.startsWith("SQLITE_IOERR")) return error
  const known = Object.keys(REMEDIES).find((code) => error.code?.startsWith(code))
  return new StorageError(
    `${file} (${kind.name}) ${known ? REMEDIES[known] : `cannot be used: ${error.message} (${error.code})`}`,
    { cause: error },
  )
}
