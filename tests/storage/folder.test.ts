import { afterEach, beforeEach, expect, test } from "bun:test"
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, relative } from "node:path"
import { StorageError, StorageFailed } from "../../src/storage/errors"
import { makeFolder, syncFolder } from "../../src/storage/folder"
import { folderError } from "../../src/storage/remedies"

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

test("makeFolder() syncs the name of a folder that is there: nobody knows whether its maker did", () => {
  mkdirSync(join(root, "there"))
  expect(synced(join(root, "there"))).toEqual([root])
  expect(synced("/")).toEqual(["/"])
})

test("makeFolder() takes a relative path, with a slash behind it", () => {
  const path = relative(process.cwd(), join(root, "x", "y"))
  expect(synced(`${path}/`)).toEqual([join(root, "x"), root])
})

test("makeFolder() says what is in the way", () => {
  writeFileSync(join(root, "file"), "")
  expect(() => makeFolder(join(root, "file", "below"))).toThrow("ENOTDIR")
})

const failing = (code: string) => () => {
  throw Object.assign(new Error(code), { code })
}

test("syncFolder() syncs the folder", () => {
  const descriptors: number[] = []
  syncFolder(root, (descriptor) => descriptors.push(descriptor))
  expect(descriptors).toEqual([expect.any(Number)])
})

test.each(["EINVAL", "ENOTSUP"])("syncFolder() goes on where a file system answers %s", (code) => {
  expect(() => syncFolder(root, failing(code))).not.toThrow()
})

test.each(["EIO", "ENOSPC"])("syncFolder() does not go on after %s", (code) => {
  expect(() => syncFolder(root, failing(code))).toThrow(code)
})

test("folderError() tells a disk that fails from what a person can mend", () => {
  const error = (code: string, syscall: string) => Object.assign(new Error(code), { code, syscall })
  expect(folderError("/x", error("ENOTDIR", "mkdir"))).toBeInstanceOf(StorageError)
  expect(folderError("/x", error("ENOSPC", "mkdir"))).toBeInstanceOf(StorageError)
  for (const [code, syscall] of [
    ["EIO", "mkdir"],
    ["EIO", "fsync"],
    ["ENOSPC", "fsync"],
  ] as const) {
    expect(folderError("/x", error(code, syscall))).toBeInstanceOf(StorageFailed)
  }
})
