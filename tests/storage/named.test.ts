// A database file that is replaced while it is open: it is named, and nothing is acknowledged into what is there now.
import { Database } from "bun:sqlite"
import { afterEach, beforeEach, describe, expect, test } from "bun:test"
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type DatabaseKind, DurableDatabase, openForReading } from "../../src/storage/database"
import { StorageError } from "../../src/storage/errors"

const KIND: DatabaseKind = { name: "store", id: 0x1234, migrations: ["CREATE TABLE things (name TEXT)"] }
const BOTH = ["", "-wal"]
const PAGE = "x".repeat(4000)

let folder = ""
let file = ""
let fatal: unknown[] = []
let database: DurableDatabase

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "named-"))
  file = join(folder, "file.db")
  fatal = []
  begin()
})
afterEach(() => {
  database.close()
  rmSync(folder, { recursive: true })
})

/** Both files have changed since the older copy was made, and the log holds what is nowhere else. */
function begin(path = file): void {
  database = DurableDatabase.open(path, KIND, "simulated", (error) => fatal.push(error))
  database.sqlite.run("PRAGMA synchronous = OFF") // of thousands of commits; the power stays on
  insert("older")
  for (const suffix of BOTH) cp(`${path}${suffix}`, `${older()}${suffix}`)
  database.sqlite.run("PRAGMA wal_autocheckpoint = 4")
  for (let n = 0; n < 10; n++) insert(PAGE)
  database.sqlite.run("PRAGMA wal_autocheckpoint = 1000")
  insert("newer")
}

/** By another process: whoever closes a file gives up all locks that its process has on it (fcntl(2)). */
const cp = (from: string, to: string) => expect(Bun.spawnSync(["cp", from, to]).success).toBe(true)
const older = () => join(folder, "older.db")
const insert = (name: string) =>
  database.transaction(() => database.sqlite.run("INSERT INTO things VALUES (?)", [name]))
const count = (sqlite: Database = database.sqlite) =>
  sqlite.query<{ n: number }, []>("SELECT count(*) AS n FROM things").get()?.n
const move = (suffix: string) => renameSync(`${older()}${suffix}`, `${realpathSync(file)}${suffix}`)
const copy = (suffix: string) => cp(`${older()}${suffix}`, `${file}${suffix}`)
const contents = () =>
  BOTH.map((suffix) => `${file}${suffix}`).map((path) => existsSync(path) && readFileSync(path).toString("base64"))

const REPLACED = "was replaced while it was in use"
const CHANGED = "was changed by another program while it was in use"

/** It says so once and for all, and touches neither file any more. */
function expectEnd(said: string): void {
  const before = contents()
  expect(() => insert("lost")).toThrow(said)
  expect(() => insert("lost")).toThrow(said)
  expect(fatal).toEqual([expect.any(StorageError)])
  database.close()
  expect(contents()).toEqual(before)
}

describe("a file that is replaced while it is open is named, and is not written to", () => {
  test("an older copy is moved there, with its log", () => {
    for (const suffix of BOTH) move(suffix)
    expectEnd(
      `${file} ${REPLACED}, and nothing more is written to it: ` +
        "put back what was there, together with its -wal, or start again with what is there now",
    )
    begin()
    expect(count()).toBe(13) // those of the copy, and what begin() adds
  })

  test("an older copy is written over it, and over its log", () => {
    for (const suffix of BOTH) copy(suffix)
    expectEnd(`${file} ${CHANGED}`)
  })

  test("an older copy of the file alone is moved there: the log is not one of that", () => {
    move("")
    expectEnd(
      `${file} ${REPLACED}, and nothing more is written to it: put back what was there, together with its -wal, ` +
        `or move ${file}-wal away, which does not belong to what is there now, and start again`,
    )
  })

  test("an older copy of the file alone is written over it", () => {
    copy("")
    expectEnd(`${file} ${CHANGED}`)
  })

  test("the log alone is moved over", () => {
    move("-wal")
    expectEnd(`${file}-wal ${REPLACED}`)
  })

  test("the log alone is written over", () => {
    copy("-wal")
    expectEnd(`${file}-wal ${CHANGED}`)
  })

  test("the log is deleted: what it held is put in its place first", () => {
    rmSync(`${file}-wal`)
    const said = `${file}-wal was moved or deleted while it was in use: what it held is in ${file} now, start again`
    expect(() => insert("lost")).toThrow(said)
    expectEnd(said)
    database = DurableDatabase.open(file, KIND, "simulated")
    const names = database.sqlite
      .query<{ name: string }, []>("SELECT name FROM things")
      .all()
      .map(({ name }) => name)
    expect([names.includes("newer"), names.includes("lost")]).toEqual([true, false])
  })

  test("the file is deleted", () => {
    rmSync(file)
    expectEnd(`${file} was moved or deleted while it was in use: put it back, or start again with a new one`)
  })
})

