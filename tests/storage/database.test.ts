import { Database } from "bun:sqlite"
import { afterAll, beforeAll, describe, expect, test } from "bun:test"
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { copyDatabase, type DatabaseKind, DurableDatabase, openForReading } from "../../src/storage/database"
import { StorageError, StorageRefused } from "../../src/storage/errors"
import { UnwrittenDatabase } from "../../src/storage/watched"

const KIND = {
  name: "spool",
  id: 0x1234,
  migrations: ["CREATE TABLE things (name TEXT NOT NULL UNIQUE)"],
} as const
const NEXT = { ...KIND, migrations: [...KIND.migrations, "ALTER TABLE things ADD COLUMN size INTEGER"] } as const

let folder = ""
let files = 0
const newFile = () => join(folder, `file${files++}.db`)

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "database-"))
})
afterAll(() => rmSync(folder, { recursive: true }))

const open = (file: string, kind: DatabaseKind = KIND) => DurableDatabase.open(file, kind, "simulated")
const pragma = (database: DurableDatabase, name: string) =>
  Object.values(database.sqlite.query<Record<string, unknown>, []>(`PRAGMA ${name}`).get() ?? {})[0]
const names = ({ sqlite }: DurableDatabase) =>
  sqlite
    .query<{ name: string }, []>("SELECT name FROM things")
    .all()
    .map(({ name }) => name)
const insert = ({ sqlite }: DurableDatabase, name: string) => sqlite.run("INSERT INTO things VALUES (?)", [name])

/** A file with one thing in it, made by this kind. */
function made(kind: DatabaseKind = KIND): string {
  const file = newFile()
  const database = open(file, kind)
  database.transaction(() => database.sqlite.run("INSERT INTO things (name) VALUES ('kept')"))
  database.close()
  return file
}

// a mount of our own, which goes with the process
const inNamespace = (script: string) => ["unshare", "--map-root-user", "--mount", "sh", "-ec", script]
const NAMESPACES = Bun.which("unshare") !== null && Bun.spawnSync(inNamespace(":")).success

const READ_ONLY = 'mount --bind "$1" "$1"; mount -o remount,bind,ro "$1"'
const SMALL = 'mount -t tmpfs -o size=1m tmpfs "$1"'

/** What a script says that has `open` and `read`, where the folder has been mounted so; errors by their text. */
function saidIn(mount: string, script: string): string {
  const prelude = `
    const { DurableDatabase, openForReading } = await import(${JSON.stringify(join(import.meta.dir, "../../src/storage/database.ts"))})
    const kind = ${JSON.stringify(KIND)}
    const open = (file) => DurableDatabase.open(file, kind, "simulated")
    const read = (file) => {
      const sqlite = openForReading(file, kind)
      console.log(sqlite.query("SELECT name FROM things").all().map(({ name }) => name).join())
      sqlite.close()
    }
    `
  const command = [...inNamespace(`${mount}; exec "$2" -e "$3"`), "sh", folder, process.execPath, prelude + script]
  const { stdout, stderr } = Bun.spawnSync(command)
  return /StorageError: (.*)/.exec(stderr.toString())?.[1] ?? `${stdout}${stderr}`.trim()
}

/** What open() says of a file in a folder that is mounted read-only. */
const refusalOnReadOnly = (file: string): string => saidIn(READ_ONLY, `open(${JSON.stringify(file)})`)

function foreign(sql: string): string {
  const file = newFile()
  const sqlite = new Database(file)
  sqlite.run(sql)
  sqlite.close()
  return file
}

