import { afterEach, beforeEach, expect, test } from "bun:test"
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Reserve } from "../../src/storage/reserve"

const BYTES = 1024 * 1024

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "reserve-"))
  file = join(folder, "spool.db.reserve")
})
afterEach(() => rmSync(folder, { recursive: true }))

const open = () => new Reserve(join(folder, "spool.db"), BYTES)

test("a reserve takes its bytes on the disk until it is given up, and can be made again", () => {
  const reserve = open()
  expect([reserve.isHeld, existsSync(file)]).toEqual([false, false])
  expect([reserve.make(), reserve.isHeld, statSync(file).size]).toEqual([true, true, reserve.bytes])
  expect([reserve.giveUp(), reserve.isHeld, existsSync(file)]).toEqual([true, false, false])
  expect(reserve.giveUp()).toBe(false)
  expect(reserve.make()).toBe(true)
})

test("a reserve is the owner's to write, the group's to read, and nobody else's", () => {
  open().make()
  expect(statSync(file).mode & 0o777).toBe(0o640)
})

test("a reserve that is there is not written anew; what a crash left of one is", () => {
  open().make()
  const { ino, mtimeMs } = statSync(file)
  expect(open().make()).toBe(true)
  expect(statSync(file)).toMatchObject({ ino, mtimeMs })
  writeFileSync(file, "a part")
  expect(open().make()).toBe(true)
  expect(statSync(file).size).toBeGreaterThanOrEqual(BYTES / 4)
})

test("a reserve is given up also by whoever has not made it: a start on a full disk", () => {
  open().make()
  expect(open().giveUp()).toBe(true)
  expect(existsSync(file)).toBe(false)
})
