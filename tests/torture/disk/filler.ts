// Others who fill a disk.
import { closeSync, openSync, writeSync } from "node:fs"

/** To the last byte. */
export function fill(file: string): void {
  const descriptor = openSync(file, "w")
  try {
    for (;;) writeSync(descriptor, Buffer.alloc(4096))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error
  } finally {
    closeSync(descriptor)
  }
}
