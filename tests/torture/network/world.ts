// A simulated world: its time, the order in which things happen in it, and the record of all that happened.
import { drainMicrotasks } from "bun:jsc"
import { VirtualClock } from "../../virtual-clock"
import type { Life } from "./life"

export class World {
  readonly clock: VirtualClock
  /** What must never happen, a line each. */
  readonly failures: string[] = []
  /** Processes that were killed. */
  kills = 0
  #current: Life | undefined
  #immediates: (() => void)[] = []
  readonly #trace = new Bun.CryptoHasher("sha256")

  constructor(startsAt: number) {
    this.clock = new VirtualClock(startsAt)
  }

  /** The process whose code runs now. */
  get current(): Life | undefined {
    return this.#current
  }

  /** What setImmediate stands for: the next turn of the process's event loop, which comes before time goes on. */
  readonly nextTurn = (callback: () => void): void => {
    this.#immediates.push(callback)
  }

  /** Does something in a process, with all that follows from it at once: promises first, then turns of its loop. */
  perform(life: Life, event: () => void): void {
    this.#current = life
    this.#attempt(life, event)
    for (let turn = this.#immediates; turn.length > 0; turn = this.#immediates) {
      this.#immediates = []
      for (const callback of turn) if (life.isAlive) this.#attempt(life, callback)
    }
    this.#current = undefined
    life.bury()
  }

  fail(what: string): void {
    this.failures.push(`${new Date(this.clock.now()).toISOString()} ${what}`)
  }

  /** Takes an event into the trace: what, where, when, and its bytes. */
  record(what: string, bytes: Uint8Array | string): void {
    this.#trace.update(`${this.clock.now()} ${what} ${bytes.length}\n`).update(bytes)
  }

  /** The same for the same events in the same order at the same times. Ends the trace. */
  get digest(): string {
    return this.#trace.digest("hex")
  }

  #attempt(life: Life, work: () => void): void {
    try {
      work()
    } catch (error) {
      life.fail(`uncaught: ${describe(error)}`)
    }
    drainMicrotasks()
  }
}

export const describe = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : `${error}`