describe("open()", () => {
  test("is the owner's to write, the group's to read, and nobody else's", () => {
    const database = open(join(folder, "mode", "new.db"))
    database.transaction(() => insert(database, "one"))
    const modeOf = (name: string) => (statSync(join(folder, "mode", name)).mode & 0o777).toString(8)
    expect(modeOf("")).toBe("750")
    expect(["new.db", "new.db-wal", "new.db-shm", "new.db.lock"].map(modeOf)).toEqual(["640", "640", "640", "640"])
    database.close()
  })

  test("sets WAL, FULL and a busy timeout, and makes the folder", () => {
    const database = open(join(folder, "deep", "er", "new.db"))
    expect(pragma(database, "journal_mode")).toBe("wal")
    expect(pragma(database, "synchronous")).toBe(2) // FULL
    expect(pragma(database, "busy_timeout")).toBeGreaterThan(0)
    database.close()
  })

  test("sets them again on a file that exists", () => {
    const database = open(made())
    expect(pragma(database, "journal_mode")).toBe("wal")
    expect(pragma(database, "synchronous")).toBe(2)
    expect(names(database)).toEqual(["kept"])
    database.close()
  })

  test("puts into its place what a killed process left in the log, synced or not", () => {
    const [killed, left, alone] = [newFile(), newFile(), newFile()]
    const database = open(killed)
    database.transaction(() => insert(database, "kept"))
    for (const suffix of ["", "-wal"]) copyFileSync(`${killed}${suffix}`, `${left}${suffix}`)
    const restarted = open(left)
    expect(names(restarted)).toEqual(["kept"])
    copyFileSync(left, alone)
    const durable = open(alone)
    expect(names(durable)).toEqual(["kept"])
    for (const each of [database, restarted, durable]) each.close()
  })

  test("refuses a file of another kind and leaves it as it was", () => {
    const file = made({ ...KIND, id: 0x9999 })
    expect(() => open(file)).toThrow(`${file} is not a spool: name another file in topology.yaml`)
  })

  test("refuses a file of a trial version, also for reading, and says what to do", () => {
    const file = made({ ...KIND, id: 0x9999 })
    const before = readFileSync(file)
    const kind = { ...KIND, formerIds: [0x8888, 0x9999] }
    const said =
      `${file} was written by a trial version of this programme, before its first release: ` +
      "move it away together with its -wal and -shm, a new spool is begun"
    expect(() => open(file, kind)).toThrow(new StorageError(said))
    expect(() => openForReading(file, kind)).toThrow(new StorageError(said))
    expect(readFileSync(file).equals(before)).toBe(true)
    open(made(), kind).close()
  })

  test("refuses a stranger's database and leaves it as it was", () => {
    const file = foreign("CREATE TABLE mine (a)")
    const before = readFileSync(file)
    expect(() => open(file)).toThrow(`${file} is not a spool`)
    expect(readFileSync(file).equals(before)).toBe(true)
  })

  test("refuses a newer version", () => {
    const file = made(NEXT)
    expect(() => open(file)).toThrow(`${file} was written by a newer version of this programme: update it first`)
  })

  test("refuses a trial's file for the farm, and the farm's for a trial", () => {
    const trial = made()
    expect(() => DurableDatabase.open(trial, KIND, "declared")).toThrow("holds the readings of a simulated network")
    const farm = newFile()
    DurableDatabase.open(farm, KIND, "declared").close()
    expect(() => open(farm)).toThrow("holds the readings of a real network: a simulation must not write to it")
  })

  test("lets go of the lock when it refuses", () => {
    const file = made(NEXT)
    expect(() => open(file)).toThrow(StorageError)
    open(file, NEXT).close()
  })

  test("migrates forward after a copy", () => {
    const file = made()
    const database = open(file, NEXT)
    expect(pragma(database, "user_version")).toBe(2)
    expect(database.sqlite.query("SELECT * FROM things").all()).toEqual([{ name: "kept", size: null }])
    database.close()
    const copy = open(`${file}.version1`)
    expect(names(copy)).toEqual(["kept"])
    copy.close()
  })

  test("fills in what SQL cannot compute once, in the transaction of the migration that needs it", () => {
    const file = made()
    const [first, second] = NEXT.migrations
    const measure = (sqlite: Database) => void sqlite.run("UPDATE things SET size = length(name)")
    const broken = (sqlite: Database) => {
      measure(sqlite)
      throw new Error("no size")
    }
    const withFill = (fill: (sqlite: Database) => void, ...later: readonly string[]) => ({
      ...KIND,
      migrations: [first, { sql: second, fill }, ...later],
    })
    expect(() => open(file, withFill(broken))).toThrow("no size")
    expect(() => open(file).close()).not.toThrow() // of its old version still
    const database = open(file, withFill(measure))
    expect(database.sqlite.query("SELECT * FROM things").all()).toEqual([{ name: "kept", size: 4 }])
    database.close()
    const later = open(file, withFill(broken, "ALTER TABLE things ADD COLUMN colour TEXT"))
    expect(later.sqlite.query("SELECT * FROM things").all()).toEqual([{ name: "kept", size: 4, colour: null }])
    later.close()
    const whole = open(made(), withFill(measure, "ALTER TABLE things DROP COLUMN size")) // which comes behind it
    expect(whole.sqlite.query("SELECT * FROM things").all()).toEqual([{ name: "kept" }])
    whole.close()
  })

  test.skipIf(!NAMESPACES)("says how much room the copy before a migration needs, and changes nothing", () => {
    const grown = `
      const next = { ...kind, migrations: [...kind.migrations, "ALTER TABLE things ADD COLUMN size INTEGER"] }
      const file = "${folder}/grown.db"
      const database = open(file)
      database.transaction(() => database.sqlite.run("INSERT INTO things VALUES (hex(randomblob(60000)))"))
      database.close()
      const upgrade = () => DurableDatabase.open(file, next, "simulated")
      const fill = () => require("node:fs").writeFileSync("${folder}/filler", Buffer.alloc(600000))`
    expect(saidIn(SMALL, `${grown}; fill(); upgrade()`)).toMatch(
      /grown\.db is of version 1, and of it a copy is made before it is brought up to date: that needs 0\.2 MiB, and 0\.[01] MiB are free there: make room and start again$/,
    )
    expect(saidIn(SMALL, `${grown}; fill(); try { upgrade() } catch {}; open(file)`)).toBe("") // of its old version still
    expect(saidIn(SMALL, `${grown}; upgrade()`)).toBe("")
  })

  test("migrates over the copy that an interrupted migration left", () => {
    const file = made()
    writeFileSync(`${file}.version1`, "half a copy")
    open(file, NEXT).close()
    const copy = open(`${file}.version1`)
    expect(names(copy)).toEqual(["kept"])
    copy.close()
  })

  test("changes nothing when a migration fails", () => {
    const file = made()
    const broken = {
      ...KIND,
      migrations: [...KIND.migrations, "CREATE TABLE more (a); INSERT INTO nowhere VALUES (1)"],
    }
    expect(() => open(file, broken)).toThrow("no such table: nowhere")
    const database = open(file)
    expect(pragma(database, "user_version")).toBe(1)
    expect(names(database)).toEqual(["kept"])
    database.close()
  })

  test("names what is no database, with what to do", () => {
    const file = newFile()
    writeFileSync(file, "08:00 - 20 - 30%\n".repeat(100))
    expect(() => open(file)).toThrow(`${file} is not a SQLite database: move it away, or name another file`)
  })

  test("names a damaged file, with what to do", () => {
    const file = made()
    const bytes = readFileSync(file)
    bytes.fill(0xff, 100, bytes.length)
    writeFileSync(file, bytes)
    expect(() => open(file)).toThrow(
      `${file} is damaged: move it away together with its -wal and -shm, and restore a copy`,
    )
  })

  test("names a folder that cannot be made", () => {
    const file = newFile()
    writeFileSync(file, "")
    expect(() => open(join(file, "sub", "spool.db"))).toThrow(`${join(file, "sub")} cannot be made`)
  })

  test("names what cannot be opened as a file", () => {
    expect(() => open(folder)).toThrow(`${folder} cannot be opened: it is a folder`)
  })

  test.skipIf(!NAMESPACES)("names a disk that is read-only, with a file on it and without", () => {
    const file = made()
    expect(refusalOnReadOnly(file)).toBe(`${file}.lock may not be written to: the disk is read-only`)
    expect(refusalOnReadOnly(newFile())).toEndWith(".lock cannot be opened: the disk is read-only")
  })
})

