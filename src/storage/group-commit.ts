// Group commit: everything that asks at the same time shares one transaction and one fsync.
import { type Clock, systemClock } from "../clock"
import type { DurableDatabase } from "./database"
import { isFatal, StorageFull, StorageRefused } from "./errors"

interface Work {
  apply: () => unknown
  resolve: (value: unknown) => void
  reject: (error: unknown) => void
}

/** What somebody who keeps part of the database in memory has to do around a transaction. */
export interface CommitHooks {
  /** After each piece of work: whether this transaction had better end. */
  readonly isEnough: () => boolean
  /** After the last piece of work, within the transaction. */
  readonly beforeCommit: () => void
  readonly committed: () => void
  /** Nothing of what the last pieces of work wrote is there. */
  readonly rolledBack: () => void
}

const NO_HOOKS: CommitHooks = { isEnough: () => false, beforeCommit() {}, committed() {}, rolledBack() {} }
const MAX_GROUP = 4096
const MAX_PORTION = 16_384
const MAX_GROUP_MS = 50 // meanwhile no socket is read and no timer fires
const MAX_TURNS = 16 // of the event loop, under load a fraction of a millisecond each

export class GroupCommit {
  #queue: Work[] = []
  #scheduled = false
  #fatal: unknown
  #hooks = NO_HOOKS

  /** @param onFatal is told of an error after which nothing on the disk is certain */
  constructor(
    private readonly database: DurableDatabase,
    private readonly onFatal: (error: unknown) => void,
    private readonly clock: Pick<Clock, "monotonic"> = systemClock,
  ) {}

  /** From now on every transaction runs these. */
  attach(hooks: Partial<CommitHooks>): void {
    this.#hooks = { ...NO_HOOKS, ...hooks }
  }

  /** Pieces of work that are not committed yet. */
  get waiting(): number {
    return this.#queue.length
  }

  /**
   * Runs `apply` within one of the next transactions and resolves with its result once that is durable. After a fatal
   * error everything is rejected with that: later commits would seem to succeed.
   */
  add<T>(apply: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#queue.push({ apply, resolve: resolve as (value: unknown) => void, reject })
      this.#schedule()
    })
  }

  /**
   * Writes in as many transactions as it takes; others have their turn between them. On a full disk the reserve is given
   * up, and the portions become smaller: what makes room must end there too. Resolves once all is durable.
   * @param write writes at most so many, behind those that are done; fewer end it
   * @throws StorageFull when the disk takes not even one: those before it are durable
   */
  async addInPortions(write: (most: number, done: number) => number): Promise<void> {
    let most = MAX_PORTION
    for (let done = 0; ; ) {
      try {
        const written = await this.add(() => write(most, done))
        if (written < most) return
        done += written
      } catch (error) {
        if (!(error instanceof StorageFull)) throw error
        if (this.database.reserve?.giveUp()) continue
        if (most === 1) throw error
        most /= 2
      }
    }
  }

  /** Commits at once all that waits. */
  flush(): void {
    while (this.#queue.length > 0) this.#commitNext()
  }

  #schedule(): void {
    if (this.#scheduled || this.#queue.length === 0) return
    this.#scheduled = true
    this.#gather(this.#queue.length, MAX_TURNS)
  }

  /** As long as each turn of the event loop brings more, all of it shares one fsync; one alone does not wait. */
  #gather(waiting: number, turnsLeft: number): void {
    setImmediate(() => {
      const { length } = this.#queue
      if (length > waiting && length < MAX_GROUP && turnsLeft > 0) {
        this.#gather(length, turnsLeft - 1)
        return
      }
      this.#scheduled = false
      this.#commitNext()
      this.#schedule()
    })
  }

  #commitNext(): void {
    const group = this.#queue.length <= MAX_GROUP ? this.#queue : this.#queue.slice(0, MAX_GROUP)
    this.#queue = this.#queue.slice(group.length)
    if (group.length === 0) return
    const settled = this.#commitAll(group)
    if (settled < group.length) this.#queue = [...group.slice(settled), ...this.#queue]
  }

  /** How many of these are settled, from the first on. */
  #commitAll(group: readonly Work[]): number {
    try {
      return this.#commit(group)
    } catch (error) {
      const isPoison = !(error instanceof StorageRefused || isFatal(error))
      if (isPoison && group.length > 1) return this.#commitOneByOne(group)
      this.#fail(group, error)
      return group.length
    }
  }

  /** How many of these are committed, from the first on. */
  #commit(group: readonly Work[]): number {
    if (this.#fatal !== undefined) throw this.#fatal
    const results: unknown[] = []
    const isOver = this.#timer()
    try {
      this.database.transaction(() => {
        for (const { apply } of group) {
          results.push(apply())
          if (this.#hooks.isEnough() || isOver()) break
        }
        this.#hooks.beforeCommit()
      })
    } catch (error) {
      this.#hooks.rolledBack()
      throw error
    }
    // ═══ fsync ═══ from here on it may be acknowledged
    this.#hooks.committed()
    for (let at = 0; at < results.length; at++) group[at]?.resolve(results[at])
    return results.length
  }

  /** One piece of work that cannot be done must not keep the others from the disk. Says how many are settled. */
  #commitOneByOne(group: readonly Work[]): number {
    const isOver = this.#timer()
    let settled = 0
    for (const work of group) {
      try {
        this.#commit([work])
      } catch (error) {
        this.#fail([work], error)
      }
      settled++
      if (isOver()) break
    }
    return settled
  }

  /** Whether the event loop must have a turn, from now on. */
  #timer(): () => boolean {
    const untilMs = this.clock.monotonic() + MAX_GROUP_MS
    return () => this.clock.monotonic() >= untilMs
  }

  #fail(group: readonly Work[], error: unknown): void {
    for (const { reject } of group) reject(error)
    if (!isFatal(error) || this.#fatal !== undefined) return
    this.#fatal = error
    this.onFatal(error)
  }
}
