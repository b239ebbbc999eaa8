// Transactions of simulated processes, and the locks that they have: a statement that would have to wait is told so by the
// server at once, and comes again when another transaction has ended.
import { SQL } from "bun"
import type { Result, Session } from "./bridge"

/** Does what is done at the server, with the way there and back. */
export type Travel = <T>(work: () => Promise<T>) => Promise<T>

const LOCKED = "55P03"
const DEADLOCK = "40P01"

/** Those that are open anywhere, and those of them that wait for another one to end. */
const open = new Set<Transaction>()
const blocked = new Set<Transaction>()
let ended = Promise.withResolvers<void>()

export class Transaction {
  /** Statements go in the order in which they are given. */
  #last: Promise<unknown> = Promise.resolve()
  #isOpen = true

  /** Begins it. */
  constructor(
    private readonly session: Session,
    private readonly travel: Travel,
    private readonly goOn: () => Promise<void>,
  ) {
    session.run("BEGIN")
    open.add(this)
  }

  unsafe(text: string, values: readonly unknown[] = []): Promise<Result> {
    const statement = () => this.travel(() => this.#run(text, values))
    const result = this.#last.then(statement, statement)
    this.#last = result
    return result
  }

  end(how: "COMMIT" | "ROLLBACK"): void {
    if (!this.#isOpen) return
    this.session.run(how)
    this.#over()
  }

  /** Its process is dead, or has given it up. */
  cut(): void {
    if (!this.#isOpen) return
    this.session.cut()
    this.#over()
  }

  async #run(text: string, values: readonly unknown[]): Promise<Result> {
    for (;;) {
      if (open.size === 1) return this.session.run(text, values)
      this.session.run("SAVEPOINT before") // a statement that fails takes all before it along
      try {
        return this.session.run(text, values)
      } catch (error) {
        if (stateOf(error) !== LOCKED) throw error
      }
      this.session.run("ROLLBACK TO before")
      await this.#anotherEnds()
      await this.goOn()
    }
  }

  async #anotherEnds(): Promise<void> {
    blocked.add(this)
    try {
      if (blocked.size === open.size) {
        throw new SQL.PostgresError("deadlock detected", { code: "ERR_POSTGRES_SERVER_ERROR", errno: DEADLOCK })
      }
      await ended.promise
    } finally {
      blocked.delete(this)
    }
  }

  #over(): void {
    this.#isOpen = false
    open.delete(this)
    blocked.delete(this)
    ended.resolve()
    ended = Promise.withResolvers()
  }
}

/** A statement outside of any. */
export async function waitForLock(run: () => Result, goOn: () => Promise<void>): Promise<Result> {
  for (;;) {
    try {
      return run()
    } catch (error) {
      if (stateOf(error) !== LOCKED || open.size === 0) throw error
    }
    await ended.promise
    await goOn()
  }
}

const stateOf = (error: unknown): string => (error instanceof SQL.PostgresError ? (error.errno ?? "") : "")
