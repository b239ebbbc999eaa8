// Shares the event loop with everybody else: Bun hands over datagrams for as long as there are any, and until then no
// timer fires, no connection is read and nothing is committed. So many are handled at once, the rest waits for its turn.
import type { Clock } from "../clock"

const A_TURN = 1024 // enough for one commit to serve many
const A_TURN_MS = 20 // on a machine that is busy otherwise: meanwhile nobody empties the kernel's buffer
const LOOK_EVERY = 32 // at the clock
const WAITING_BYTES = 8 * 1024 * 1024 // in each of the two lines: twice what the kernel holds
const ITEM_BYTES = 256 // of one that waits, beside its bytes

export interface TurnsOptions<Item> {
  readonly clock: Pick<Clock, "monotonic">
  /** Must not throw. */
  readonly handle: (item: Item) => void
  readonly sizeOf: (item: Item) => number
  /** Whose it is: owners that wait are served by turns. */
  readonly ownerOf: (item: Item) => string
  /** Goes before the others where they have to wait. */
  readonly isUrgent: (item: Item) => boolean
}

export class Turns<Item> {
  readonly #urgent: Line<Item>
  readonly #others: Line<Item>
  #left = A_TURN
  #endsAt = 0
  #isScheduled = false

  constructor(private readonly options: TurnsOptions<Item>) {
    this.#urgent = new Line(options)
    this.#others = new Line(options)
  }

  /** False where too much waits: something was dropped, of whoever has most waiting. */
  add(item: Item): boolean {
    const { handle, isUrgent } = this.options
    if (!this.#isScheduled) this.#begin()
    if (this.#isEmpty && this.#isMyTurn()) {
      handle(item)
      return true
    }
    return (isUrgent(item) ? this.#urgent : this.#others).join(item)
  }

  /** Forgets what waits. */
  stop(): void {
    this.#urgent.clear()
    this.#others.clear()
  }

  get #isEmpty(): boolean {
    return this.#urgent.isEmpty && this.#others.isEmpty
  }

  #begin(): void {
    this.#left = A_TURN
    this.#endsAt = this.options.clock.monotonic() + A_TURN_MS
    this.#isScheduled = true
    setImmediate(() => this.#take())
  }

  /** Whether one more may be handled now. */
  #isMyTurn(): boolean {
    if (this.#left % LOOK_EVERY === 0 && this.options.clock.monotonic() > this.#endsAt) this.#left = 0
    if (this.#left === 0) return false
    this.#left--
    return true
  }

  #take(): void {
    this.#isScheduled = false
    if (this.#isEmpty) return
    this.#begin()
    while (!this.#isEmpty && this.#isMyTurn()) {
      const item = this.#urgent.next() ?? this.#others.next()
      if (item !== undefined) this.options.handle(item)
    }
  }
}

/**
 * Those who wait are served in rounds, one item of each owner a round, and where there is no room the last round gives way:
 * one owner, however much it sends, keeps the others neither waiting nor out.
 */
class Line<Item> {
  #round = 0
  /** What is left of this round, the next one at its end. */
  #current: Item[] = []
  /** The rounds behind it, without a gap up to the last. */
  readonly #later = new Map<number, Item[]>()
  #lastRound = 0
  /** Of those who wait: how many items, and in which round the last of them is. */
  readonly #owners = new Map<string, { waiting: number; lastRound: number }>()
  #bytes = 0

  constructor(private readonly options: Pick<TurnsOptions<Item>, "sizeOf" | "ownerOf">) {}

  get isEmpty(): boolean {
    return this.#owners.size === 0
  }

  join(item: Item): boolean {
    const name = this.options.ownerOf(item)
    const owner = this.#owners.get(name) ?? { waiting: 0, lastRound: 0 }
    const round = Math.max(this.#round, owner.lastRound) + 1
    const bytes = this.#bytesOf(item)
    let hasRoom = true
    while (this.#bytes + bytes > WAITING_BYTES) {
      if (this.#lastRound <= round) return false
      hasRoom = false
      this.#dropLast()
    }
    const items = this.#later.get(round)
    if (items) items.push(item)
    else this.#later.set(round, [item])
    this.#lastRound = Math.max(this.#lastRound, round)
    this.#owners.set(name, { waiting: owner.waiting + 1, lastRound: round })
    this.#bytes += bytes
    return hasRoom
  }

  next(): Item | undefined {
    if (this.#current.length === 0) this.#beginRound()
    const item = this.#current.pop()
    if (item !== undefined) this.#leave(item)
    return item
  }

  clear(): void {
    this.#current = []
    this.#later.clear()
    this.#owners.clear()
    this.#bytes = 0
  }

  #beginRound(): void {
    const items = this.#later.get(this.#round + 1)
    if (!items) return
    this.#round++
    this.#later.delete(this.#round)
    this.#current = items.reverse()
  }

  #dropLast(): void {
    const items = this.#later.get(this.#lastRound) ?? []
    const item = items.pop()
    if (item !== undefined) this.#leave(item, this.#lastRound - 1)
    if (items.length > 0) return
    this.#later.delete(this.#lastRound)
    this.#lastRound--
  }

  #leave(item: Item, lastRound?: number): void {
    const name = this.options.ownerOf(item)
    const owner = this.#owners.get(name)
    if (owner) {
      owner.waiting--
      owner.lastRound = lastRound ?? owner.lastRound
      if (owner.waiting === 0) this.#owners.delete(name)
    }
    this.#bytes -= this.#bytesOf(item)
  }

  #bytesOf(item: Item): number {
    return this.options.sizeOf(item) + ITEM_BYTES
  }
}
