// Whether the files that an open database writes are still those that have its name: mv and cp put others there, and
// what is written to those, or to a file without a name, is never found again.
import { realpathSync, type Stats, statSync } from "node:fs"
import { StorageError } from "./errors"
import { explain } from "./remedies"

/**
 * Nobody may have written between `note()`, after each writing of ours, and the checks before the next: of the log before
 * a transaction, which writes to that, of the main file before its commit, which may put the log's pages in their place.
 * A look at a file costs 2.5 µs, so no file is looked at twice for one answer.
 */
export class NamedFiles {
  readonly #log: string
  #mainLeft: Stats | undefined
  #logLeft: Stats | undefined

  /** @param main of a database that is open */
  constructor(private readonly main: string) {
    // SQLite follows links, and keeps its log beside what they lead to
    this.#log = `${realpathSync(main)}-wal`
    this.#mainLeft = look(main)
    this.#logLeft = look(this.#log)
  }

  /** Throws StorageError naming what somebody else has replaced or changed, or what the system says. */
  checkLog(): void {
    const now = look(this.#log)
    if (!isSame(this.#logLeft, now)) throw this.#logError(now)
  }

  /** Throws as `checkLog()` does. */
  checkMain(): void {
    const now = look(this.main)
    if (!isSame(this.#mainLeft, now)) throw this.#mainError(now)
  }

  /** Of the log alone the name has gone: what it holds is still in our hands. */
  get isLogAloneGone(): boolean {
    return this.#logLeft !== undefined && look(this.#log) === undefined && isSame(this.#mainLeft, look(this.main))
  }

  /** What is told when what such a log held has been put in its place. */
  savedLogError(): StorageError {
    return new StorageError(
      `${this.#log} ${difference(this.#logLeft, undefined)}: what it held is in ${this.main} now, start again`,
    )
  }

  /** Remembers how the files lie there after a writing of ours. Throws as `checkLog()` does, of files that are others than before. */
  note(): void {
    const main = look(this.main)
    const log = look(this.#log)
    if (main?.ino !== this.#mainLeft?.ino) throw this.#mainError(main)
    if (log?.ino !== this.#logLeft?.ino) throw this.#logError(log)
    this.#mainLeft = main
    this.#logLeft = log
  }

  #mainError(now: Stats | undefined): StorageError {
    const problem = `${this.main} ${difference(this.#mainLeft, now)}`
    if (!now) return new StorageError(`${problem}: put it back, or start again with a new one`)
    const back = `${problem}: put back what was there, together with its -wal`
    const isOther = now.ino !== this.#mainLeft?.ino
    if (!isOther || !isSame(this.#logLeft, look(this.#log))) {
      return new StorageError(`${back}, or start again with what is there now`)
    }
    const log = `${this.#log} away, which does not belong to what is there now`
    return new StorageError(`${back}, or move ${log}, and start again`)
  }

  #logError(now: Stats | undefined): StorageError {
    const problem = `${this.#log} ${difference(this.#logLeft, now)}`
    return new StorageError(
      now
        ? `${problem}: put back what was there, or restore a copy of both files, and start again`
        : `${problem}: it holds readings, put it back, or start again without them`,
    )
  }
}

function look(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })
  } catch (error) {
    throw explain(error, path)
  }
}

const isSame = (left: Stats | undefined, now: Stats | undefined): boolean =>
  left?.ino === now?.ino && left?.size === now?.size && left?.mtimeMs === now?.mtimeMs

function difference(left: Stats | undefined, now: Stats | undefined): string {
  if (!now) return "was moved or deleted while it was in use"
  const how = now.ino === left?.ino ? "changed by another program" : "replaced"
  return `was ${how} while it was in use, and nothing more is written to it`
}
