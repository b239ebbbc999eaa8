// Folders that outlive a power cut: a file that was synced is lost all the same where its folder's name was not.
import { closeSync, fsyncSync, mkdirSync, openSync } from "node:fs"
import { dirname } from "node:path"

const CANNOT_SYNC_FOLDERS = ["EINVAL", "ENOTSUP"] // some file systems have no call for it

/**
 * Makes a folder, and those above it, durably. Throws the system's error.
 * @param sync makes the names in a folder durable
 */
export function makeFolder(folder: string, sync: (folder: string) => void = syncFolder): void {
  const highest = mkdirSync(folder, { recursive: true })
  if (highest === undefined) return
  for (let made = folder; made.length >= highest.length; made = dirname(made)) sync(dirname(made))
}

function syncFolder(folder: string): void {
  const descriptor = openSync(folder, "r")
  try {
    fsyncSync(descriptor)
  } catch (error) {
    if (!(error instanceof Error && "code" in error && CANNOT_SYNC_FOLDERS.includes(String(error.code)))) throw error
  } finally {
    closeSync(descriptor)
  }
}
