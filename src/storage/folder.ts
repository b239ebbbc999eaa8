// Folders that outlive a power cut: a file that was synced is lost all the same where its folder's name was not.
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync } from "node:fs"
import { dirname, resolve } from "node:path"
import { codeOf } from "./errors"

// the owner's to write, the group's to read, nobody else's; as far as the umask allows
const FOLDER_MODE = 0o750
export const FILE_MODE = 0o640

const CANNOT_BE_SYNCED = [
  "EACCES", // it may be written to and not read
  "EINVAL", // its file system has no call for it
  "ENOTSUP",
]

/**
 * Makes a folder, and those above it, durably. Throws the system's error.
 * @param sync makes the names in a folder durable
 */
export function makeFolder(path: string, sync: (folder: string) => void = syncFolder): void {
  const folder = resolve(path)
  const highest = mkdirSync(folder, { recursive: true, mode: FOLDER_MODE }) ?? folder
  // also where it was there: whoever made it may have been killed before this
  for (let made = folder; ; made = dirname(made)) {
    sync(dirname(made))
    if (made === highest || made === dirname(made)) return
  }
}

/** Makes an empty file, unless it is there: SQLite would make it for everybody. Throws the system's error. */
export function makeFile(path: string): void {
  if (!existsSync(path)) closeSync(openSync(path, "a", FILE_MODE))
}

/** Makes what was written to a file durable. Throws the system's error. */
export function syncFile(file: string): void {
  const descriptor = openSync(file, "r") // also one that may only be read
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** Opens and syncs it, where it can be synced. */
export function syncFolder(folder: string, fsync: (descriptor: number) => void = fsyncSync): void {
  let descriptor: number | undefined
  try {
    descriptor = openSync(folder, "r")
    fsync(descriptor)
  } catch (error) {
    if (!CANNOT_BE_SYNCED.includes(codeOf(error))) throw error
  } finally {
    if (descriptor !== undefined) closeSync(descriptor)
  }
}