describe("a link", () => {
  const target = () => join(folder, "target", "file.db")

  beforeEach(() => {
    database.close()
    for (const suffix of BOTH) rmSync(`${file}${suffix}`, { force: true })
    mkdirSync(join(folder, "target"))
    symlinkSync(target(), file)
    database = DurableDatabase.open(file, KIND, "simulated", (error) => fatal.push(error))
    insert("one")
  })

  test("leads to the file and to its log", () => {
    insert("two")
    expect(statSync(`${target()}-wal`).size).toBeGreaterThan(0)
    rmSync(`${target()}-wal`)
    expect(() => insert("lost")).toThrow(`${realpathSync(target())}-wal was moved or deleted`)
    expectEnd(`${realpathSync(target())}-wal was moved or deleted`)
  })

  test("whose target is replaced is named", () => {
    for (const suffix of BOTH) move(suffix)
    expectEnd(`${file} ${REPLACED}`)
  })

  test("that leads elsewhere is named", () => {
    rmSync(file)
    symlinkSync(older(), file)
    expectEnd(`${file} ${REPLACED}`)
  })
})

describe("a file that is replaced while a transaction lasts", () => {
  const during = (act: () => void) => () =>
    database.transaction(() => {
      database.sqlite.run("INSERT INTO things VALUES ('lost')")
      act()
    })

  test.each([
    ["moved over", () => move("")],
    ["written over", () => copy("")],
  ])("is not committed to: %s", (_how, act) => {
    expect(during(act)).toThrow(`${file} was`)
    expectEnd(`${file} was`)
  })

  test("is named instead of the damage that it looks like", () => {
    const act = () => {
      copy("")
      database.sqlite.run("PRAGMA shrink_memory")
      database.sqlite.query("SELECT sum(length(name)) FROM things ORDER BY name").get()
      throw new StorageError("damaged")
    }
    expect(during(act)).toThrow(`${file} ${CHANGED}`)
  })

  test.each(BOTH)("is not acknowledged where it happens during the commit: %p", (suffix) => {
    const run = database.sqlite.run.bind(database.sqlite)
    Object.assign(database.sqlite, {
      run(sql: string, ...values: []) {
        const changes = run(sql, ...values)
        if (sql === "COMMIT") move(suffix)
        return changes
      },
    })
    expect(() => insert("lost")).toThrow(`${file}${suffix} ${REPLACED}`)
    expectEnd(`${file}${suffix} ${REPLACED}`)
  })
})

test("a file that was replaced while nothing was written is named when the database closes, and not written to", () => {
  for (const suffix of BOTH) copy(suffix)
  const before = contents()
  expect(() => database.close()).toThrow(`${file} ${CHANGED}`)
  expect(fatal).toHaveLength(1)
  expect(contents()).toEqual(before)
})

