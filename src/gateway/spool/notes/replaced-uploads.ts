// Uploads that later ones have replaced, known by their digests: a copy of one, delayed by the network, must not win.
import type { Clock } from "../../../clock"
import { EXCHANGE_LIFETIME_MS } from "../../../coap/resource"
import type { DurableDatabase } from "../../../storage/database"
import type { Day } from "../../../survey/calendar"
import { digestNumber } from "../../../survey/digest"

/** All methods that write do so within the caller's transaction. */
export class ReplacedUploads {
  constructor(
    private readonly database: DurableDatabase,
    private readonly clock: Clock,
  ) {}

  /** Another upload of this device and day has replaced the one of this digest. */
  remember(address: number, day: Day, digest: string): void {
    const now = this.clock.now()
    this.#query("DELETE FROM replaced WHERE address = ?1 AND replaced_at < ?2").run(address, now - EXCHANGE_LIFETIME_MS)
    this.#query("INSERT OR REPLACE INTO replaced VALUES (?1, ?2, ?3, ?4)").run(address, day, digestNumber(digest), now)
  }

  /** The same of all surveys between these slots, both included. */
  rememberAll(first: number, last: number): void {
    this.#query(
      `INSERT OR REPLACE INTO replaced
       SELECT slots.address, slots.day, coalesce(upload, digest), ?3
       FROM slots CROSS JOIN surveys USING (id) WHERE slots.slot BETWEEN ?1 AND ?2`,
    ).run(first, last, this.clock.now())
  }

  /** For how long an upload of this digest is a stray still, ms; 0 where it is none. */
  strayForMs(address: number, day: Day, digest: string): number {
    const row = this.#query<{ replaced_at: number }>(
      "SELECT replaced_at FROM replaced WHERE address = ?1 AND day = ?2 AND digest = ?3",
    ).get(address, day, digestNumber(digest))
    const ageMs = row ? this.clock.now() - row.replaced_at : EXCHANGE_LIFETIME_MS
    // a clock that was set back must not make a stray of everything
    return ageMs < 0 ? 0 : EXCHANGE_LIFETIME_MS - ageMs
  }

  /** Forgets those that can come no more. */
  prune(): void {
    this.#query("DELETE FROM replaced WHERE replaced_at < ?1").run(this.clock.now() - EXCHANGE_LIFETIME_MS)
  }

  #query<Result = unknown>(sql: string) {
    return this.database.sqlite.query<Result, (string | number | bigint)[]>(sql)
  }
}
