// A durable SQLite file: one fsync a commit, one writer, versions that only go forward, and a memory of who made it.
import { constants, type Database } from "bun:sqlite"
import { existsSync } from "node:fs"
import { dirname } from "node:path"
import { lookAt } from "./check"
import { StorageError, StorageFailed, StorageRefused, sortOut } from "./errors"
import { makeFolder } from "./folder"
import { Lock } from "./lock"
import { BUSY_TIMEOUT_MS, checkKind, type DatabaseKind, type Origin, prepare } from "./prepare"
import { explain, folderError } from "./remedies"
import { WatchedDatabase } from "./watched"

const GONE = "was moved or deleted while it was in use: put it back, or start again with a new one"

export type { DatabaseKind, Origin } from "./prepare"

export class DurableDatabase {
  // collected, they would be closed, and SQLite writes when it closes
  private static readonly abandoned = new Set<Database>()
  #fatal: unknown
  #closed = false

  private constructor(
    readonly file: string,
    readonly sqlite: Database,
    private readonly lock: Lock,
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
    let lock: Lock | undefined
    let sqlite: WatchedDatabase | undefined
    try {
      lock = Lock.take(file)
      const found = lookAt(file)
      sqlite = new WatchedDatabase(file)
      prepare(sqlite, file, kind, origin, found)
      const database = new DurableDatabase(file, sqlite, lock, onFatal)
      sqlite.judge = (error) => database.#judge(error)
      return database
    } catch (error) {
      sqlite?.close()
      lock?.release()
      throw explain(error, file)
    }
  }

  /**
   * Commits what `work` writes, durably, or changes nothing. Throws StorageRefused when the disk is full; after a
   * StorageFailed or damage every call throws that: later commits would seem to succeed.
   */
  transaction<T>(work: () => T): T {
    if (this.#fatal !== undefined) throw this.#fatal
    try {
      // nobody would ever find what is written to a file without a name
      if (!existsSync(this.file)) throw new StorageError(`${this.file} ${GONE}`)
      this.sqlite.run("BEGIN IMMEDIATE")
      const result = work()
      this.sqlite.run("COMMIT")
      return result
    } catch (error) {
      const reason = this.#judge(error)
      this.#rollback()
      throw reason
    }
  }

  /** Throws StorageFailed when the disk does not take what the log holds; that stays in the log. May be called twice. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    try {
      this.#emptyLog()
    } finally {
      // a failed disk is not written to any more
      if (this.#fatal === undefined) this.sqlite.close()
      else DurableDatabase.abandoned.add(this.sqlite)
      this.lock.release()
    }
  }

  #rollback(): void {
    if (this.#fatal !== undefined || !this.sqlite.inTransaction) return
    try {
      this.sqlite.run("ROLLBACK")
    } catch (error) {
      throw this.#judge(error)
    }
  }

  /** Puts what the log holds in its place: SQLite would do so when it closes, and keep an error to itself. */
  #emptyLog(): void {
    if (this.#fatal !== undefined) return
    try {
      this.sqlite.run("PRAGMA wal_checkpoint(PASSIVE)")
    } catch (error) {
      const reason = this.#judge(error)
      if (!(reason instanceof StorageRefused)) throw reason
    }
  }

  #judge(error: unknown): unknown {
    const reason = sortOut(error, this.file)
    if (!(reason instanceof StorageFailed || reason instanceof StorageError)) return reason
    if (this.#fatal === undefined) {
      this.#fatal = reason
      // by its log the next start knows that this one ended badly, also when the runtime closes the file at its exit
      this.sqlite.fileControl(constants.SQLITE_FCNTL_PERSIST_WAL, 1)
      this.onFatal(reason)
    }
    return reason
  }
}

/** Opens for reading beside a writer. Throws StorageError, also when there is no such file. */
export function openForReading(file: string, kind: DatabaseKind): Database {
  if (!existsSync(file)) throw new StorageError(`${file} does not exist yet: nothing was collected so far`)
  try {
    const sqlite = new WatchedDatabase(file, { readonly: true })
    sqlite.judge = (error) => explain(error, file)
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
    throw explain(error, file)
  }
}
