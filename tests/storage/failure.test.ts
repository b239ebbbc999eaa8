// A disk that fails, and files that are damaged, while the database is in use: it says so once and does nothing more.
import { afterEach, beforeEach, describe, expect, test } from "bun:test"
import { mkdtempSync, readFileSync, renameSync, rmSync, statSync, truncateSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type DatabaseKind, DurableDatabase } from "../../src/storage/database"
import { isFatal, StorageFailed } from "../../src/storage/errors"

const KIND: DatabaseKind = {
  name: "store",
  id: 0x1234,
  migrations: ["CREATE TABLE things (name TEXT)"],
}

let folder = ""
let file = ""
let fatal: unknown[] = []
let database: DurableDatabase

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "failure-"))
  file = join(folder, "file.db")
  fatal = []
  database = open()
})
afterEach(() => {
  database.close()
  rmSync(folder, { recursive: true })
})

const open = () => DurableDatabase.open(file, KIND, "simulated", (error) => fatal.push(error))
const insert = (name: string) =>
  database.transaction(() => database.sqlite.run("INSERT INTO things VALUES (?)", [name]))
const names = () => database.sqlite.query<{ name: string }, []>("SELECT name FROM things")
const dropCache = () => database.sqlite.run("PRAGMA shrink_memory")

/** What is committed lies in the log only: cut off, SQLite reads past its end. */
function failReads(): void {
  truncateSync(`${file}-wal`)
  dropCache()
}
/** The disk fails while a transaction lasts. */
const fail = () =>
  database.transaction(() => {
    failReads()
    database.sqlite.query("SELECT name FROM things").all()
  })

describe("a disk that fails", () => {
  test("is named by a transaction, told once, and nothing is committed any more", () => {
    insert("one")
    expect(fail).toThrow(StorageFailed)
    expect(() => insert("three")).toThrow(`The disk of ${file} failed (SQLITE_IOERR_SHORT_READ)`)
    expect(fatal).toHaveLength(1)
    expect(isFatal(fatal[0])).toBe(true)
  })

  test("is named by a read that nobody watches, and nothing is committed any more", () => {
    insert("one")
    failReads()
    expect(() => names().all()).toThrow(StorageFailed)
    expect(fatal).toHaveLength(1)
    expect(() => insert("two")).toThrow(StorageFailed)
  })

  test("is not committed to where the transaction goes on all the same", () => {
    insert("one")
    const work = () => {
      failReads()
      expect(() => names().all()).toThrow(StorageFailed)
      return "done"
    }
    expect(() => database.transaction(work)).toThrow(StorageFailed)
  })

  test("is not written to when the database closes, and the lock is free", () => {
    insert("one")
    expect(fail).toThrow(StorageFailed)
    const before = readFileSync(file)
    database.close()
    database.close()
    expect(readFileSync(file).equals(before)).toBe(true)
    expect(statSync(`${file}-wal`).size).toBe(0)
    open().close()
  })

  test("is named when the database closes and the log cannot be put in its place", () => {
    insert("one")
    const run = database.sqlite.run.bind(database.sqlite)
    Object.assign(database.sqlite, {
      run(sql: string) {
        truncateSync(`${file}-wal`)
        return run(sql)
      },
    })
    expect(() => database.close()).toThrow(StorageFailed)
  })
})

test("a constraint, and what is wrong in the SQL, are not the disk's fault", () => {
  expect(() => database.sqlite.query("SELECT * FROM nowhere").all()).toThrow("no such table")
  expect(fatal).toEqual([])
  insert("one")
})

test("a file that was moved away is not written to without a name", () => {
  insert("one")
  renameSync(file, `${file}.away`)
  expect(() => insert("two")).toThrow(`${file} was moved or deleted while it was in use: put it back`)
  expect(fatal).toHaveLength(1)
  renameSync(`${file}.away`, file)
})
