import { afterEach, beforeEach, expect, test } from "bun:test"
import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { makeBackup, removeOlder } from "../../../src/commands/backup/series"

const NOW = Date.UTC(2026, 10, 23, 5)
const HOUR_MS = 3_600_000

let folder = ""
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "series-"))
})
afterEach(() => rmSync(folder, { recursive: true }))

const original = () => join(folder, "original")
const contents = () => ({ site: "greenhouse", files: { copy: original() } })
const names = () => readdirSync(folder).filter((name) => name !== "original")

function make(now = NOW, copy = (into: string) => writeFileSync(join(into, "copy"), "whole")): string {
  writeFileSync(original(), "whole")
  return makeBackup(folder, contents(), now, copy)
}

/** What is left of one that was killed while it copied. */
function kill(now: number, writtenAtMs: number): string {
  const backup = make(now, (into) => {
    writeFileSync(join(into, "copy"), "ha")
    writeFileSync(join(into, "copy-journal"), "")
  })
  const part = `${backup}.part`
  Bun.spawnSync(["mv", backup, part])
  for (const name of readdirSync(part)) utimesSync(join(part, name), writtenAtMs / 1000, writtenAtMs / 1000)
  return part
}

test("makeBackup() names it by the time, and has its name when it is whole", () => {
  const seen: string[][] = []
  const backup = make(NOW, (into) => {
    writeFileSync(join(into, "copy"), "whole")
    seen.push(names())
  })
  expect(backup).toBe(join(folder, "2026-11-23T050000Z"))
  expect(seen).toEqual([["2026-11-23T050000Z.part"]])
  expect(readFileSync(join(backup, "copy"), "utf8")).toBe("whole")
})

test("makeBackup() leaves nothing of one that fails", () => {
  const fail = (into: string) => {
    writeFileSync(join(into, "copy"), "ha")
    throw new TypeError("no")
  }
  expect(() => make(NOW, fail)).toThrow("no")
  expect(names()).toEqual([])
})

test("makeBackup() gives two of one second names of their own", () => {
  expect([make(), make()].map((path) => path.slice(folder.length + 1))).toEqual([
    "2026-11-23T050000Z",
    "2026-11-23T050001Z",
  ])
})

test("makeBackup() removes what a killed one has left, when nobody has written to it for an hour", () => {
  const old = kill(NOW, Date.now() - 2 * HOUR_MS)
  const recent = kill(NOW + 1000, Date.now() - HOUR_MS / 2)
  const backup = make(NOW + 2000)
  expect(names().sort()).toEqual([recent, backup].map((path) => path.slice(folder.length + 1)))
  expect(old).toEndWith("2026-11-23T050000Z.part")
})

test("removeOlder() spares the one that was just made, also when the clock was set back", () => {
  const days = [NOW, NOW + 24 * HOUR_MS]
  const before = days.map((now) => make(now))
  const newest = make(0)
  expect(removeOlder(folder, contents(), newest, 2)).toEqual(before.slice(0, 1))
  expect(names().sort()).toEqual(["1970-01-01T000000Z", "2026-11-24T050000Z"])
})
