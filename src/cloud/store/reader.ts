// Reads the store beside a running cloud, for people and their programmes.
import type { Database } from "bun:sqlite"
import { openForReading } from "../../storage/database"
import type { Day } from "../../survey/calendar"
import { EVERY_ADDRESS } from "../../topology/address"
import type { Addressing } from "../../topology/addressing"
import type { NamedRange } from "../../topology/names"
import type { Drop } from "./contract"
import { namesOfSite } from "./names"
import { queryOf } from "./query"
import { STORE } from "./schema"
import type { StoredReading } from "./stored"

export const FIRST_DAY: Day = "0000-01-01"
export const LAST_DAY: Day = "9999-12-31"

/** Whether a simulated network made this store. */
export function addressingOfStore(file: string): Addressing {
  const sqlite = openForReading(file, STORE)
  const origin = sqlite.query<{ origin: Addressing }, []>("SELECT origin FROM about").get()?.origin
  sqlite.close()
  return origin ?? "declared"
}

/** How many surveys of a day and of these addresses are there. */
export function countStored(sqlite: Database, site: string, { day, addresses }: Omit<Drop, "revision">): number {
  const row = sqlite
    .query<{ surveys: number }, [string, Day, number, number]>(
      `SELECT count(*) AS surveys FROM surveys WHERE site = (SELECT id FROM sites WHERE site = ?1)
       AND day = ?2 AND address BETWEEN ?3 AND ?4`,
    )
    .get(site, day, addresses.first, addresses.last)
  return row?.surveys ?? 0
}

/** Days of which anything of a site is stored, rising; costs one look-up in the primary key per day. */
export function storedDays(sqlite: Database, site: string, from: Day = FIRST_DAY, to: Day = LAST_DAY): Day[] {
  const rows = sqlite
    .query<{ day: Day }, [string, Day, Day]>(
      `WITH RECURSIVE
         own (site) AS (SELECT id FROM sites WHERE site = ?1),
         stored (day) AS (
           SELECT min(day) FROM surveys WHERE site = (SELECT site FROM own) AND day >= ?2
           UNION ALL
           SELECT (SELECT min(day) FROM surveys WHERE site = (SELECT site FROM own) AND surveys.day > stored.day)
           FROM stored WHERE stored.day <= ?3
         )
       SELECT day FROM stored WHERE day <= ?3`,
    )
    .all(site, from, to)
  return rows.map(({ day }) => day)
}

/** One reading: device as an unsigned 32-bit address, local time as the store keeps it, the day's time zone, °C, %. */
export interface StoredRow {
  readonly site: string
  readonly address: number
  readonly day: Day
  readonly time: string
  readonly zone: string
  readonly temperature: number
  readonly humidity: number
}

export interface Selection {
  readonly site: string
  /** Unsigned 32-bit address. */
  readonly device?: number | undefined
  readonly from: Day
  readonly to: Day
}

/** Throws StorageError when there is no store yet. */
export class StoreReader implements Disposable {
  readonly #sqlite

  constructor(file: string) {
    this.#sqlite = openForReading(file, STORE)
  }

  /** The latest day of which anything is stored. */
  lastDay(site: string): Day | undefined {
    const row = this.#sqlite
      .query<{ day: Day | null }, [string]>(
        "SELECT max(day) AS day FROM surveys WHERE site = (SELECT id FROM sites WHERE site = ?1)",
      )
      .get(site)
    return row?.day ?? undefined
  }

  sites(): string[] {
    const rows = this.#sqlite.query<{ site: string }, []>("SELECT site FROM sites ORDER BY site").all()
    return rows.map(({ site }) => site)
  }

  /** Of devices that have a name or had one, in address order. */
  names(site: string): NamedRange[] {
    return namesOfSite(queryOf(this.#sqlite), site)
  }

  /** By day, device and time, one row after the other; a day's are those of one instant. */
  *rows({ site, device, from, to }: Selection): Generator<StoredRow> {
    const surveys = this.#sqlite.query<
      { address: number; zone: string; readings: string },
      [string, Day, number, number]
    >(
      `SELECT address, zones.zone, readings FROM surveys JOIN zones ON zones.id = surveys.zone
       WHERE site = (SELECT id FROM sites WHERE site = ?1) AND day = ?2 AND address BETWEEN ?3 AND ?4
       ORDER BY address`,
    )
    const { first, last } = EVERY_ADDRESS
    for (const day of storedDays(this.#sqlite, site, from, to)) {
      for (const { address, zone, readings } of surveys.iterate(site, day, device ?? first, device ?? last)) {
        const stored: StoredReading[] = JSON.parse(readings)
        for (const [time, temperature, humidity] of stored)
          yield { site, address, day, time, zone, temperature, humidity }
      }
    }
  }

  [Symbol.dispose](): void {
    this.#sqlite.close()
  }
}
