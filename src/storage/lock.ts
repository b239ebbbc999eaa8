// One writer at a time: a lock that names its holder, and that the kernel frees however the holder dies.
import { Database } from "bun:sqlite"
import { existsSync, realpathSync } from "node:fs"
import { isBusy, isDamage, StorageError, StorageInUse } from "./errors"
import { makeFile } from "./folder"
import { explain } from "./remedies"

export class Lock {
  // an unreferenced Database is collected, and its lock with it
  #database: Database | undefined

  private constructor(database: Database) {
    this.#database = database
  }

  /** Throws StorageInUse naming the process that holds it, or a StorageError with what is wrong with the lock. */
  static take(file: string): Lock {
    const own = `${realName(file)}.lock`
    let database: Database | undefined
    try {
      makeFile(own)
      database = new Database(own)
      database.run("CREATE TABLE IF NOT EXISTS owner (pid TEXT NOT NULL)")
      database.run("INSERT INTO owner SELECT ? WHERE NOT EXISTS (SELECT * FROM owner)", [ownName()])
      // a name of the same length needs no more room; one that is half written does no harm
      database.run("PRAGMA journal_mode = MEMORY")
      database.run("PRAGMA synchronous = OFF")
      database.run("UPDATE owner SET pid = ?", [ownName()])
      database.run("BEGIN IMMEDIATE")
      return new Lock(database)
    } catch (cause) {
      const holder = database && isBusy(cause) ? holderOf(database) : undefined
      database?.close()
      if (holder !== undefined) throw new StorageInUse(inUse(file, holder), { cause })
      if (isDamage(cause)) {
        throw new StorageError(`${own} is damaged: it holds nothing of value, delete it and start again`, { cause })
      }
      throw explain(cause, own)
    }
  }

  release(): void {
    this.#database?.close()
    this.#database = undefined
  }
}

/** The file's own name, by whatever name a link gives to it; of a file that is not there yet, the name as it is. */
export const realName = (file: string): string => (existsSync(file) ? realpathSync(file) : file)

const ownName = (): string => String(process.pid).padStart(10)

function inUse(file: string, holder: string): string {
  return holder === String(process.pid)
    ? `${file} is in use by this process already: name a file for each purpose in topology.yaml`
    : `${file} is in use by process ${holder}: stop that one first, two must not write to one file`
}

function holderOf(database: Database): string {
  try {
    return database.query<{ pid: string }, []>("SELECT pid FROM owner").get()?.pid.trim() ?? "unknown"
  } catch {
    return "unknown" // the holder is between two statements
  }
}
