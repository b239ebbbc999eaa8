import { afterEach, beforeEach, expect, test } from "bun:test"
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { makeFolder } from "../../src/storage/folder"

let root = ""
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "folder-"))
})
afterEach(() => rmSync(root, { recursive: true }))

/** The folders that were synced, from the lowest up. */
function synced(folder: string): string[] {
  const folders: string[] = []
  makeFolder(folder, (each) => folders.push(each))
  return folders
}

test("makeFolder() syncs the folder above each one that it made, and no other", () => {
  expect(synced(join(root, "a", "b", "c"))).toEqual([join(root, "a", "b"), join(root, "a"), root])
  expect(synced(join(root, "a", "d"))).toEqual([join(root, "a")])
  expect(existsSync(join(root, "a", "d"))).toBe(true)
})

test("makeFolder() leaves a folder that is there in peace", () => {
  mkdirSync(join(root, "there"))
  expect(synced(join(root, "there"))).toEqual([])
  expect(synced(root)).toEqual([])
})

test("makeFolder() really syncs, and says what is in the way", () => {
  makeFolder(join(root, "new"))
  writeFileSync(join(root, "file"), "")
  expect(() => makeFolder(join(root, "file", "below"))).toThrow("ENOTDIR")
})
