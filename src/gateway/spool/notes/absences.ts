// Why a device's day is not there, as its host or its own survey tells it: for the summary, `status` and the cloud.
import type { Database } from "bun:sqlite"
import type { DurableDatabase } from "../../../storage/database"
import type { Day } from "../../../survey/calendar"
import { digestNumber, digestSql } from "../../../survey/digest"
import { type AddressRange, formatRanges } from "../../../topology/address"
import { addressesIn } from "../../../topology/ranges"
import { addressSql, onDaySql, slotOf } from "../slot"

/** `stale`: its file cannot hold that day; `lines`: every line of it was refused. */
export const ABSENCES = ["missing", "stale", "lines"] as const
export type Absence = (typeof ABSENCES)[number]

export interface Absent {
  readonly kind: Absence
  readonly reason: string
  /** Digest of the upload whose lines were refused. */
  readonly upload: string | null
}

/** Methods that write do so within the caller's transaction. What is said of a survey that comes later is not asked for. */
export class Absences {
  constructor(private readonly database: DurableDatabase) {}

  find(day: Day, address: number): Absent | undefined {
    const sql = `SELECT kind, reason, ${digestSql("upload")} AS upload FROM absent WHERE slot = ?1`
    return this.#query<Absent>(sql).get(slotOf(day, address)) ?? undefined
  }

  put(day: Day, address: number, { kind, reason, upload }: Absent): void {
    this.#query("INSERT OR REPLACE INTO absent VALUES (?1, ?2, ?3, ?4)").run(
      slotOf(day, address),
      kind,
      reason,
      upload === null ? null : digestNumber(upload),
    )
  }

  #query<Row = unknown>(sql: string) {
    return this.database.sqlite.query<Row, (string | number | bigint | null)[]>(sql)
  }
}

/** Of these missing devices, rising, the first so many reasons of a day, by address; also beside a running gateway. */
export function reasonsOf(
  sqlite: Database,
  day: Day,
  missing: Iterable<AddressRange>,
  limit: number,
): Map<number, string> {
  const find = sqlite.query<{ reason: string }, [number]>("SELECT reason FROM absent WHERE slot = ?1")
  const reasons = new Map<number, string>()
  if (!hasAny(sqlite, day)) return reasons
  for (const address of addressesIn(missing)) {
    const row = find.get(slotOf(day, address))
    if (row) reasons.set(address, row.reason)
    if (reasons.size === limit) break
  }
  return reasons
}

/** Ranges of the devices whose files were stale, of these that are missing. */
export function staleOf(sqlite: Database, day: Day, isMissing: (address: number) => boolean): string[] {
  const rows = sqlite.query<{ address: number }, [Day]>(
    `SELECT ${addressSql("slot")} AS address FROM absent WHERE ${onDaySql("?1", "absent")} AND kind = 'stale' ORDER BY slot`,
  )
  const stale = function* () {
    for (const { address } of rows.iterate(day)) if (isMissing(address)) yield address
  }
  return formatRanges(stale())
}

/** Devices without a survey of this day, because their files were stale. */
export function countStale(sqlite: Database, day: Day): number {
  const sql = `SELECT count(*) AS stale FROM absent WHERE ${onDaySql("?1", "absent")} AND kind = 'stale'
    AND slot NOT IN (SELECT slot FROM slots WHERE ${onDaySql("?1")})`
  return sqlite.query<{ stale: number }, [Day]>(sql).get(day)?.stale ?? 0
}

const hasAny = (sqlite: Database, day: Day): boolean =>
  sqlite.query<unknown, [Day]>(`SELECT 1 FROM absent WHERE ${onDaySql("?1", "absent")} LIMIT 1`).get(day) !== null
