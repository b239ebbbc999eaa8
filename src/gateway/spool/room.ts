// Whether an upload can be taken: not more than may wait for the disk, and not more than the spool may hold.
import type { Database } from "bun:sqlite"
import { type Log, sparing } from "../../log"
import { REFUSED_RETRY_SECONDS, REFUSED_TEXT, StorageRefused } from "../../storage/errors"
import type { GroupCommit } from "../../storage/group-commit"
import { pageBytes } from "../../storage/size"
import { addDays, type Day } from "../../survey/calendar"
import type { Ledger } from "../ledger/ledger"
import { heldDays } from "./history"
import type { Upload } from "./merge"
import { reserveBytes, spare, surveyBytes, uploadBytes } from "./space"
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

/** Of the room in the spool. */
export interface Claim {
  readonly bytes: number
  /** The day of which it may split a page, where that was counted. */
  readonly splitsPageOf: Day | undefined
}

/** Why an upload is not taken now. */
export interface Refusal {
  readonly reason: string
  readonly retryAfterSeconds: number
}

const FULL: Refusal = { reason: REFUSED_TEXT, retryAfterSeconds: REFUSED_RETRY_SECONDS }
const TOO_MANY: Refusal = { reason: "Too many surveys at once: come again", retryAfterSeconds: 2 }

const LOOK_EVERY_BYTES = 4 * 1024 * 1024 // of what uploads need: the disk may have been filled by others meanwhile
const PART_OF_RESERVE = 1 / 4 // may go before that is seen
// nearly full: less is left than so many reserves, or than such a part of the limit
const LOW_RESERVES = 4
const LOW_PART = 1 / 8
const DAYS_KEPT = 2 // the last ones that the cloud confirmed, whatever room they take

export class Room {
  /** What may be promised before it is worth another look, bytes. */
  #left = 0
  /** To uploads on their way to the disk: no look shows it. */
  #promised = 0
  /** There is room for whatever may wait, though each splits a page: they need not be counted. */
  #isAmple = false
  /** Pages that they may split, by day. */
  readonly #splits = new Map<Day, number>()
  readonly #page: number
  readonly #complain: (text: string) => void
  #clearing = false

  constructor(private readonly options: RoomOptions) {
    this.#page = pageBytes(options.sqlite).one
    this.#complain = sparing(options.log.error, options.now)
  }

  /** The room that this upload may use, to be given back with `release()` when it is on the disk or will not come there. */
  claim({ day, text }: Pick<Upload, "day" | "text">): Claim | Refusal {
    const { commits, maxWaiting } = this.options
    if (commits.waiting >= maxWaiting) return TOO_MANY
    const size = surveyBytes(text.length, this.#page)
    const bytes = uploadBytes(size, this.#isAmple, this.#page)
    const refusal = this.#refuse(bytes)
    if (refusal) return refusal
    // only now: it may read a day from the disk
    if (this.#isAmple || !this.#maySplit(day)) return this.#promise(bytes)
    const splitBytes = uploadBytes(size, true, this.#page)
    return this.#refuse(splitBytes) ?? this.#promise(splitBytes, day)
  }

  release({ bytes, splitsPageOf: day }: Claim): void {
    this.#promised -= bytes
    if (day === undefined) return
    const others = (this.#splits.get(day) ?? 0) - 1
    if (others > 0) this.#splits.set(day, others)
    else this.#splits.delete(day)
  }

  #promise(bytes: number, splitsPageOf?: Day): Claim {
    this.#left -= bytes
    this.#promised += bytes
    if (splitsPageOf !== undefined) this.#splits.set(splitsPageOf, (this.#splits.get(splitsPageOf) ?? 0) + 1)
    return { bytes, splitsPageOf }
  }

  #maySplit(day: Day): boolean {
    return (this.#splits.get(day) ?? 0) < this.options.spool.placing.splittable(day)
  }

  #refuse(neededBytes: number): Refusal | undefined {
    return neededBytes <= this.#left ? undefined : this.#look(neededBytes)
  }

  #look(neededBytes: number): Refusal | undefined {
    const { sqlite, file, limitBytes, maxWaiting, onRefused } = this.options
    const { placing } = this.options.spool
    const { fileBytes, logBytes } = spare(sqlite, file, limitBytes)
    if (logBytes <= 0 || placing.isRefused) {
      onRefused(new StorageRefused(`the disk of ${file} is full`))
      return FULL
    }
    const reserve = reserveBytes(file, this.#page)
    const lookAgainBytes = Math.min(LOOK_EVERY_BYTES, reserve * PART_OF_RESERVE)
    const unpromisedBytes = fileBytes - this.#promised - placing.needs.fileBytes
    this.#left = Math.min(Math.max(lookAgainBytes, neededBytes), unpromisedBytes)
    this.#isAmple = unpromisedBytes > maxWaiting * 2 * this.#page
    if (neededBytes <= this.#left) return undefined
    placing.placeSoon()
    const isFull = fileBytes < neededBytes
    const isNearlyFull =
      fileBytes < Math.min(reserve * LOW_RESERVES, (limitBytes ?? Number.POSITIVE_INFINITY) * LOW_PART)
    const isMakingRoom = (isFull || isNearlyFull) && this.#clear()
    if (isMakingRoom || !isFull) return TOO_MANY
    onRefused(new StorageRefused(`${file} holds as much as limits.spool or its disk allows`))
    return FULL
  }

  /** The oldest day that the cloud has makes room: its surveys need not be kept, new ones must be. Whether there is one. */
  #clear(): boolean {
    const { sqlite, ledger, spool, log } = this.options
    const { lastConfirmedDay } = ledger
    if (this.#clearing) return true
    if (!lastConfirmedDay) return false
    const first = addDays(lastConfirmedDay, -DAYS_KEPT)
    const isDispensable = (day: Day) => day <= first && ledger.get(day)?.confirmed && spool.canPrune(day)
    const oldest = heldDays(sqlite).find(isDispensable)
    if (!oldest) return false
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
    return true
  }
}
