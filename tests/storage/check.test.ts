// Damaged files, named before anything is acknowledged on top of them, or at the latest when the damage is met.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test"
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type DatabaseKind, DurableDatabase, openForReading } from "../../src/storage/database"
import { StorageError } from "../../src/storage/errors"

const KIND: DatabaseKind = { name: "store", id: 0x1234, migrations: ["CREATE TABLE things (name TEXT)"] }
const MIB = 1024 * 1024

let folder = ""
let files = 0
let fatal: unknown[] = []
const newFile = () => join(folder, `file${files++}.db`)
const open = (file: string) => DurableDatabase.open(file, KIND, "simulated", (error) => fatal.push(error))

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "check-"))
})
afterAll(() => rmSync(folder, { recursive: true }))
beforeEach(() => {
  fatal = []
})

/** Closed, with this many bytes in it. */
function made(bytes: number): string {
  const file = newFile()
  const database = open(file)
  database.transaction(() => {
    for (let at = 0; at < bytes; at += 1000)
      database.sqlite.query("INSERT INTO things VALUES (?)").run("x".repeat(1000))
  })
  database.close()
  return file
}

/** Rubbish in the middle of the file, where opening it does not look. */
function spoil(file: string): void {
  const descriptor = openSync(file, "r+")
  writeSync(descriptor, Buffer.alloc(65_536, "rubbish "), 0, 65_536, Math.floor(Bun.file(file).size / 2))
  closeSync(descriptor)
}

describe("open() of a damaged file", () => {
  test("names it and what to do, where opening alone would not have met the damage", () => {
    const file = made(MIB)
    spoil(file)
    expect(() => open(file)).toThrow(StorageError)
    expect(() => open(file)).toThrow(`${file} is damaged: move it away together with its -wal and -shm`)
  })

  test("looks through a large one only when it was not closed", () => {
    const file = made(9 * MIB)
    const left = newFile()
    const database = open(file)
    database.transaction(() => database.sqlite.run("INSERT INTO things VALUES ('last')"))
    for (const suffix of ["", "-wal"]) copyFileSync(`${file}${suffix}`, `${left}${suffix}`)
    database.close()
    spoil(file)
    open(file).close()
    spoil(left)
    expect(() => open(left)).toThrow(`${left} is damaged`)
  })

  // closing any descriptor of a file gives up all locks that the process has on it (fcntl(2))
  test.skipIf(!existsSync("/proc/locks"))("leaves SQLite the lock by which others see that the file is in use", () => {
    const file = made(1000)
    const database = open(file)
    const locks = readFileSync("/proc/locks", "utf8").split("\n")
    expect(
      locks.filter((line) => line.includes(`${process.pid} `) && line.includes(`:${statSync(file).ino} `)),
    ).toHaveLength(1)
    database.close()
  })

  test("leaves a log alone whose file is missing or empty, and says so", () => {
    const file = newFile()
    writeFileSync(`${file}-wal`, "readings")
    expect(() => open(file)).toThrow(`${file} is missing, but ${file}-wal holds readings that belong to it: put back`)
    writeFileSync(file, "")
    expect(() => open(file)).toThrow(`${file} is empty, but ${file}-wal holds readings that belong to it`)
    expect(readFileSync(`${file}-wal`, "utf8")).toBe("readings")
    rmSync(`${file}-wal`)
    open(file).close()
    expect(existsSync(`${file}-wal`)).toBe(false)
  })
})

describe("damage that is met later", () => {
  const count = "SELECT count(name) AS n FROM things"

  test("ends what writes: it is told once, with what to do, and nothing is committed any more", () => {
    const file = made(9 * MIB)
    spoil(file)
    const database = open(file)
    expect(() => database.sqlite.query(count).get()).toThrow(`${file} is damaged: move it away`)
    expect(fatal).toEqual([expect.any(StorageError)])
    expect(() => database.transaction(() => {})).toThrow(`${file} is damaged`)
    expect(() => [...database.sqlite.query("SELECT * FROM things").iterate()]).toThrow(`${file} is damaged`)
    expect(fatal).toHaveLength(1)
    database.close()
    // it was not closed: the next start looks through all of it
    expect(() => open(file)).toThrow(`${file} is damaged`)
  })

  test("is named to who only reads", () => {
    const file = made(MIB)
    spoil(file)
    const reader = openForReading(file, KIND)
    expect(() => reader.query(count).get()).toThrow(`${file} is damaged: move it away`)
    reader.close()
  })
})
