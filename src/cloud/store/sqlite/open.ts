// Opens a store in a SQLite file, for writing.
import type { Clock } from "../../../clock"
import { DurableDatabase } from "../../../storage/database"
import { GroupCommit } from "../../../storage/group-commit"
import type { Addressing } from "../../../topology/addressing"
import type { OpenStore } from "../contract"
import { STORE } from "./schema"
import { SqliteStore } from "./store"
import { WritableSqliteTables } from "./tables"

export interface OpenOptions {
  readonly addressing: Addressing
  readonly clock: Clock
  /** Nothing is certain any more: a new process resumes from what is on the disk. */
  readonly onFatal: (error: unknown) => void
}

/** Throws StorageError with what a person can do about it. */
export function openSqliteStore(file: string, { addressing, clock, onFatal }: OpenOptions): OpenStore {
  const database = DurableDatabase.open(file, STORE, addressing, onFatal)
  const commits = new GroupCommit(database, onFatal, clock)
  return {
    store: new SqliteStore(database, commits, clock.now),
    tables: new WritableSqliteTables(database.sqlite, commits),
    isShared: false,
    waiting: () => commits.waiting,
    async close() {
      commits.flush()
      database.close()
    },
  }
}