describe("openForReading()", () => {
  test("reads beside a writer and writes nothing", () => {
    const file = made()
    const writer = open(file)
    writer.transaction(() => insert(writer, "second"))
    const reader = openForReading(file, KIND)
    expect(reader.query("SELECT count(*) AS n FROM things").get()).toEqual({ n: 2 })
    expect(() => reader.run("DELETE FROM things")).toThrow("readonly")
    reader.close()
    writer.close()
  })

  test("says that nothing was collected when there is no file, or an empty one", () => {
    const file = newFile()
    expect(() => openForReading(file, KIND)).toThrow(`${file} does not exist yet: nothing was collected so far`)
    expect(existsSync(file)).toBe(false)
    writeFileSync(file, "")
    expect(() => openForReading(file, KIND)).toThrow(`${file} is empty: nothing was collected so far`)
  })

  test.skipIf(!NAMESPACES)("reads where it may not write: what was closed, and what a killed writer has left", () => {
    const [closed, killed] = [made(), newFile()]
    const writer = open(killed)
    writer.transaction(() => insert(writer, "in the log"))
    for (const suffix of ["", "-wal", "-shm"]) copyFileSync(`${killed}${suffix}`, `${killed}.copy${suffix}`)
    writer.close()
    expect(saidIn(READ_ONLY, `read(${JSON.stringify(closed)})`)).toBe("kept")
    expect(saidIn(READ_ONLY, `read(${JSON.stringify(`${killed}.copy`)})`)).toBe("in the log")
  })

  test.skipIf(!NAMESPACES)("reads on a full disk, or says why not", () => {
    const fill = `
      const { appendFileSync, rmSync } = require("node:fs")
      const full = () => { try { for (;;) appendFileSync("${folder}/filler", Buffer.alloc(4096)) } catch {} }
      const database = open("${folder}/a.db")
      database.transaction(() => database.sqlite.run("INSERT INTO things VALUES ('one')"))`
    expect(saidIn(SMALL, `${fill}; database.close(); full(); read("${folder}/a.db")`)).toBe("one")
    expect(saidIn(SMALL, `${fill}; full(); read("${folder}/a.db")`)).toBe("one")
    const copied = `for (const suffix of ["", "-wal"]) require("node:fs").copyFileSync("${folder}/a.db" + suffix, "${folder}/b.db" + suffix)`
    expect(saidIn(SMALL, `${fill}; ${copied}; full(); read("${folder}/b.db")`)).toMatch(
      /b\.db cannot be read \(SQLITE_\w+\): its last readings are in .*b\.db-wal, and .*: make room there, or ask as/,
    )
  })

  test("says of what was written to while it was read that it may be of two moments", () => {
    const file = made()
    const reader = new UnwrittenDatabase(file)
    expect(reader.query("SELECT count(*) AS n FROM things").get()).toEqual({ n: 1 })
    const writer = open(file)
    writer.transaction(() => insert(writer, "second"))
    writer.close()
    expect(() => reader.close()).toThrow(`${file} was written to while it was read: ask again`)
  })

  test("refuses another kind, an older and a newer version", () => {
    expect(() => openForReading(made({ ...KIND, id: 1 }), KIND)).toThrow("is not a spool")
    expect(() => openForReading(made(), NEXT)).toThrow("older version of this programme")
    expect(() => openForReading(made(NEXT), KIND)).toThrow("newer version of this programme")
  })
})

