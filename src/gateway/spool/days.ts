// What there is of each day, kept as it changes: how many surveys, their digests' sum, and the time zone of its first one.
// A survey that has an hour twice, or none, can be read in no other zone, whatever the topology says later.
import type { Database } from "bun:sqlite"
import type { Day } from "../../survey/calendar"

/** Of one day. */
export interface DayTotals {
  surveys: number
  readings: number
  /** Of their bodies. */
  bytes: number
  /** The sum of their digests, modulo 2^64. */
  digest: bigint
}

const nothing = (): DayTotals => ({ surveys: 0, readings: 0, bytes: 0, digest: 0n })

/** SQL: the totals of surveys, for `readTotals()`; SQLite's sum() ends at 63 bits, so the digests are in halves. */
export const TOTALS = `count(*) AS surveys, coalesce(sum(surveys.readings), 0) AS readings,
  coalesce(sum(octet_length(surveys.body)), 0) AS bytes,
  coalesce(sum(surveys.digest & 4294967295), 0) AS low, coalesce(sum(surveys.digest >> 32), 0) AS high`

/** As `TOTALS` has them. */
export interface TotalsRow extends Omit<DayTotals, "digest"> {
  readonly low: number
  readonly high: number
}

export function readTotals(row: TotalsRow | null): DayTotals {
  if (row === null) return nothing()
  const { surveys, readings, bytes, low, high } = row
  return { surveys, readings, bytes, digest: BigInt(low) + (BigInt(high) << 32n) }
}

/** Methods that write do so within the caller's transaction. */
export class Days {
  /** By the transaction that is under way. */
  readonly #changes = new Map<Day, DayTotals>()
  /** A fleet asks a million times for one. */
  readonly #zones = new Map<Day, string>()

  /** @param zone the topology's, in which a new day is measured */
  constructor(
    private readonly sqlite: Database,
    private readonly zone: string,
  ) {}

  /** The time zone in which this day is measured. */
  zoneOf(day: Day): string {
    const known = this.#zones.get(day)
    if (known !== undefined) return known
    const zone = this.#query<{ zone: string }>("SELECT zone FROM days WHERE day = ?1").get(day)?.zone
    if (zone !== undefined) this.#zones.set(day, zone)
    return zone ?? this.zone
  }

  /** That of a new day, and days that have another one. */
  zones(): { readonly zone: string; readonly others: Readonly<Record<Day, string>> } {
    const rows = this.#query<{ day: Day; zone: string }>("SELECT day, zone FROM days WHERE zone <> ?1 ORDER BY day")
    return { zone: this.zone, others: Object.fromEntries(rows.all(this.zone).map(({ day, zone }) => [day, zone])) }
  }

  /** What is committed of this day. */
  of(day: Day): DayTotals {
    const sql = "SELECT surveys, readings, bytes, CAST(digest AS TEXT) AS digest FROM days WHERE day = ?1"
    const row = this.#query<Omit<DayTotals, "digest"> & { digest: string }>(sql).get(day)
    return row ? { ...row, digest: BigInt(row.digest) } : nothing()
  }

  /** So much came to it, or left it. */
  add(day: Day, surveys: number, readings: number, bytes: number, digest: bigint): void {
    let change = this.#changes.get(day)
    if (!change) this.#changes.set(day, (change = nothing()))
    change.surveys += surveys
    change.readings += readings
    change.bytes += bytes
    change.digest += digest
  }

  remove(day: Day, { surveys, readings, bytes, digest }: DayTotals): void {
    this.add(day, -surveys, -readings, -bytes, -digest)
  }

  /** At the end of the transaction. */
  write(): void {
    for (const [day, change] of this.#changes) {
      const { surveys, readings, bytes, digest } = this.of(day)
      this.#query("INSERT OR REPLACE INTO days VALUES (?1, ?2, ?3, ?4, ?5, ?6)").run(
        day,
        this.zoneOf(day),
        surveys + change.surveys,
        readings + change.readings,
        bytes + change.bytes,
        BigInt.asIntN(64, digest + change.digest),
      )
    }
    this.#changes.clear()
  }

  rolledBack(): void {
    this.#changes.clear()
    this.#zones.clear()
  }

  /** Forgets days before this one of which there is nothing any more. */
  prune(before: Day): void {
    this.write()
    this.#query("DELETE FROM days WHERE day < ?1 AND surveys = 0").run(before)
    this.#zones.clear()
  }

  #query<Row = unknown>(sql: string) {
    return this.sqlite.query<Row, (string | number | bigint)[]>(sql)
  }
}
