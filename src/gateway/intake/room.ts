// Whether an upload can be taken: not more than may wait for the disk, and not more than the spool and its disk may hold. It
// asks the disk now and then and leaves a margin; what does not fit all the same is refused by the disk itself.
import type { Clock } from "../../clock"
import { type Log, sparing } from "../../log"
import type { DurableDatabase } from "../../storage/database"
import { REFUSED_RETRY_SECONDS, REFUSED_TEXT, StorageFull } from "../../storage/errors"
import type { GroupCommit } from "../../storage/group-commit"
import { roomBytes } from "../../storage/size"
import { addDays, type Day } from "../../survey/calendar"
import type { GatewayEvent } from "../events"
import type { Ledger } from "../ledger/ledger"
import { SPOOL } from "../spool/schema"
import type { Spool } from "../spool/spool"

export interface RoomOptions {
  readonly database: DurableDatabase
  /** The most that the spool may hold, bytes; without it the disk decides. */
  readonly limitBytes?: number | undefined
  /** Uploads that may wait for the disk. */
  readonly maxWaiting: number
  readonly spool: Spool
  readonly ledger: Ledger
  readonly commits: GroupCommit
  readonly clock: Clock
  readonly log: Log
  readonly emit: (event: GatewayEvent) => void
}

/** Why an upload is not taken now, and when to come again. */
export interface Postponed {
  readonly kind: "postponed"
  readonly reason: string
  readonly retryAfterSeconds: number
}

const FULL: Postponed = { kind: "postponed", reason: REFUSED_TEXT, retryAfterSeconds: REFUSED_RETRY_SECONDS }
const TOO_MANY: Postponed = { kind: "postponed", reason: "Too many surveys at once: come again", retryAfterSeconds: 2 }

const SURVEY_BYTES = 128 // its columns beside its text, and its rows elsewhere
const PAGE_BYTES = SPOOL.pageBytes // a large one takes whole pages
const LOOK_EVERY_BYTES = 4 * 1024 * 1024 // of uploads: the disk may have been filled by others meanwhile
const ASK_AGAIN_MS = 1000 // for room for the reserve
// nearly full: less is left than so many reserves, or than such a part of the limit
const LOW_RESERVES = 4
const LOW_PART = 1 / 8
const DAYS_KEPT = 2 // the last ones that the cloud confirmed, whatever room they take

export class Room {
  /** What may be taken before the next look, bytes. */
  #left = 0
  /** Of uploads on their way to the disk: no look shows it. */
  #underWay = 0
  /** For the reserve, when it was gone. */
  #askedAt = Number.NEGATIVE_INFINITY
  #isClearing = false
  readonly #complain: (text: string) => void

  constructor(private readonly options: RoomOptions) {
    this.#complain = sparing(options.log.error, options.clock.monotonic)
  }

  /** The room that this upload takes, to be given back with `release()` when it is on the disk or will not come there. */
  claim(text: string): number | Postponed {
    const { commits, maxWaiting, database } = this.options
    if (commits.waiting >= maxWaiting) return TOO_MANY
    const row = text.length + SURVEY_BYTES
    const bytes = row < PAGE_BYTES ? row : Math.ceil(row / PAGE_BYTES) * PAGE_BYTES
    if (bytes > this.#left || database.reserve?.isHeld === false) {
      const refusal = this.#look(bytes)
      if (refusal) return refusal
    }
    this.#left -= bytes
    this.#underWay += bytes
    return bytes
  }

  release(bytes: number): void {
    this.#underWay -= bytes
  }

  #look(neededBytes: number): Postponed | undefined {
    const { database, limitBytes } = this.options
    const { sqlite, file, reserve } = database
    const marginBytes = reserve?.bytes ?? 0
    const room = roomBytes(sqlite, file, { marginBytes, limitBytes })
    if (room.isDiskFull || !this.#hasReserve()) return this.#full(`the disk of ${file} is full`)
    const left = room.bytes - this.#underWay
    this.#left = Math.min(LOOK_EVERY_BYTES, Math.max(left / 2, neededBytes), left)
    if (neededBytes <= left) return undefined
    const low = Math.min(marginBytes * LOW_RESERVES, (limitBytes ?? Number.POSITIVE_INFINITY) * LOW_PART)
    const isMakingRoom = room.bytes < Math.max(low, neededBytes) && this.#clear()
    if (isMakingRoom || neededBytes <= room.bytes) return TOO_MANY
    return this.#full(`${file} holds as much as limits.spool or its disk allows`)
  }

  /** Whether the reserve is there, or could be made again. */
  #hasReserve(): boolean {
    const { database, clock } = this.options
    if (database.reserve?.isHeld !== false) return true
    const now = clock.monotonic()
    if (now - this.#askedAt < ASK_AGAIN_MS) return false
    this.#askedAt = now
    return database.reserve.make()
  }

  #full(problem: string): Postponed {
    this.options.emit({ kind: "uploads-refused", error: new StorageFull(problem) })
    return FULL
  }

  /** The oldest day that the cloud has makes room: its surveys need not be kept, new ones must be. Whether there is one. */
  #clear(): boolean {
    if (this.#isClearing) return true
    const { ledger, spool, log } = this.options
    const { lastConfirmedDay } = ledger
    if (!lastConfirmedDay) return false
    const latest = addDays(lastConfirmedDay, -DAYS_KEPT)
    const isDispensable = (day: Day) => day <= latest && ledger.get(day)?.confirmed && spool.canPrune(day)
    const oldest = spool.days().find(isDispensable)
    if (!oldest) return false
    this.#isClearing = true
    ledger
      .release(oldest)
      .then(() => spool.prune(addDays(oldest, 1)))
      .then(
        () =>
          log.warn(`${oldest} made room in the spool for newer days, it is at the cloud: gateway.retention was longer`),
        (error) => this.#complain(`${oldest} could not make room in the spool: ${error.message}`),
      )
      .finally(() => {
        this.#isClearing = false
      })
    return true
  }
}
