// A database before it is used: what kind of file it is, who made it, its version, and how SQLite has to treat it.
import type { Database } from "bun:sqlite"
import { rmSync } from "node:fs"
import { checkSound, type Found } from "./check"
import { StorageError } from "./errors"
import { makeFile, syncFile } from "./folder"
import { freeOnDisk, logPages, pageBytes, pragma } from "./size"

export interface DatabaseKind {
  /** The word for it in messages. */
  readonly name: "spool" | "store"
  /** SQLite's application_id, so that one is never taken for the other. */
  readonly id: number
  /** Those of the time before the first release, whose files cannot be brought up to date. */
  readonly formerIds?: readonly number[]
  /** What leads from version i to version i + 1: SQL alone, or with what SQL cannot do. */
  readonly migrations: readonly (string | Migration)[]
  /** Of a new file; a power of two. SQLite's 4096 by default. */
  readonly pageBytes?: number
  /** How long its log becomes before its pages go to their place; less on a small disk. */
  readonly logBytes?: number
  /** Kept on the disk for work that makes room there; less on a small one. */
  readonly reserveBytes?: number
}

export interface Migration {
  readonly sql: string
  /** Follows the SQL, in the same transaction, with what it cannot compute of the rows that are there. */
  readonly fill: (sqlite: Database) => void
}

/** Which addresses made the file: a trial must never mix with the farm's data. */
export type Origin = "simulated" | "declared"

export const BUSY_TIMEOUT_MS = 2000
const CACHE_KIB = 8192
const MIB = 1024 * 1024

/** Brings a file of this kind, or a new one, to its latest version, durably, with the settings that the promise needs. */
export function prepare(sqlite: Database, file: string, kind: DatabaseKind, origin: Origin, found: Found): void {
  sqlite.run(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`)
  const version = checkKind(sqlite, file, kind)
  const latest = kind.migrations.length
  if (version > 0) {
    checkOrigin(sqlite, file, kind, origin)
    if (found.isToBeChecked) checkSound(sqlite, file)
  }
  if (version === 0 && kind.pageBytes) sqlite.run(`PRAGMA page_size = ${kind.pageBytes}`)
  sqlite.run("PRAGMA journal_mode = WAL")
  isEmpty(sqlite) // the log is made by the first look into the file, and has to be there from the start
  sqlite.run("PRAGMA synchronous = FULL") // NORMAL loses acknowledged rows in a power cut
  // what a killed process wrote and did not sync can be read, and would be acknowledged as known without being durable
  if (found.afterCrash) sqlite.run("PRAGMA wal_checkpoint(TRUNCATE)")
  sqlite.run(`PRAGMA cache_size = -${CACHE_KIB}`)
  const page = pragma(sqlite, "page_size")
  const pages = logPages(file, page, kind.logBytes)
  sqlite.run(`PRAGMA wal_autocheckpoint = ${pages}`)
  sqlite.run(`PRAGMA journal_size_limit = ${pages * page}`)
  if (version === latest) return
  if (version > 0) keepVersion(sqlite, file, version)
  sqlite.run("BEGIN IMMEDIATE")
  migrate(sqlite, kind, version)
  if (version === 0) {
    sqlite.run("CREATE TABLE about (origin TEXT NOT NULL)")
    sqlite.run("INSERT INTO about VALUES (?)", [origin])
  }
  sqlite.run(`PRAGMA application_id = ${kind.id}`)
  sqlite.run(`PRAGMA user_version = ${latest}`)
  sqlite.run("COMMIT")
}

/** From a version, 0 that of a new file, to the latest; within the caller's transaction. */
export function migrate(sqlite: Database, { migrations }: Pick<DatabaseKind, "migrations">, version = 0): void {
  for (const migration of migrations.slice(version)) {
    const { sql, fill } = typeof migration === "string" ? { sql: migration } : migration
    sqlite.run(sql)
    fill?.(sqlite)
  }
}

/** Throws StorageError where the disk has not the room: it would be full, and then refused to whoever else writes there. */
function keepVersion(sqlite: Database, file: string, version: number): void {
  const copy = `${file}.version${version}`
  rmSync(copy, { force: true })
  const { all, free } = pageBytes(sqlite)
  const neededBytes = all - free
  const freeBytes = freeOnDisk(file)
  if (neededBytes > freeBytes) {
    const [needs, has] = [neededBytes, freeBytes].map((bytes) => `${(bytes / MIB).toFixed(1)} MiB`)
    throw new StorageError(
      `${file} is of version ${version}, and of it a copy is made before it is brought up to date: ` +
        `that needs ${needs}, and ${has} are free there: make room and start again`,
    )
  }
  copyTo(copy, sqlite)
}

/** A copy that is there, such as one that an interrupted migration left, is replaced. */
export function copyTo(copy: string, sqlite: Database): void {
  rmSync(copy, { force: true })
  makeFile(copy)
  sqlite.run("VACUUM INTO ?", [copy])
  syncFile(copy) // VACUUM INTO does not
}

/** The file's version; zero for a new one. Throws StorageError when it is of another kind. */
export function checkKind(sqlite: Database, file: string, kind: DatabaseKind): number {
  const id = pragma(sqlite, "application_id")
  const version = pragma(sqlite, "user_version")
  if (version === 0 && id === 0 && isEmpty(sqlite)) return 0
  if (kind.formerIds?.includes(id)) {
    throw new StorageError(
      `${file} was written by a trial version of this programme, before its first release: ` +
        `move it away together with its -wal and -shm, a new ${kind.name} is begun`,
    )
  }
  if (id !== kind.id) throw new StorageError(`${file} is not a ${kind.name}: name another file in topology.yaml`)
  if (version > kind.migrations.length) {
    throw new StorageError(`${file} was written by a newer version of this programme: update it first`)
  }
  return version
}

export function isEmpty(sqlite: Database): boolean {
  return sqlite.query("SELECT 1 FROM sqlite_schema LIMIT 1").get() === null
}

function checkOrigin(sqlite: Database, file: string, kind: DatabaseKind, origin: Origin): void {
  const made = sqlite.query<{ origin: Origin }, []>("SELECT origin FROM about").get()?.origin
  if (made === origin) return
  throw otherOrigin(file, kind.name, made)
}

/** What is said of a database that the other addresses made. */
export const otherOrigin = (place: string, name: DatabaseKind["name"], made: Origin | undefined): StorageError =>
  new StorageError(
    made === "simulated"
      ? `${place} holds the readings of a simulated network: name another ${name} in topology.yaml, or move it away`
      : `${place} holds the readings of a real network: a simulation must not write to it`,
  )
