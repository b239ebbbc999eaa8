// Group commit: everything that asks within one turn of the event loop shares one transaction and one fsync.
import type { DurableDatabase } from "./database"
import { isFatal, StorageRefused } from "./errors"

interface Work {
  apply: () => unknown
  resolve: (value: unknown) => void
  reject: (error: unknown) => void
}

const MAX_GROUP = 4096 // keeps one commit within tens of milliseconds

export class GroupCommit {
  #queue: Work[] = []
  #scheduled = false
  #fatal: unknown

  /** @param onFatal is told of an error after which nothing on the disk is certain */
  constructor(
    private readonly database: DurableDatabase,
    private readonly onFatal: (error: unknown) => void,
  ) {}

  /**
   * Runs `apply` within the next transaction and resolves with its result once that is durable. After a fatal error
   * everything is rejected with that: later commits would seem to succeed.
   */
  add<T>(apply: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#queue.push({ apply, resolve: resolve as (value: unknown) => void, reject })
      this.#schedule()
    })
  }

  #schedule(): void {
    if (this.#scheduled || this.#queue.length === 0) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#commitNext()
      this.#schedule()
    })
  }

  /** Commits at once all that waits. */
  flush(): void {
    while (this.#queue.length > 0) this.#commitNext()
  }

  #commitNext(): void {
    const group = this.#queue.splice(0, MAX_GROUP)
    if (group.length === 0) return
    try {
      this.#commit(group)
    } catch (error) {
      if (error instanceof StorageRefused || isFatal(error) || group.length === 1) this.#fail(group, error)
      else this.#commitOneByOne(group)
    }
  }

  #commit(group: readonly Work[]): void {
    if (this.#fatal !== undefined) throw this.#fatal
    const results = this.database.transaction(() => group.map(({ apply }) => apply()))
    for (const [index, { resolve }] of group.entries()) resolve(results[index])
  }

  /** One piece of work that cannot be done must not keep the others from the disk. */
  #commitOneByOne(group: readonly Work[]): void {
    for (const work of group) {
      try {
        this.#commit([work])
      } catch (error) {
        this.#fail([work], error)
      }
    }
  }

  #fail(group: readonly Work[], error: unknown): void {
    for (const { reject } of group) reject(error)
    if (!isFatal(error) || this.#fatal !== undefined) return
    this.#fatal = error
    this.onFatal(error)
  }
}
