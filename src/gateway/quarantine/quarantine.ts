// What was refused or superseded, kept with the reason: nothing is dropped silently. In rows of at most 4 KiB, as many
// as the topology allows; where they are too many, whoever has most gives up its oldest.
import { shorten } from "../../printable"
import type { DurableDatabase } from "../../storage/database"
import type { Day } from "../../survey/calendar"
import { formatAddress } from "../../topology/address"
import { FILTERED, type Filter, filterValues, type Kind } from "./entries"

export interface Refusal {
  readonly kind: Kind
  readonly reason: string
  /** Of a `line` and a `reading`, whole lines. */
  readonly bytes: string | Uint8Array
  /** Address and port that it came from. */
  readonly peer?: string | undefined
  /** The declared device; of a stranger, the one that it spoke for. */
  readonly address?: number | undefined
  readonly day?: Day | undefined
  /** No other rules would take it: it is damaged, or only a part. */
  readonly forGood?: boolean
}

const BYTES_A_ROW = 4096
const REASON_CHARACTERS = 300
const PART = 10 // a tenth: of all rows for strangers, of those for one sender, and what is freed at a time
const MOST_STRANGERS = 1000
const NEWLINE = 0x0a

export class Quarantine {
  readonly #most: { readonly declared: number; readonly strangers: number }

  /** @param rows the most that are kept; strangers, whoever forges them, have no more than a tenth of them */
  constructor(
    private readonly database: DurableDatabase,
    rows: number,
  ) {
    const strangers = Math.min(MOST_STRANGERS, Math.floor(rows / PART))
    this.#most = { declared: rows - strangers, strangers }
  }

  /** Within the caller's transaction. `at` is ms since the epoch. */
  add(at: number, refusal: Refusal): void {
    const { kind, reason, peer, address, day, forGood } = refusal
    const sender = kind === "stranger" || address === undefined ? hostOf(peer ?? "") : formatAddress(address)
    const told = shorten(reason, REASON_CHARACTERS)
    const bytes = Buffer.from(refusal.bytes)
    for (const piece of kind === "line" || kind === "reading" ? piecesOf(bytes) : [bytes]) {
      const kept = piece.subarray(0, BYTES_A_ROW)
      const again = forGood || kept.length < piece.length || kind === "reading" ? 0 : 1
      const { lastInsertRowid } = this.#query(
        `INSERT INTO quarantine (at, kind, sender, peer, address, day, reason, bytes, size, again)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)`,
      ).run(at, kind, sender, peer ?? null, address ?? null, day ?? null, told, kept, piece.length, again)
      if (kind === "stranger") this.#boundStrangers()
      else this.#boundDeclared(Number(lastInsertRowid))
    }
  }

  /** What of a row still fails stays, or nothing of it; within the caller's transaction. */
  settle(id: number, rest: string): void {
    const bytes = Buffer.from(rest)
    if (rest === "") this.#query("DELETE FROM quarantine WHERE id = ?1").run(id)
    else this.#query("UPDATE quarantine SET bytes = ?2, size = ?3 WHERE id = ?1").run(id, bytes, bytes.length)
  }

  /** Drops those of which this SQL is true as well, and says how many; within the caller's transaction. */
  clear(filter: Filter, where = "true"): number {
    return this.#query(`DELETE FROM quarantine WHERE ${FILTERED} AND ${where}`).run(...filterValues(filter)).changes
  }

  /** To bounds that may have been narrower since; within the caller's transaction. */
  prune(): void {
    const { declared, strangers } = this.#most
    this.#prune(0, declared, declared)
    this.#prune(1, strangers, strangers)
  }

  /** Counting them each time would cost too much: only so many can have come since the last time. */
  #boundDeclared(id: number): void {
    const { declared } = this.#most
    const slack = Math.floor(declared / PART)
    if (id % (slack + 1) === 0) this.#prune(0, declared, declared - slack)
  }

  #boundStrangers(): void {
    const { strangers } = this.#most
    const sql = "SELECT count(*) AS rows FROM quarantine WHERE (kind = 'stranger') = 1"
    const rows = this.#query<{ rows: number }>(sql).get()?.rows ?? 0
    if (rows > strangers) this.#prune(1, strangers, strangers - Math.floor(strangers / PART))
  }

  /** Every sender's newest come first, then every sender's second, and so on: what is behind the bounds goes. */
  #prune(stranger: 0 | 1, most: number, left: number): void {
    this.#query(
      `DELETE FROM quarantine WHERE id IN (
         SELECT id FROM (
           SELECT id, place, row_number() OVER (ORDER BY place, id DESC) AS turn FROM (
             SELECT id, row_number() OVER (PARTITION BY sender ORDER BY id DESC) AS place
             FROM quarantine WHERE (kind = 'stranger') = ?1))
         WHERE place > ?2 OR turn > ?3)`,
    ).run(stranger, Math.ceil(most / PART), left)
  }

  #query<Row = unknown>(sql: string) {
    return this.database.sqlite.query<Row, (string | number | Uint8Array | null)[]>(sql)
  }
}

/** "192.168.1.2:50000" → "192.168.1.2" */
export const hostOf = (peer: string): string => peer.replace(/:\w*$/, "")

/** Whole lines together, as many as a row holds; a line that is too long for one is a piece by itself. */
function* piecesOf(bytes: Buffer): Generator<Buffer> {
  if (bytes.length === 0) yield bytes // only the reason is kept
  for (let from = 0; from < bytes.length; ) {
    const rest = bytes.length - from
    const whole = rest <= BYTES_A_ROW ? rest : bytes.subarray(from, from + BYTES_A_ROW).lastIndexOf(NEWLINE) + 1
    const lineEnd = bytes.indexOf(NEWLINE, from)
    const end = whole > 0 ? from + whole : lineEnd === -1 ? bytes.length : lineEnd + 1
    yield bytes.subarray(from, end)
    from = end
  }
}
