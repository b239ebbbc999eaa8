// A durable SQLite file: one fsync a commit, one writer, versions that only go forward, and a memory of who made it.
import { constants, type Database } from "bun:sqlite"
import { statSync } from "node:fs"
import { dirname } from "node:path"
import { lookAt } from "./check"
import { codeOf, StorageError, StorageFailed, StorageFull, StorageRefused, sortOut } from "./errors"
import { makeFile, makeFolder } from "./folder"
import { Lock, realName } from "./lock"
import { NamedFiles } from "./named"
import { BUSY_TIMEOUT_MS, checkKind, copyTo, type DatabaseKind, isEmpty, type Origin, prepare } from "./prepare"
import { explain, explainReading, folderError, isFull } from "./remedies"
import { Reserve } from "./reserve"
import { sizeOf } from "./size"
import { UnwrittenDatabase, WatchedDatabase } from "./watched"

const SQLITE_OK = 0
const SQLITE_FCNTL_NULL_IO = 43 // sqlite3.h: closes the file's descriptor, the connection reads and writes it no more

export type { DatabaseKind, Origin } from "./prepare"

export class DurableDatabase {
  // collected, they would be closed, and SQLite writes when it closes
  private static readonly abandoned = new Set<Database>()
  #fatal: unknown
  #isCutOff = false
  #closed = false

  private constructor(
    readonly file: string,
    readonly sqlite: Database,
    private readonly lock: Lock,
    /** Whoever writes outside of `transaction()` notes it. */
    readonly files: NamedFiles,
    /** Of a kind that keeps one. */
    readonly reserve: Reserve | undefined,
    private readonly onFatal: (error: unknown) => void,
  ) {}

  /**
   * Creates or opens for writing. Throws StorageError with what a person can do about it, StorageFailed when the disk
   * fails.
   * @param onFatal is told, once, of a StorageFailed or of damage that a read or a transaction has met
   */
  static open(
    file: string,
    kind: DatabaseKind,
    origin: Origin,
    onFatal: (error: unknown) => void = () => {},
  ): DurableDatabase {
    try {
      makeFolder(dirname(file))
    } catch (cause) {
      throw folderError(dirname(file), cause)
    }
    const lock = Lock.take(file)
    try {
      const reserve = kind.reserveBytes === undefined ? undefined : new Reserve(file, kind.reserveBytes)
      const sqlite = openPrepared(file, kind, origin, reserve)
      const database = new DurableDatabase(file, sqlite, lock, new NamedFiles(file), reserve, onFatal)
      sqlite.judge = (error) => database.#judge(error)
      reserve?.make()
      return database
    } catch (error) {
      lock.release()
      throw explain(error, file)
    }
  }

