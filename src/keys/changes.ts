// Notices that files were changed while they are in use: `pair`, and an authority's renewal, ask nobody.
import { statSync } from "node:fs"
import type { Clock } from "../clock"

const LOOK_EVERY_MS = 5000 // however many messages and connections come

export class FileChanges {
  #stamp: string
  #lookedAt: number

  /** As they are now, they are known. @param paths of files, and of folders of which it matters whether they are there */
  constructor(
    private readonly paths: readonly string[],
    private readonly clock: Pick<Clock, "monotonic">,
  ) {
    this.#stamp = stampOf(paths)
    this.#lookedAt = clock.monotonic()
  }

  /** Whether one is another than it was, once for each change. */
  look(): boolean {
    const now = this.clock.monotonic()
    if (now - this.#lookedAt < LOOK_EVERY_MS) return false
    this.#lookedAt = now
    const before = this.#stamp
    this.#stamp = stampOf(this.paths)
    return this.#stamp !== before
  }
}

function stampOf(paths: readonly string[]): string {
  const stats = paths.map((path) => statSync(path, { throwIfNoEntry: false }))
  const texts = stats.map((found) => {
    if (!found) return "-"
    return found.isDirectory() ? "folder" : `${found.ino} ${found.size} ${found.mtimeMs}`
  })
  return texts.join()
}
