// What stands for Bun.SQL in a simulated process: the same statements at a real server. Their way takes simulated time, in
// which the process may die; the server's own work takes none. Whoever waits for a lock waits until a transaction has ended.
import { SQL } from "bun"
import { pause } from "../../../src/clock"
import type { Way } from "../engine"
import { Life } from "../network/life"
import { type Result, Session } from "./bridge"
import { Transaction, type Travel, waitForLock } from "./transaction"

type Options = Omit<SQL.PostgresOrMySQLOptions, "connection"> & {
  /** A simulated process, or the machine's own clock. */
  readonly clock: unknown
  readonly connection: Readonly<Record<string, string>>
}

// nobody else has locks there, and those of the simulation are not freed while it waits
const LOCK_TIMEOUT = "5ms"
const WRITES = /^\s*(?:WITH|INSERT|UPDATE|DELETE)\b/i
const NEVER = new Promise<never>(() => {})
const WAY_MS = 20
const SLOW_WAY_MS = 500
const SLOW_SHARE = 0.01

export const WAY: Way = { cutUntil: Number.NEGATIVE_INFINITY }

/** Sessions that nobody has, by their options: they outlive the simulated processes. */
const idle = new Map<string, Session[]>()

export class SimulatedSql {
  readonly #options: SQL.PostgresOrMySQLOptions
  readonly #key: string
  readonly #most: number
  readonly #life: Life | undefined
  readonly #disown: () => void
  /** Its sessions that are in use, each with the transaction that is open in it. */
  readonly #taken = new Map<Session, Transaction | undefined>()
  readonly #waiting: (() => void)[] = []
  #isClosed = false

  constructor({ clock, max = 1, connection, ...options }: Options) {
    this.#options = { ...options, connection: { ...connection, lock_timeout: LOCK_TIMEOUT } }
    this.#key = JSON.stringify(this.#options)
    this.#most = max
    this.#life = clock instanceof Life ? clock : undefined
    this.#disown = this.#life?.own({ end: () => this.#end() }) ?? (() => {})
  }

  unsafe(text: string, values: readonly unknown[] = []): Promise<Result> {
    const statement = (session: Session) => waitForLock(() => session.run(text, values), this.#goOn)
    return this.#withSession((session) =>
      this.#travel(() => (WRITES.test(text) ? this.#commit(() => statement(session)) : statement(session))),
    )
  }

  begin<T>(work: (sql: Transaction) => Promise<T>): Promise<T> {
    return this.#withSession(async (session) => {
      const transaction = await this.#travel(() => this.#beginIn(session))
      try {
        const result = await work(transaction)
        await this.#travel(() => this.#commit(async () => transaction.end("COMMIT")))
        return result
      } catch (error) {
        transaction.end("ROLLBACK")
        throw error
      }
    })
  }

  async close(): Promise<void> {
    this.#disown()
    this.#end()
  }

  /** Whatever is not committed is rolled back. */
  #end(): void {
    this.#isClosed = true
    for (const [session, transaction] of this.#taken) {
      transaction?.cut()
      this.#giveBack(session)
    }
  }

  async #withSession<T>(work: (session: Session) => Promise<T>): Promise<T> {
    while (this.#taken.size >= this.#most) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    await this.#goOn()
    const session = idle.get(this.#key)?.pop() ?? new Session(this.#options)
    this.#taken.set(session, undefined)
    try {
      return await work(session)
    } finally {
      this.#giveBack(session)
      this.#waiting.shift()?.()
    }
  }

  #giveBack(session: Session): void {
    if (this.#taken.delete(session)) idle.set(this.#key, [...(idle.get(this.#key) ?? []), session])
  }

  async #beginIn(session: Session): Promise<Transaction> {
    const struck: Travel = (work) => this.#travel(() => this.#beforeCommit().then(work))
    const transaction = new Transaction(session, struck, this.#goOn)
    this.#taken.set(session, transaction)
    return transaction
  }

  /** The process may be struck here, at each statement of a transaction and at its end. */
  async #beforeCommit(): Promise<void> {
    this.#life?.reach("before commit")
    await this.#goOn()
  }

  /** Or when it is committed, before the process hears of it. */
  async #commit<T>(work: () => Promise<T>): Promise<T> {
    const life = this.#life
    await this.#beforeCommit()
    const result = await work()
    life?.world.record(`commit of ${life.name}`, "")
    life?.reach("after commit")
    await this.#goOn()
    return result
  }

  readonly #travel: Travel = async (work) => {
    await this.#way()
    const result = await work()
    await this.#way()
    return result
  }

  /** To the server, or back from it. Whoever only reads the store, as the simulation itself does, is there at once. */
  async #way(): Promise<void> {
    const life = this.#life
    if (life) await pause(life, life.random() * (life.random() < SLOW_SHARE ? SLOW_WAY_MS : WAY_MS))
    await this.#goOn()
    if (life && life.world.clock.now() < WAY.cutUntil) throw noConnection()
  }

  /** What is dead does not go on, and what is closed rejects. */
  readonly #goOn = async (): Promise<void> => {
    if (this.#life?.isAlive === false) return NEVER
    if (!this.#isClosed) return
    throw noConnection()
  }
}

const noConnection = (): Error => new SQL.PostgresError("Connection closed", { code: "ERR_POSTGRES_CONNECTION_CLOSED" })
