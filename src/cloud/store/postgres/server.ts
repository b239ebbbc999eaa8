// A PostgreSQL server through a pool of connections. Whatever is asked of it has a deadline: a frozen server would hold its
// clients for ever.
import { SQL } from "bun"
import { type Clock, pause, systemClock } from "../../../clock"
import { StorageError, StorageUnavailable } from "../../../storage/errors"
import { readSecret, type Secret } from "../../../topology/alerts/secret"
import { shownStore } from "../../../topology/cloud/server-url"
import { isCollision, sortOut } from "./errors"
import { libpqPassword, serverPlace } from "./libpq"

/** Whoever runs SQL: the pool, or the one connection of a transaction. */
export type Runner = Pick<SQL, "unsafe">

export interface ServerOptions {
  /** A postgres:// URL without a password. */
  readonly url: string
  readonly password: Secret | undefined
  /** To which the password's file is relative. */
  readonly folder: string
  readonly clock?: Clock
  /** How long a question may take; 10 s unless told. */
  readonly deadlineMs?: number
  readonly environment?: Readonly<Record<string, string | undefined>>
}

const CONNECTIONS = 6 // four batches, and what is asked meanwhile
const DEADLINE_MS = 10_000
const EARLIER_MS = 1000 // the server ends a statement before we give up waiting for it
const CONNECT_SECONDS = 5
const AWHILE_MS = 5000 // for whoever stops
const TRIES = 5 // of what collides with another one
const PAUSE_MS = 20

/** What every session is told. */
const SESSION = {
  application_name: "smart-meter-iot",
  synchronous_commit: "on", // whatever is said for others
  lock_timeout: "5s",
  idle_in_transaction_session_timeout: "10s", // of a cloud that is frozen: others wait for its locks
}

export class Server {
  readonly shown: string
  readonly #clock: Clock
  readonly #deadlineMs: number
  readonly #underWay = new Set<Promise<void>>()
  #pool: SQL | undefined
  #isClosed = false
  #isBegun = false

  constructor(private readonly options: ServerOptions) {
    this.shown = shownStore(options.url)
    this.#clock = options.clock ?? systemClock
    this.#deadlineMs = options.deadlineMs ?? DEADLINE_MS
  }

  /** From now on what a person has to mend is waited for too: deliveries are safe where they are. */
  begun(): void {
    this.#isBegun = true
  }

  /** Runs statements that need not hold together. Rejects with StorageUnavailable, StorageError, or the error of a value. */
  run<T>(work: (sql: Runner) => Promise<T>): Promise<T> {
    return this.#attempt((pool) => work(pool))
  }

  /** Runs all of it or nothing, durable when it resolves; once more where it collided with another one. */
  transaction<T>(work: (sql: Runner) => Promise<T>): Promise<T> {
    return this.#attempt((pool) => pool.begin((sql) => work(sql)) as Promise<T>)
  }

  /** Without what sessions are told: what the server would do by itself. */
  async settings(names: readonly string[]): Promise<Map<string, string>> {
    const pool = this.#open(1, { application_name: SESSION.application_name })
    try {
      const rows = await this.#withDeadline(pool, () =>
        pool.unsafe(`SELECT ${names.map((name) => `current_setting('${name}', true) AS ${name}`).join(", ")}`),
      )
      return new Map(Object.entries(rows[0] ?? {}).map(([name, value]) => [name, String(value ?? "")]))
    } catch (error) {
      throw sortOut(error, this.shown)
    } finally {
      await pool.close({ timeout: 0 })
    }
  }

  /** What is under way has a while to end: a pool cuts transactions between two statements. May be called twice. */
  async close(): Promise<void> {
    await this.awhile(this.#idle())
    this.#isClosed = true
    await this.#pool?.close({ timeout: 0 })
    this.#pool = undefined
  }

  /** Resolves when this has ended, or when whoever stops has waited for long enough. */
  async awhile(work: Promise<unknown>): Promise<void> {
    const late = Promise.withResolvers<void>()
    const cancel = this.#clock.after(AWHILE_MS, late.resolve)
    try {
      await Promise.race([work, late.promise])
    } finally {
      cancel()
    }
  }

  async #idle(): Promise<void> {
    while (this.#underWay.size > 0) {
      await Promise.all(this.#underWay)
      await new Promise((resolve) => setImmediate(resolve)) // whoever was answered may go on with another transaction
    }
  }

  #attempt<T>(work: (pool: SQL) => Promise<T>): Promise<T> {
    const attempt = this.#tryAgain(work)
    const over = () => void this.#underWay.delete(ended)
    const ended = attempt.then(over, over)
    this.#underWay.add(ended)
    return attempt
  }

  async #tryAgain<T>(work: (pool: SQL) => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      const pool = (this.#pool ??= this.#open(CONNECTIONS, this.#session()))
      try {
        return await this.#withDeadline(pool, () => work(pool))
      } catch (error) {
        if (!isCollision(error) || tries === TRIES) throw this.#sorted(error)
        await pause(this.#clock, PAUSE_MS * tries)
      }
    }
  }

  async #withDeadline<T>(pool: SQL, work: () => Promise<T>): Promise<T> {
    const late = Promise.withResolvers<never>()
    const cancel = this.#clock.after(this.#deadlineMs, () => {
      // only that frees whoever waits on a frozen connection
      if (pool === this.#pool) this.#pool = undefined
      void pool.close({ timeout: 0 })
      late.reject(new StorageUnavailable(`${this.shown} has not answered for ${this.#deadlineMs / 1000} s`))
    })
    try {
      return await Promise.race([work(), late.promise])
    } finally {
      cancel()
    }
  }

  #open(max: number, connection: Readonly<Record<string, string>>): SQL {
    if (this.#isClosed) throw new StorageUnavailable(`${this.shown} is closed`)
    const { url, environment = process.env } = this.options
    const { host, ...place } = serverPlace(url, environment)
    const password = this.#password()
    const isTlsTold = /[?&](?:sslmode|ssl|tls)=/.test(url) || environment.PGSSLMODE !== undefined
    return new SQL({
      url: url.replace(/([?&])passfile=[^&]*&?/, "$1"),
      username: place.user,
      database: place.database,
      port: place.port,
      ...(host.startsWith("/") ? { path: host } : { hostname: host }),
      ...(password !== undefined && { password }),
      ...(!isTlsTold && { tls: "prefer" }), // as libpq does
      bigint: true,
      max,
      connectionTimeout: CONNECT_SECONDS,
      connection,
    })
  }

  #session(): Record<string, string> {
    return { ...SESSION, statement_timeout: String(this.#deadlineMs - EARLIER_MS) }
  }

  #sorted(error: unknown): unknown {
    const sorted = sortOut(error, this.shown)
    if (!this.#isBegun || !(sorted instanceof StorageError)) return sorted
    return new StorageUnavailable(sorted.message, { cause: sorted })
  }

  #password(): string | undefined {
    const { url, password, folder, environment = process.env } = this.options
    if (password === undefined) return libpqPassword(serverPlace(url, environment), url, environment)
    try {
      return readSecret(password, folder, environment)
    } catch (cause) {
      throw new StorageError(`The password of ${this.shown}: ${cause instanceof Error ? cause.message : cause}`, {
        cause,
      })
    }
  }
}
