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
const MOST_AT_ONCE = { bySender: 8, all: 64 } // of strangers, and as many of everybody else

interface Waiting {
  /** Among all that came. */
  readonly place: number
  readonly at: number
  readonly sender: string
  readonly refusal: Refusal
}

export class RefusedMessages {
  #ofStrangers: Waiting[] = []
  #ofOthers: Waiting[] = []
  readonly #bySender = new Map<string, number>()
  #noted = 0
  #notKept = 0
  #cancelWrite: (() => void) | undefined

  constructor(private readonly options: RefusedMessagesOptions) {}

  /** Keeps a message that cannot be used; it is written with all others of the same second. */
  note(refusal: Refusal): void {
    const { clock } = this.options
    this.#cancelWrite ??= clock.after(WRITE_EVERY_MS, () => this.#write())
    const sender = hostOf(refusal.peer ?? "")
    const own = this.#bySender.get(sender) ?? 0
    const waiting = refusal.kind === "stranger" ? this.#ofStrangers : this.#ofOthers
    const hasRoom = waiting.length < MOST_AT_ONCE.all || (own === 0 && this.#giveUpOne(waiting))
    if (own >= MOST_AT_ONCE.bySender || !hasRoom) {
      this.#notKept++
      return
    }
    this.#bySender.set(sender, own + 1)
    // a copy: a view would hold the whole datagram
    waiting.push({
      place: this.#noted++,
      at: clock.now(),
      sender,
      refusal: { ...refusal, bytes: Buffer.from(refusal.bytes) },
    })
  }

  /** The latest of a sender that has more than one. */
  #giveUpOne(waiting: Waiting[]): boolean {
    const at = waiting.findLastIndex(({ sender }) => (this.#bySender.get(sender) ?? 0) > 1)
    const [given] = at < 0 ? [] : waiting.splice(at, 1)
    if (!given) return false
    this.#bySender.set(given.sender, (this.#bySender.get(given.sender) ?? 0) - 1)
    this.#notKept++
    return true
  }

  /** Hands what waits to the next commit. May be called twice. */
  stop(): void {
    if (this.#cancelWrite) this.#write()
  }

  #write(): void {
    const { commits, quarantine, emit } = this.options
    this.#cancelWrite?.()
    this.#cancelWrite = undefined
    const waiting = [...this.#ofStrangers, ...this.#ofOthers].sort((a, b) => a.place - b.place)
    if (this.#notKept > 0) emit({ kind: "quarantine-flooded", notKept: this.#notKept })
    this.#ofStrangers = []
    this.#ofOthers = []
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
