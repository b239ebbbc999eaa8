// Shares the event loop with everybody else: Bun hands over datagrams for as long as there are any, and until then no
// timer fires, no connection is read and nothing is committed. So many are handled at once, the rest waits for its turn.

const A_TURN = 2048 // enough for one commit to serve many; some tens of milliseconds
const WAITING_BYTES = 8 * 1024 * 1024 // twice what the kernel holds
const ITEM_BYTES = 256 // of one that waits, beside its bytes

export class Turns<Item> {
  /** Dropped because too many waited. */
  dropped = 0
  #left = A_TURN
  #isScheduled = false
  #waiting: Item[] = []
  #next = 0
  #waitingBytes = 0

  /**
   * @param handle must not throw
   * @param sizeOf an item's bytes
   */
  constructor(
    private readonly handle: (item: Item) => void,
    private readonly sizeOf: (item: Item) => number,
  ) {}

  add(item: Item): void {
    if (!this.#isScheduled) this.#schedule()
    if (this.#left > 0 && this.#waiting.length === 0) {
      this.#left--
      this.handle(item)
      return
    }
    const bytes = this.sizeOf(item) + ITEM_BYTES
    if (this.#waitingBytes + bytes > WAITING_BYTES) {
      this.dropped++
      return
    }
    this.#waitingBytes += bytes
    this.#waiting.push(item)
  }

  /** Forgets what waits. */
  stop(): void {
    this.#waiting = []
    this.#waitingBytes = 0
  }

  #schedule(): void {
    this.#isScheduled = true
    setImmediate(() => this.#take())
  }

  #take(): void {
    this.#isScheduled = false
    this.#left = A_TURN
    for (; this.#left > 0; this.#left--) {
      const item = this.#waiting[this.#next]
      if (item === undefined) break
      this.#next++
      this.#waitingBytes -= this.sizeOf(item) + ITEM_BYTES
      this.handle(item)
    }
    this.#waiting = this.#waiting.slice(this.#next)
    this.#next = 0
    if (this.#waiting.length > 0) this.#schedule()
  }
}
