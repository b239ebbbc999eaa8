// Room on the disk that a database keeps for work that makes room there: on a full disk nothing can be marked or deleted
// otherwise. It is made when the database is opened, given up when such work meets a full disk, and made again later; as long
// as it is gone nothing new is taken.
import { closeSync, existsSync, openSync, rmSync, writeSync } from "node:fs"
import { codeOf } from "./errors"
import { FILE_MODE } from "./folder"
import { explain } from "./remedies"
import { shareOfDisk, sizeOf } from "./size"

const LEAST_BYTES = 256 * 1024
const CHUNK_BYTES = 64 * 1024

export class Reserve {
  readonly #file: string
  readonly bytes: number
  #isHeld = false

  constructor(database: string, mostBytes: number) {
    this.#file = `${database}.reserve`
    this.bytes = reserveBytes(database, mostBytes)
  }

  get isHeld(): boolean {
    return this.#isHeld
  }

  /** Makes it, if it is not there; whether it is now. Throws as opening a database does when the disk fails. */
  make(): boolean {
    if (!this.#isHeld) this.#isHeld = sizeOf(this.#file) >= this.bytes || this.#write()
    return this.#isHeld
  }

  /** Whether there was one to be given up. */
  giveUp(): boolean {
    const wasThere = existsSync(this.#file)
    rmSync(this.#file, { force: true })
    this.#isHeld = false
    return wasThere
  }

  #write(): boolean {
    // not zeros: a file system that compresses would keep no room for them
    const chunk = crypto.getRandomValues(new Uint8Array(CHUNK_BYTES))
    let descriptor: number | undefined
    try {
      descriptor = openSync(this.#file, "w", FILE_MODE)
      for (let left = this.bytes; left > 0; ) left -= writeSync(descriptor, chunk, 0, Math.min(left, chunk.length))
      return true
    } catch (error) {
      const code = codeOf(error)
      if (code === "EFBIG") return true // of a process that may write no more the database itself will tell
      this.giveUp()
      if (code === "ENOSPC" || code === "EDQUOT") return false
      throw explain(error, this.#file)
    } finally {
      if (descriptor !== undefined) closeSync(descriptor)
    }
  }
}

/** Of a small disk what it can spare. */
export const reserveBytes = (database: string, mostBytes: number): number =>
  Math.max(LEAST_BYTES, shareOfDisk(database, mostBytes))
