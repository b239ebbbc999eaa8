// A bound on the requests of one peer that are worked on at the same time.

/** Never throws, never rejects. */
export type Work = () => Promise<void> | undefined

interface IntakeOptions {
  readonly max: number
  /** No more work can be taken for now; what comes nevertheless waits here. */
  readonly onFull: () => void
  /** Half of the places are free again. */
  readonly onRoom: () => void
  /** Something that took its time has finished. */
  readonly onFinished: () => void
}

/** Begins work in the order in which it came, at most `max` at a time. */
export class Intake {
  readonly #options: IntakeOptions
  readonly #running = new Set<Promise<void>>()
  #waiting: Work[] = []
  #nextWaiting = 0
  #full = false

  constructor(options: IntakeOptions) {
    this.#options = options
  }

  get idle(): boolean {
    return this.#running.size === 0 && this.#waiting.length === 0
  }

  add(work: Work): void {
    if (this.#running.size < this.#options.max && this.#waiting.length === 0) {
      this.#begin(work)
      return
    }
    this.#waiting.push(work)
    if (this.#full) return
    this.#full = true
    this.#options.onFull()
  }

  /** Resolves when all that is being worked on now has finished. */
  async currentFinished(): Promise<void> {
    await Promise.all(this.#running)
  }

  /** Forgets what has not begun. */
  clear(): void {
    this.#waiting = []
    this.#nextWaiting = 0
  }

  #begin(work: Work): void {
    const running = work()?.then(() => {
      if (running) this.#running.delete(running)
      this.#advance()
      this.#options.onFinished()
    })
    if (running) this.#running.add(running)
  }

  #advance(): void {
    const { max, onRoom } = this.#options
    while (this.#running.size < max) {
      const work = this.#waiting[this.#nextWaiting]
      if (!work) break
      this.#nextWaiting++
      this.#begin(work)
    }
    if (this.#nextWaiting === this.#waiting.length) this.clear()
    if (!this.#full || this.#waiting.length > 0 || this.#running.size > max / 2) return
    this.#full = false
    onRoom()
  }
}
