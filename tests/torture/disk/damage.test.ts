// A damaged database is named with what to do, by a process that starts and by one that runs, and never started anew.
import { Database } from "bun:sqlite"
import { afterAll, beforeAll, beforeEach, expect, test } from "bun:test"
import { closeSync, openSync, readFileSync, writeSync } from "node:fs"
import { Programme } from "./programme"
import type { Answer } from "./sender"
import { Site } from "./site"

const USER = 2 // the exit code: a person is needed
const PLACE = 61_000
const UNCHECKED_BYTES = 9 * 1024 * 1024 // more than is looked through at every start
const ALL = ["gateway", "cloud"]

let site: Site

beforeAll(async () => {
  site = await Site.make(PLACE + process.pid)
})
afterAll(() => site[Symbol.dispose]())
beforeEach(() => site.reset())

/** Overwrites a page with rubbish; the first is 1. */
function spoil(file: string, page: number): void {
  const size = pragma(file, "page_size")
  const descriptor = openSync(file, "r+")
  writeSync(descriptor, Buffer.alloc(size, "rubbish "), 0, size, (page - 1) * size)
  closeSync(descriptor)
}

function pragma(file: string, name: string): number {
  using sqlite = new Database(file)
  return sqlite.query<Record<string, number>, []>(`PRAGMA ${name}`).get()?.[name] ?? 0
}

/** Makes it larger than what is looked through at every start; the page that a table begins with. */
function enlarge(file: string, table: string): number {
  using sqlite = new Database(file)
  sqlite.run(`CREATE TABLE padding AS SELECT zeroblob(${UNCHECKED_BYTES}) AS room`)
  const found = sqlite.query<{ rootpage: number }, [string]>("SELECT rootpage FROM sqlite_schema WHERE name = ?")
  return found.get(table)?.rootpage ?? 0
}

/** Starts everything and uploads until it ends. */
async function run() {
  await using programme = new Programme(site.command(ALL))
  using sender = await site.sender()
  const answers = new Set<Answer>()
  while (programme.exit === undefined) answers.add(await sender.put(site.day, "08:00 - 1 - 1%\n"))
  return {
    exit: await programme.ended(),
    answers: [...answers],
    said: programme.lastLine,
    surprise: programme.surprise,
  }
}

const named = (file: string) => ({
  exit: USER,
  said: expect.stringContaining(`${file} is damaged: move it away together with its -wal and -shm, and restore a copy`),
  surprise: undefined,
})

test.each([
  "spool",
  "store",
] as const)("a damaged %s is named before anything is acknowledged, again and again", async (which) => {
  const file = site[which]
  spoil(file, pragma(file, "page_count"))
  const before = readFileSync(file)
  for (let start = 0; start < 2; start++) expect(await run()).toEqual({ ...named(file), answers: ["silent"] })
  expect(readFileSync(file).equals(before)).toBe(true)
})

test("damage that is met while it runs ends it, and the next start names it before anything else", async () => {
  spoil(site.spool, enlarge(site.spool, "replaced"))
  expect(await run()).toMatchObject(named(site.spool))
  expect(await run()).toEqual({ ...named(site.spool), answers: ["silent"] })
})
