// What was refused or superseded, kept with the reason: nothing is dropped silently.
import type { DurableDatabase } from "../storage/database"
import type { Day } from "../survey/calendar"

export interface Refusal {
  readonly kind: "line" | "reading" | "message" | "delivery"
  readonly reason: string
  readonly bytes: string | Uint8Array
  readonly peer?: string
  readonly address?: number
  readonly day?: Day
}

const MAX_ROWS = 10_000
const PRUNE_EVERY = 1000 // rows; a peer that sends rubbish must not fill the disk before the next run
const MAX_BYTES_A_ROW = 4096

export class Quarantine {
  constructor(private readonly database: DurableDatabase) {}

  /** Within the caller's transaction. Superseded readings are kept whole, refused bytes up to 4 KiB. */
  add(at: number, { kind, reason, bytes, peer, address, day }: Refusal): void {
    const whole = Buffer.from(bytes)
    const kept = kind === "reading" ? whole : whole.subarray(0, MAX_BYTES_A_ROW)
    const { lastInsertRowid } = this.database.sqlite
      .query("INSERT INTO quarantine (at, kind, peer, address, day, reason, bytes) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")
      .run(at, kind, peer ?? null, address ?? null, day ?? null, reason, kept)
    if (Number(lastInsertRowid) % PRUNE_EVERY === 0) this.prune()
  }

  /** Keeps the newest; within the caller's transaction. */
  prune(): void {
    this.database.sqlite.query("DELETE FROM quarantine WHERE id <= (SELECT max(id) FROM quarantine) - ?1").run(MAX_ROWS)
  }

  get size(): number {
    const row = this.database.sqlite.query<{ rows: number }, []>("SELECT count(*) AS rows FROM quarantine").get()
    return row?.rows ?? 0
  }
}