describe("copyDatabase()", () => {
  test("copies what was committed, beside a writer who is not held up", () => {
    const writer = open(made())
    const copy = newFile()
    writer.transaction(() => {
      insert(writer, "not yet")
      copyDatabase(writer.file, KIND, copy)
    })
    writer.transaction(() => insert(writer, "later"))
    writer.close()
    const copied = open(copy)
    expect(names(copied)).toEqual(["kept"])
    expect(pragma(copied, "integrity_check")).toBe("ok")
    copied.close()
  })

  test("keeps version and page size, of an older version too, which can then be brought up to date", () => {
    const copy = newFile()
    copyDatabase(made({ ...KIND, pageBytes: 8192 }), NEXT, copy)
    expect(() => openForReading(copy, NEXT)).toThrow("older version of this programme")
    const copied = open(copy, NEXT)
    expect([names(copied), pragma(copied, "page_size")]).toEqual([["kept"], 8192])
    copied.close()
  })

  test("refuses what is not there, another kind, and a damaged file by its name", () => {
    const [nowhere, copy] = [newFile(), newFile()]
    expect(() => copyDatabase(nowhere, KIND, copy)).toThrow(`${nowhere} does not exist yet`)
    expect(() => copyDatabase(made({ ...KIND, id: 1 }), KIND, copy)).toThrow("is not a spool")
    const damaged = made()
    const bytes = readFileSync(damaged)
    writeFileSync(damaged, bytes.fill(7, 4096))
    expect(() => copyDatabase(damaged, KIND, copy)).toThrow(`${damaged} is damaged`)
  })
})

describe("transaction()", () => {
  test("changes nothing when the work throws", () => {
    const database = open(newFile())
    const work = () => {
      insert(database, "one")
      throw new Error("no")
    }
    expect(() => database.transaction(work)).toThrow("no")
    expect(names(database)).toEqual([])
    database.close()
  })

  test("refuses when the disk is full, changes nothing, and works again when there is room", () => {
    const database = open(newFile())
    database.transaction(() => insert(database, "first"))
    database.sqlite.run(`PRAGMA max_page_count = ${pragma(database, "page_count")}`)
    const big = () => {
      insert(database, "small")
      insert(database, "x".repeat(100_000))
    }
    expect(() => database.transaction(big)).toThrow(StorageRefused)
    expect(names(database)).toEqual(["first"])
    database.sqlite.run("PRAGMA max_page_count = 100000")
    database.transaction(big)
    expect(names(database)).toHaveLength(3)
    database.close()
  })

  test("refuses for now when another program holds the file", () => {
    const file = newFile()
    const database = open(file)
    database.sqlite.run("PRAGMA busy_timeout = 0")
    const other = new Database(file)
    other.run("BEGIN IMMEDIATE")
    expect(() => database.transaction(() => insert(database, "one"))).toThrow("another program is writing to")
    other.run("ROLLBACK")
    database.transaction(() => insert(database, "one"))
    other.close()
    database.close()
  })
})
