// Whether an upload can be taken: not more than may wait for the disk, and not more than the spool may hold.
import type { Database } from "bun:sqlite"
import { type Log, sparing } from "../log"
import { REFUSED_RETRY_SECONDS, REFUSED_TEXT, StorageRefused } from "../storage/errors"
import type { GroupCommit } from "../storage/group-commit"
import { pageBytes } from "../storage/size"
import { addDays, type Day } from "../survey/calendar"
import { heldDays } from "./history"
import type { Ledger } from "./ledger"
import { intakeBytes, reserveBytes, surveyBytes } from "./space"
import type { Spool } from "./spool"

export interface RoomOptions {
  /** The spool. */
  readonly file: string
  readonly sqlite: Database
  /** The most that the spool may hold, bytes; without it the disk decides. */
  readonly limitBytes?: number | undefined
  /** Uploads that may wait for the disk. */
  readonly maxWaiting: number
  readonly spool: Spool
  readonly ledger: Ledger
  readonly commits: GroupCommit
  readonly log: Log
  readonly now: () => number
  /** The spool is full. */
  readonly onRefused: (error: StorageRefused) => void
}

const COME_AGAIN_SECONDS = 2
const LOOK_EVERY_BYTES = 4 * 1024 * 1024 // of uploads: the disk may have been filled by others meanwhile
const PART_OF_RESERVE = 1 / 4 // each upload is written up to four times
const DAYS_KEPT = 2 // the last ones that the cloud confirmed, whatever room they take

export class Room {
  /** What may be taken before it is worth another look. */
  #leftBytes = 0
  /** For uploads on their way to the disk, and for those that have landed but are not in their place: no look shows it. */
  readonly #promised = { queuedBytes: 0, landedBytes: 0 }
  readonly #page: number
  readonly #complain: (text: string) => void
  #clearing = false

  constructor(private readonly options: RoomOptions) {
    this.#page = pageBytes(options.sqlite).one
    this.#complain = sparing(options.log.error, options.now)
  }

  /** Why an upload of so many bytes is not taken now; undefined where it may be: then `landed()` follows. */
  refuse(bytes: number): { readonly reason: string; readonly retryAfterSeconds: number } | undefined {
    const { commits, maxWaiting, file, onRefused } = this.options
    if (commits.waiting >= maxWaiting) {
      return { reason: "Too many surveys at once: come again", retryAfterSeconds: COME_AGAIN_SECONDS }
    }
    const neededBytes = surveyBytes(bytes, this.#page)
    if (this.#leftBytes < neededBytes) this.#look(neededBytes)
    if (this.#leftBytes >= neededBytes) {
      this.#leftBytes -= neededBytes
      this.#promised.queuedBytes += neededBytes
      return undefined
    }
    this.#clear()
    onRefused(new StorageRefused(`${file} holds as much as limits.spool or its disk allows`))
    return { reason: REFUSED_TEXT, retryAfterSeconds: REFUSED_RETRY_SECONDS }
  }

  /** An upload of so many bytes, which was not refused here, is on the disk, or will not come there. */
  landed(bytes: number): void {
    const promised = this.#promised
    const neededBytes = surveyBytes(bytes, this.#page)
    promised.queuedBytes -= neededBytes
    if (this.options.spool.unplaced === 0) promised.landedBytes = 0
    else promised.landedBytes += neededBytes
  }

  #look(neededBytes: number): void {
    const { spool, sqlite, file, limitBytes } = this.options
    const { queuedBytes, landedBytes } = this.#promised
    const promisedBytes = queuedBytes + (spool.unplaced > 0 ? landedBytes : 0)
    const lookAgainBytes = Math.min(LOOK_EVERY_BYTES, reserveBytes(file, this.#page) * PART_OF_RESERVE)
    this.#leftBytes = Math.min(
      Math.max(lookAgainBytes, neededBytes),
      intakeBytes(sqlite, file, limitBytes) - promisedBytes,
    )
  }

  /** The oldest day that the cloud has makes room: its surveys need not be kept, new ones must be. */
  #clear(): void {
    const { sqlite, ledger, spool, log } = this.options
    const { lastConfirmedDay } = ledger
    if (this.#clearing || !lastConfirmedDay) return
    const first = addDays(lastConfirmedDay, -DAYS_KEPT)
    const isDispensable = (day: Day) => day <= first && ledger.get(day)?.confirmed && spool.canPrune(day)
    const oldest = heldDays(sqlite).find(isDispensable)
    if (!oldest) return
    this.#clearing = true
    ledger
      .release(oldest)
      .then(() => spool.prune(addDays(oldest, 1)))
      .then(
        () =>
          log.warn(`${oldest} made room in the spool for newer days, it is at the cloud: gateway.retention was longer`),
        (error) => this.#complain(`${oldest} could not make room in the spool: ${error.message}`),
      )
      .finally(() => {
        this.#clearing = false
      })
  }
}