  /**
   * Commits what `work` writes, durably, or changes nothing. Throws StorageRefused when the disk is full; after a
   * StorageFailed, damage, or where another file has the name now, every call throws that: later commits would seem to
   * succeed.
   */
  transaction<T>(work: () => T): T {
    if (this.#fatal !== undefined) throw this.#fatal
    let isBegun = false
    try {
      this.files.checkLog()
      this.sqlite.run("BEGIN IMMEDIATE")
      isBegun = true
      const result = work()
      if (this.#fatal !== undefined) throw this.#fatal
      this.files.checkMain()
      this.sqlite.run("COMMIT")
      this.files.note()
      return result
    } catch (error) {
      const reason = this.#judge(error)
      if (isBegun) this.#rollback()
      throw reason
    }
  }

  /**
   * Throws StorageFailed when the disk does not take what the log holds, StorageError where another file has the name
   * now: what the log holds stays in it. May be called twice.
   */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    try {
      this.#emptyLog()
    } finally {
      // a failed disk is not written to any more, nor a file that is not ours
      if (this.#fatal === undefined || this.#isCutOff) this.sqlite.close()
      else DurableDatabase.abandoned.add(this.sqlite)
      this.lock.release()
    }
  }

  #rollback(): void {
    if (this.#fatal !== undefined) return
    try {
      if (this.sqlite.inTransaction) this.sqlite.run("ROLLBACK")
      // what did not fit into memory is in the log, and is not counted there
      this.files.checkMain()
      this.files.note()
    } catch (error) {
      throw this.#judge(error)
    }
  }

  /** Puts what the log holds in its place: SQLite would do so when it closes, and keep an error to itself. */
  #emptyLog(): void {
    if (this.#fatal !== undefined) return
    try {
      this.files.checkMain()
      this.files.checkLog()
      this.sqlite.run("PRAGMA wal_checkpoint(PASSIVE)")
    } catch (error) {
      const reason = this.#judge(error, true)
      if (!(reason instanceof StorageRefused)) throw reason
    }
  }

  /** @param isMainWritten by ourselves, since it was noted */
  #judge(error: unknown, isMainWritten = false): unknown {
    const sorted = sortOut(error, this.file)
    if (!isEnd(sorted)) return sorted
    if (this.#fatal !== undefined) return this.#fatal
    const reason = isMainWritten ? sorted : this.#filesAsReason(sorted)
    this.#fatal = reason
    // by its log the next start knows that this one ended badly
    this.sqlite.fileControl(constants.SQLITE_FCNTL_PERSIST_WAL, 1)
    // the runtime closes the connection at its exit, and SQLite would put the log's pages in their place
    this.#isCutOff = this.sqlite.fileControl(SQLITE_FCNTL_NULL_IO, 0) === SQLITE_OK
    this.onFatal(reason)
    return reason
  }

  /** A file that was replaced looks like a damaged one, and a log without a name would take what was acknowledged with it. */
  #filesAsReason(otherwise: unknown): unknown {
    try {
      this.files.checkMain()
    } catch (error) {
      return error
    }
    try {
      if (!this.files.isLogAloneGone) return otherwise
      const saved = this.sqlite.query<{ log: number; checkpointed: number }, []>("PRAGMA wal_checkpoint(PASSIVE)").get()
      return saved && saved.log === saved.checkpointed ? this.files.savedLogError() : otherwise
    } catch {
      return otherwise
    }
  }
}

/** On a full disk the reserve is given up for it. */
function openPrepared(file: string, kind: DatabaseKind, origin: Origin, reserve: Reserve | undefined): WatchedDatabase {
  let sqlite: WatchedDatabase | undefined
  try {
    const found = lookAt(file)
    makeFile(file)
    sqlite = new WatchedDatabase(file)
    prepare(sqlite, file, kind, origin, found)
    return sqlite
  } catch (error) {
    sqlite?.close()
    if (isFull(error, file) && reserve?.giveUp()) return openPrepared(file, kind, origin, reserve)
    throw error
  }
}

const isEnd = (reason: unknown): boolean => reason instanceof StorageFailed || reason instanceof StorageError

/** Whether a file is there. Throws StorageError where this user may not know. */
export function isThere(file: string): boolean {
  try {
    return statSync(file, { throwIfNoEntry: false }) !== undefined
  } catch (error) {
    throw explainReading(error, file)
  }
}

/** Opens for reading beside a writer, or as it lies there. Throws StorageError, also when there is no such file. */
export function openForReading(file: string, kind: DatabaseKind): Database {
  const { sqlite, version } = openOfAnyVersion(file, kind)
  if (version === kind.migrations.length) {
    sqlite.run("PRAGMA temp_store = MEMORY") // a full disk takes no temporary file either
    return sqlite
  }
  sqlite.close()
  throw new StorageError(
    version === 0
      ? `${file} is empty: nothing was collected so far`
      : `${file} was written by an older version of this programme: start that once, and it is brought up to date`,
  )
}

/**
 * Makes a durable copy beside a writer, of what was committed when it begins; also of a file of an older version. Throws
 * StorageError, StorageFull when the copy's disk is full, StorageFailed when either disk fails.
 * @param copy is replaced where it is there
 */
export function copyDatabase(file: string, kind: DatabaseKind, copy: string): void {
  const { sqlite } = openOfAnyVersion(file, kind)
  try {
    copyTo(copy, sqlite)
  } catch (cause) {
    if (isFull(cause, copy)) throw new StorageFull(`the disk of ${copy} is full`, { cause })
    const sorted = sortOut(cause, file)
    if (!(sorted instanceof StorageFailed)) throw sorted
    throw new StorageFailed(`${file} cannot be copied to ${copy} (${codeOf(cause)})`, { cause })
  } finally {
    sqlite.close()
  }
}

function openOfAnyVersion(file: string, kind: DatabaseKind) {
  if (!isThere(file)) throw new StorageError(`${file} does not exist yet: nothing was collected so far`)
  let sqlite: WatchedDatabase | undefined
  try {
    sqlite = openReadable(file)
    sqlite.judge = (error) => explainReading(error, file)
    return { sqlite, version: checkKind(sqlite, file, kind) }
  } catch (error) {
    sqlite?.close()
    throw explainReading(error, file)
  }
}

/**
 * SQLite makes an index of the log beside a file that nobody has open. Where it may not, or the disk is full, the file is
 * read as it lies there, if all that was written is in it.
 */
function openReadable(file: string): WatchedDatabase {
  let sqlite: WatchedDatabase | undefined
  try {
    sqlite = new WatchedDatabase(file, { readonly: true })
    sqlite.run(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`)
    isEmpty(sqlite) // the first look opens the log
    return sqlite
  } catch (error) {
    sqlite?.close()
    if (sizeOf(`${realName(file)}-wal`) > 0) throw error
    return new UnwrittenDatabase(file)
  }
}
