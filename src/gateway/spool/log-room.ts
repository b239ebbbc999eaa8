// How much one transaction may write to the spool's log: on a full disk nothing can be marked or deleted, so it has to be
// left room to end.
import type { DurableDatabase } from "../../storage/database"
import { pageBytes } from "../../storage/size"
import { reserveBytes, spare } from "./space"

const ALWAYS = 1 / 8 // of the reserve, without a look at the disk

export class LogRoom {
  readonly #alwaysBytes: number
  #writtenBytes = 0
  /** As it was when that became a question. */
  #spareBytes: number | undefined

  constructor(private readonly database: DurableDatabase) {
    this.#alwaysBytes = reserveBytes(database.file, pageBytes(database.sqlite).one) * ALWAYS
  }

  /** What the transaction may still write; where others have filled the disk, what the reserve has for it. */
  get bytes(): number {
    return Math.max(this.#alwaysBytes, this.#spare()) - this.#writtenBytes
  }

  /** The transaction has written so much. */
  wrote(bytes: number): void {
    this.#writtenBytes += bytes
  }

  /** Whether the transaction may write so much more. */
  has(bytes: number): boolean {
    const needed = this.#writtenBytes + bytes
    if (needed <= this.#alwaysBytes) return true
    return needed <= this.#spare()
  }

  /** The transaction is over. */
  reset(): void {
    this.#writtenBytes = 0
    this.#spareBytes = undefined
  }

  #spare(): number {
    const { sqlite, file } = this.database
    this.#spareBytes ??= spare(sqlite, file).logBytes
    return this.#spareBytes
  }
}
