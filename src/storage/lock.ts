// One writer at a time: a lock that names its holder, and that the kernel frees however the holder dies.
import { Database } from "bun:sqlite"
import { isBusy, StorageError } from "./errors"

export class Lock {
  // an unreferenced Database is collected, and its lock with it
  #database: Database | undefined

  private constructor(database: Database) {
    this.#database = database
  }

  /** Throws StorageError naming the process that holds it, or SQLite's own error where there can be no lock. */
  static take(file: string): Lock {
    const database = new Database(`${file}.lock`)
    try {
      database.run("PRAGMA journal_mode = DELETE")
      database.run("CREATE TABLE IF NOT EXISTS holder (pid INTEGER NOT NULL)")
      database.run("BEGIN IMMEDIATE")
      database.run("DELETE FROM holder")
      database.run("INSERT INTO holder VALUES (?)", [process.pid])
      database.run("COMMIT")
      database.run("BEGIN IMMEDIATE")
      return new Lock(database)
    } catch (cause) {
      const holder = holderOf(database)
      database.close()
      if (!isBusy(cause)) throw cause
      throw new StorageError(
        `${file} is in use by process ${holder}: stop that one first, two must not write to one file`,
        { cause },
      )
    }
  }

  release(): void {
    this.#database?.close()
    this.#database = undefined
  }
}

function holderOf(database: Database): string {
  try {
    const row = database.query<{ pid: number }, []>("SELECT pid FROM holder").get()
    return row ? String(row.pid) : "unknown"
  } catch {
    return "unknown" // the holder is between two statements
  }
}
