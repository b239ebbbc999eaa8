import { afterAll, beforeAll, describe, expect, test } from "bun:test"
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type DatabaseKind, DurableDatabase } from "../../src/storage/database"

const KIND: DatabaseKind = { name: "spool", id: 0x1234, migrations: ["CREATE TABLE things (name TEXT)"] }

let folder = ""
let files = 0
const newFile = () => join(folder, `file${files++}.db`)
const open = (file: string) => DurableDatabase.open(file, KIND, "simulated")

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "lock-"))
})
afterAll(() => rmSync(folder, { recursive: true }))

describe("Lock", () => {
  test("says so when this process has the file already, for another purpose", () => {
    const file = newFile()
    const database = open(file)
    expect(() => open(file)).toThrow(`${file} is in use by this process already: name a file for each purpose`)
    database.close()
    open(file).close()
  })

  test("holds the file by whatever name a link gives to it", () => {
    const file = newFile()
    const database = open(file)
    const link = newFile()
    symlinkSync(file, link)
    expect(() => open(link)).toThrow(`${link} is in use by this process already`)
    database.close()
    open(link).close()
  })

  test("that is no database is named itself, with what to do", () => {
    const file = newFile()
    writeFileSync(`${file}.lock`, "rubbish ".repeat(200))
    expect(() => open(file)).toThrow(`${file}.lock is damaged: it holds nothing of value, delete it and start again`)
    rmSync(`${file}.lock`)
    open(file).close()
  })

  test("that cannot be opened is named itself", () => {
    const file = newFile()
    mkdirSync(`${file}.lock`)
    expect(() => open(file)).toThrow(`${file}.lock cannot be opened: is it a file?`)
  })

  test("names another process, and is freed by kill -9", async () => {
    const file = newFile()
    const script = `
      const { DurableDatabase } = await import(${JSON.stringify(join(import.meta.dir, "../../src/storage/database.ts"))})
      globalThis.kept = DurableDatabase.open(${JSON.stringify(file)}, ${JSON.stringify(KIND)}, "simulated")
      console.log("open")
      setInterval(() => {}, 1000)`
    const other = Bun.spawn([process.execPath, "-e", script], { stdout: "pipe", stderr: "inherit" })
    await other.stdout.getReader().read()
    expect(() => open(file)).toThrow(`in use by process ${other.pid}`)
    other.kill("SIGKILL")
    await other.exited
    open(file).close()
  })
})
