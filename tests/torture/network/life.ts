// One run of one process: its clock, its sockets and its databases end with it, at any moment and without a word.
import type { Clock, Random } from "../../../src/clock"
import type { World } from "./world"

/** What a dead process's code runs into where it cannot simply be ignored. */
export class Killed extends Error {
  override name = "Killed"
}

/** Where a process may be struck: before or after a transaction, or when it sends a datagram or writes to a stream. */
export type Moment = "before commit" | "after commit" | "send"

/** Something of a process that ends with it. */
export interface Belonging {
  /** @param silently the machine lost its power: nobody is told */
  end(silently: boolean): void
}

export interface LifeOptions {
  readonly name: string
  readonly world: World
  readonly random: Random
  /** How far its clock is ahead, ms. */
  readonly skewMs: number
}

export class Life implements Clock {
  readonly name: string
  readonly world: World
  readonly random: Random
  readonly #skewMs: number
  readonly #belongings = new Set<Belonging>()
  #isAlive = true
  #fate: { readonly moment: Moment; left: number; readonly die: () => void } | undefined
  #silently = false

  constructor({ name, world, random, skewMs }: LifeOptions) {
    this.name = name
    this.world = world
    this.random = random
    this.#skewMs = skewMs
  }

  get isAlive(): boolean {
    return this.#isAlive
  }

  /** Whole milliseconds, as a system tells them. */
  readonly now = (): number => Math.floor(this.world.clock.now() + this.#skewMs)

  readonly monotonic = (): number => this.world.clock.monotonic()

  readonly after = (delayMs: number, callback: () => void): (() => void) => {
    if (!this.#isAlive) return () => {}
    return this.world.clock.after(delayMs, () => this.perform(callback))
  }

  perform(event: () => void): void {
    if (this.#isAlive) this.world.perform(this, event)
  }

  own(belonging: Belonging): () => void {
    this.#belongings.add(belonging)
    return () => this.#belongings.delete(belonging)
  }

  /** Says what must not happen in it; a dead process's code may do as it likes. */
  fail(what: string): void {
    if (this.#isAlive) this.world.fail(`${this.name}: ${what}`)
  }

  /** Dies when it reaches this moment for the so-many-th time, from 1. */
  doom(moment: Moment, left: number, die: () => void): void {
    this.#fate = { moment, left, die }
  }

  /** The process is at such a moment, which may be its last. */
  reach(moment: Moment): void {
    const fate = this.#fate
    if (this.#isAlive && fate?.moment === moment && --fate.left === 0) fate.die()
  }

  /** From here on nothing that its code does has any effect. */
  kill(silently: boolean): void {
    if (this.#isAlive) this.world.kills++
    this.#isAlive = false
    this.#silently = silently
    if (this.world.current !== this) this.bury()
  }

  /** Ends what a dead process had, when no code of it is on the stack any more. */
  bury(): void {
    if (this.#isAlive) return
    for (const belonging of this.#belongings) belonging.end(this.#silently)
    this.#belongings.clear()
  }
}
