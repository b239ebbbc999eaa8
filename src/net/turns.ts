// Shares the event loop with everybody else: Bun hands over datagrams for as long as there are any, and until then no
// timer fires, no connection is read and nothing is committed. So many are handled at once, the rest waits for its turn.
import type { Clock } from "../clock"

const A_TURN = 1024 // enough for one commit to serve many
const A_TURN_MS = 20 // on a machine that is busy otherwise: meanwhile nobody empties the kernel's buffer
const LOOK_EVERY = 32 // at the clock
const ITEM_BYTES = 256 // of one that waits, beside its bytes

/** The most that waits in each of the two lines, in bytes: twice what the kernel holds. */
export const WAITING_BYTES = 8 * 1024 * 1024

export interface TurnsOptions<Item> {
  readonly clock: Pick<Clock, "monotonic">
  /** Must not throw. */
  readonly handle: (item: Item) => void
  readonly sizeOf: (item: Item) => number
  readonly ownerOf: (item: Item) => string
  /** The most of WAITING_BYTES that one owner takes up. */
  readonly ownerBytes: number
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

  /** False where too much waits, of this owner or of all: it is dropped. */
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

/** First come, first served, as long as there is room. */
class Line<Item> {
  #items: Item[] = []
  #next = 0
  #bytes = 0
  /** Of those who have any here. */
  readonly #bytesOf = new Map<string, number>()

  constructor(private readonly options: Pick<TurnsOptions<Item>, "sizeOf" | "ownerOf" | "ownerBytes">) {}

  get isEmpty(): boolean {
    return this.#items.length === 0
  }

  join(item: Item): boolean {
    const { sizeOf, ownerOf, ownerBytes } = this.options
    const owner = ownerOf(item)
    const bytes = sizeOf(item) + ITEM_BYTES
    const own = (this.#bytesOf.get(owner) ?? 0) + bytes
    if (own > ownerBytes || this.#bytes + bytes > WAITING_BYTES) return false
    this.#bytesOf.set(owner, own)
    this.#bytes += bytes
    this.#items.push(item)
    return true
  }

  next(): Item | undefined {
    const item = this.#items[this.#next]
    if (item === undefined) return undefined
    this.#next++
    this.#leave(item)
    // what has gone is let go of, now and then: shifting every time would cost too much
    if (this.#next === this.#items.length || this.#next === A_TURN) {
      this.#items = this.#items.slice(this.#next)
      this.#next = 0
    }
    return item
  }

  clear(): void {
    this.#items = []
    this.#next = 0
    this.#bytes = 0
    this.#bytesOf.clear()
  }

  #leave(item: Item): void {
    const { sizeOf, ownerOf } = this.options
    const owner = ownerOf(item)
    const bytes = sizeOf(item) + ITEM_BYTES
    const own = (this.#bytesOf.get(owner) ?? 0) - bytes
    if (own > 0) this.#bytesOf.set(owner, own)
    else this.#bytesOf.delete(owner)
    this.#bytes -= bytes
  }
}
