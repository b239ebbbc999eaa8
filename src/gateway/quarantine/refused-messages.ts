// Refused messages on their way to the quarantine: a flood of them costs one small commit a second, and leaves room for
// those of others.
import type { Clock } from "../../clock"
import { StorageRefused } from "../../storage/errors"
import type { GroupCommit } from "../../storage/group-commit"
import type { GatewayEvent } from "../events"
import { hostOf, type Quarantine, type Refusal } from "./quarantine"

export interface RefusedMessagesOptions {
  readonly quarantine: Quarantine
  readonly commits: GroupCommit
  readonly clock: Clock
  readonly emit: (event: GatewayEvent) => void
}

const WRITE_EVERY_MS = 1000
const MOST_AT_ONCE = { bySender: 8, all: 64 }

export class RefusedMessages {
  #waiting: { readonly at: number; readonly refusal: Refusal }[] = []
  readonly #bySender = new Map<string, number>()
  #notKept = 0
  #cancelWrite: (() => void) | undefined

  constructor(private readonly options: RefusedMessagesOptions) {}

  /** Keeps a message that cannot be used; it is written with all others of the same second. */
  note(refusal: Refusal): void {
    const { clock } = this.options
    this.#cancelWrite ??= clock.after(WRITE_EVERY_MS, () => this.#write())
    const sender = hostOf(refusal.peer ?? "")
    const count = (this.#bySender.get(sender) ?? 0) + 1
    if (count > MOST_AT_ONCE.bySender || this.#waiting.length >= MOST_AT_ONCE.all) {
      this.#notKept++
      return
    }
    this.#bySender.set(sender, count)
    // a copy: a view would hold the whole datagram
    this.#waiting.push({ at: clock.now(), refusal: { ...refusal, bytes: Buffer.from(refusal.bytes) } })
  }

  /** Hands what waits to the next commit. May be called twice. */
  stop(): void {
    if (this.#cancelWrite) this.#write()
  }

  #write(): void {
    const { commits, quarantine, emit } = this.options
    this.#cancelWrite?.()
    this.#cancelWrite = undefined
    const waiting = this.#waiting
    if (this.#notKept > 0) emit({ kind: "quarantine-flooded", notKept: this.#notKept })
    this.#waiting = []
    this.#bySender.clear()
    this.#notKept = 0
    commits
      .add(() => {
        for (const { at, refusal } of waiting) quarantine.add(at, refusal)
      })
      .catch((error) => {
        if (error instanceof StorageRefused) emit({ kind: "uploads-refused", error })
      })
  }
}