describe("a process that ends", () => {
  const script = () => `
    const { DurableDatabase } = await import(${JSON.stringify(join(import.meta.dir, "../../src/storage/database.ts"))})
    const database = DurableDatabase.open(${JSON.stringify(file)}, ${JSON.stringify(KIND)}, "simulated")
    const insert = (name) => database.transaction(() => database.sqlite.run("INSERT INTO things VALUES (?)", [name]))
    database.sqlite.query("SELECT * FROM things").all()
    insert("A")
    console.log("committed")
    for await (const line of console) {
      try {
        insert("B")
      } catch (error) {
        console.log(String(error))
        if (line === "exit") process.exit(2)
        throw error
      }
    }`

  test.each([
    "exit",
    "throw",
  ])("does not write to what was put there, whatever its runtime does at its end: %s", async (how) => {
    database.close()
    const child = Bun.spawn([process.execPath, "-e", script()], { stdin: "pipe", stdout: "pipe", stderr: "ignore" })
    const said = child.stdout.getReader()
    expect(new TextDecoder().decode((await said.read()).value)).toBe("committed\n")
    for (const suffix of BOTH) copy(suffix)
    const before = contents()
    child.stdin.write(`${how}\n`)
    child.stdin.end()
    expect(new TextDecoder().decode((await said.read()).value)).toContain(`${file} ${CHANGED}`)
    expect(await child.exited).toBeGreaterThan(0)
    expect(contents()).toEqual(before)
  })
})

describe("no alarm is raised by", () => {
  afterEach(() => expect(fatal).toEqual([]))

  test("a connection that reads meanwhile", () => {
    const reader = openForReading(file, KIND)
    const rows = reader.query("SELECT * FROM things").iterate()
    rows.next()
    for (let n = 0; n < 100; n++) insert(PAGE)
    expect([...rows].length).toBe(11)
    reader.close()
    insert("after")
  })

  test("connections of other processes that come and go", async () => {
    const read = `
      import { Database } from "bun:sqlite"
      for (let n = 0; n < 50; n++) {
        const sqlite = new Database(${JSON.stringify(file)}, { readonly: n % 2 === 0, readwrite: n % 2 === 1 })
        sqlite.query("SELECT name FROM things LIMIT 1").get()
        sqlite.close()
      }`
    const child = Bun.spawn([process.execPath, "-e", read], { stderr: "inherit" })
    while (child.exitCode === null) {
      insert("meanwhile")
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(child.exitCode).toBe(0)
    insert("after")
  })

  test.skipIf(!Bun.which("sqlite3")).each([".backup copy.db", "SELECT count(*) FROM things", "VACUUM INTO 'copy.db'"])(
    "sqlite3 %p",
    async (command) => {
      const child = Bun.spawn(["sqlite3", file, command], { cwd: folder, stdout: "ignore", stderr: "inherit" })
      while (child.exitCode === null) {
        insert("meanwhile")
        await new Promise((resolve) => setImmediate(resolve))
      }
      expect(child.exitCode).toBe(0)
      insert("after")
      if (existsSync(join(folder, "copy.db"))) expect(count(new Database(join(folder, "copy.db")))).toBeGreaterThan(11)
    },
  )

  test("thousands of commits whose log goes to its place, begins again and is cut off", () => {
    database.sqlite.run("PRAGMA wal_autocheckpoint = 8")
    database.sqlite.run("PRAGMA journal_size_limit = 16384")
    for (let n = 0; n < 3000; n++) insert(n % 100 === 0 ? PAGE.repeat(20) : "small")
    expect(count()).toBe(3012)
  })

  test("what a transaction wrote to the log before it was rolled back", () => {
    database.sqlite.run("PRAGMA cache_size = 1")
    const size = statSync(`${file}-wal`).size
    const work = () => {
      for (let n = 0; n < 100; n++) database.sqlite.run("INSERT INTO things VALUES (?)", [PAGE])
      throw new TypeError("no")
    }
    expect(() => database.transaction(work)).toThrow("no")
    expect(statSync(`${file}-wal`).size).toBeGreaterThan(size)
    insert("after")
    expect(count()).toBe(13)
  })
})
