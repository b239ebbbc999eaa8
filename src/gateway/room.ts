// Whether an upload can be taken: not more than may wait for the disk, and not more than the spool may hold.
import type { Database } from "bun:sqlite"
import type { Log } from "../log"
import { REFUSED_RETRY_SECONDS, REFUSED_TEXT, StorageRefused } from "../storage/errors"
import type { GroupCommit } from "../storage/group-commit"
import { addDays } from "../survey/calendar"
import { heldDays } from "./history"
import type { Ledger } from "./ledger"
import { roomBytes } from "./space"
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
  /** The spool is full. */
  readonly onRefused: (error: StorageRefused) => void
}

const COME_AGAIN_SECONDS = 2
const LOOK_EVERY_BYTES = 16 * 1024 * 1024 // of uploads: the disk may have been filled by others meanwhile
const COPIES = 3 // of an upload's text at most: as it lands, in its place, and what it replaces in quarantine
const ROW_BYTES = 256 // beside its text
const DAYS_KEPT = 2 // the last ones that the cloud confirmed, whatever room they take

export class Room {
  /** What may be taken before it is worth another look. */
  #leftBytes = 0
  #clearing = false

  constructor(private readonly options: RoomOptions) {}

  /** Why an upload of so many bytes is not taken now; undefined where it may be. */
  refuse(bytes: number): { readonly reason: string; readonly retryAfterSeconds: number } | undefined {
    const { commits, maxWaiting, sqlite, file, limitBytes, onRefused } = this.options
    if (commits.waiting >= maxWaiting) {
      return { reason: "Too many surveys at once: come again", retryAfterSeconds: COME_AGAIN_SECONDS }
    }
    const neededBytes = COPIES * bytes + ROW_BYTES
    if (this.#leftBytes < neededBytes) this.#leftBytes = Math.min(LOOK_EVERY_BYTES, roomBytes(sqlite, file, limitBytes))
    this.#leftBytes -= neededBytes
    if (this.#leftBytes >= 0) return undefined
    this.#clear()
    onRefused(new StorageRefused(`${file} holds as much as limits.spool or its disk allows`))
    return { reason: REFUSED_TEXT, retryAfterSeconds: REFUSED_RETRY_SECONDS }
  }

  /** The oldest day that the cloud has makes room: its surveys need not be kept, new ones must be. */
  #clear(): void {
    const { sqlite, ledger, spool, log } = this.options
    const { lastConfirmedDay } = ledger
    if (this.#clearing || !lastConfirmedDay) return
    const first = addDays(lastConfirmedDay, -DAYS_KEPT)
    const oldest = heldDays(sqlite).find((day) => day <= first && ledger.get(day)?.confirmed)
    if (!oldest) return
    this.#clearing = true
    ledger
      .release(oldest, () => spool.prune(addDays(oldest, 1)))
      .then(
        () =>
          log.warn(`${oldest} made room in the spool for newer days, it is at the cloud: gateway.retention was longer`),
        (error) => log.error(`${oldest} could not make room in the spool: ${error}`),
      )
      .finally(() => {
        this.#clearing = false
      })
  }
}
