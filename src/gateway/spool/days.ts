// What there is of each day, kept as it changes: how many surveys, their digests' sum, and the time zone of its first one.
// A survey that has an hour twice, or none, can be read in no other zone, whatever the topology says later.
import type { Database } from "bun:sqlite"
import type { Day } from "../../survey/calendar"
import { type Agreement, digestText } from "../../survey/digest"

/** Of one day. */
export interface DayTotals {
  surveys: number
  readings: number
  /** Of their bodies. */
  bytes: number
  /** The sum of their digests, modulo 2^64. */
  digest: bigint
}

interface KeptDay extends DayTotals {
  readonly zone: string
}

export const NOTHING: DayTotals = { surveys: 0, readings: 0, bytes: 0, digest: 0n }

/** What both ends should agree on, where the cloud refuses some. */
export const agreementOn = (all: DayTotals, refused: DayTotals): Agreement => ({
  surveys: all.surveys - refused.surveys,
  digest: digestText(all.digest - refused.digest),
})

/** SQL: the totals of surveys, for `readTotals()`. */
export const TOTALS = `count(*) AS surveys, coalesce(sum(surveys.readings), 0) AS readings,
  coalesce(sum(octet_length(surveys.body)), 0) AS bytes,
  coalesce(sum(surveys.digest & 4294967295), 0) AS low, coalesce(sum(surveys.digest >> 32), 0) AS high`

/** As `TOTALS` has them: SQLite's sum() ends at 63 bits, so the digests are in halves. */
export interface TotalsRow {
  readonly surveys: number
  readonly readings: number
  readonly bytes: number
  readonly low: number
  readonly high: number
}

export const readTotals = ({ low, high, ...totals }: TotalsRow): DayTotals => ({
  ...totals,
  digest: BigInt.asIntN(64, BigInt(low) + (BigInt(high) << 32n)),
})

/** Held in memory whole: a row a day. What a transaction changes counts for the others when it is committed. */
export class Days {
  #kept: Map<Day, KeptDay>
  /** By the transaction that is under way. */
  readonly #changed = new Map<Day, KeptDay>()
  readonly #gone = new Set<Day>()
  #latest: { readonly day: Day; readonly totals: KeptDay } | undefined

  /** @param zone the topology's, in which a new day is measured */
  constructor(
    private readonly sqlite: Database,
    private readonly zone: string,
  ) {
    this.#kept = readDays(sqlite)
  }

  of(day: Day): Readonly<KeptDay> {
    const kept = this.#gone.has(day) ? undefined : this.#kept.get(day)
    return this.#changed.get(day) ?? kept ?? { zone: this.zone, ...NOTHING }
  }

  /** Days of which there are surveys, oldest first. */
  held(): Day[] {
    return [...this.#kept].flatMap(([day, { surveys }]) => (surveys > 0 ? [day] : [])).sort()
  }

  /** So much came to it, or left it; within the caller's transaction. */
  add(day: Day, surveys: number, readings: number, bytes: number, digest: bigint): void {
    const totals = this.#latest?.day === day ? this.#latest.totals : this.#change(day)
    totals.surveys += surveys
    totals.readings += readings
    totals.bytes += bytes
    totals.digest += digest
  }

  remove(day: Day, { surveys, readings, bytes, digest }: DayTotals): void {
    this.add(day, -surveys, -readings, -bytes, -digest)
  }

  /** Writes what has changed, within the same transaction. */
  write(): void {
    const put = this.sqlite.query<unknown, (string | number | bigint)[]>(
      "INSERT OR REPLACE INTO days VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )
    for (const [day, totals] of this.#changed) {
      totals.digest = BigInt.asIntN(64, totals.digest)
      put.run(day, totals.zone, totals.surveys, totals.readings, totals.bytes, totals.digest)
    }
  }

  committed(): void {
    for (const day of this.#gone) this.#kept.delete(day)
    for (const [day, kept] of this.#changed) this.#kept.set(day, kept)
    this.rolledBack()
  }

  rolledBack(): void {
    this.#changed.clear()
    this.#gone.clear()
    this.#latest = undefined
  }

  /** Forgets days before this one of which there is nothing any more; within the caller's transaction. */
  prune(before: Day): void {
    const forget = this.sqlite.query<unknown, [Day]>("DELETE FROM days WHERE day = ?1")
    for (const day of this.#kept.keys()) {
      if (day >= before || this.of(day).surveys > 0) continue
      forget.run(day)
      this.#changed.delete(day)
      this.#gone.add(day)
      this.#latest = undefined
    }
  }

  #change(day: Day): KeptDay {
    const totals = this.#changed.get(day) ?? { ...this.of(day) }
    this.#changed.set(day, totals)
    this.#latest = { day, totals }
    return totals
  }
}

function readDays(sqlite: Database): Map<Day, KeptDay> {
  const rows = sqlite
    .query<Omit<KeptDay, "digest"> & { day: Day; digest: string }, []>(
      "SELECT day, zone, surveys, readings, bytes, CAST(digest AS TEXT) AS digest FROM days",
    )
    .all()
  return new Map(rows.map(({ day, digest, ...kept }) => [day, { ...kept, digest: BigInt(digest) }]))
}
