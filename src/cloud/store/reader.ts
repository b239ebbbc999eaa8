// Reads the store beside a running cloud, for people and their programmes.
import type { Database } from "bun:sqlite"
import { openForReading } from "../../storage/database"
import type { Day } from "../../survey/calendar"
import { type AddressRange, EVERY_ADDRESS, parseRange } from "../../topology/address"
import type { Addressing } from "../../topology/addressing"
import { type NamedRange, nameOf } from "../../topology/names"
import type { Drop, SiteInfo } from "./contract"
import { nameAt, namesOfSite } from "./names"
import { queryOf } from "./sqlite/query"
import { STORE } from "./sqlite/schema"
import type { StoredReading } from "./stored"

export const FIRST_DAY: Day = "0000-01-01"
export const LAST_DAY: Day = "9999-12-31"

/** The most of one: a survey may have 24 readings, or 90,000. */
const PAGE = { surveys: 500, characters: 64 * 1024 }

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

/** A device's day. */
export interface StoredDay extends Omit<StoredRow, "time" | "temperature" | "humidity"> {
  readonly readings: readonly StoredReading[]
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

  /**
   * The latest day of which anything is stored, or any reading of this device; costs one look-up in the primary key per
   * day behind it.
   */
  lastDay(site: string, device?: number): Day | undefined {
    const row = this.#sqlite
      .query<{ day: Day }, [string, number | null]>(
        `WITH RECURSIVE
           own (site) AS (SELECT id FROM sites WHERE site = ?1),
           stored (day) AS (
             SELECT max(day) FROM surveys WHERE site = (SELECT site FROM own)
             UNION ALL
             SELECT (SELECT max(day) FROM surveys WHERE site = (SELECT site FROM own) AND surveys.day < stored.day)
             FROM stored WHERE stored.day IS NOT NULL
           )
         SELECT day FROM stored WHERE day IS NOT NULL AND (?2 IS NULL OR EXISTS
           (SELECT 1 FROM surveys WHERE site = (SELECT site FROM own) AND surveys.day = stored.day AND address = ?2
            AND readings <> '[]'))
         LIMIT 1`,
      )
      .get(site, device ?? null)
    return row?.day
  }

  /** The first day of which anything is stored. */
  firstDay(site: string): Day | undefined {
    const row = this.#sqlite
      .query<{ day: Day | null }, [string]>(
        "SELECT min(day) AS day FROM surveys WHERE site = (SELECT id FROM sites WHERE site = ?1)",
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

  /** Of one device; undefined where it never had any. */
  name(site: string, address: number): string | undefined {
    return nameOf(nameAt(queryOf(this.#sqlite), site, address), address)
  }

  /** Those of a site as its gateway described them last, its former devices among them. */
  devices(site: string): AddressRange[] {
    const row = this.#sqlite.query<{ devices: string }, [string]>("SELECT devices FROM sites WHERE site = ?1").get(site)
    const labels: SiteInfo["devices"] = JSON.parse(row?.devices ?? "[]")
    return labels.flatMap(({ ip }) => parseRange(ip) ?? [])
  }

  /** Days of which anything is stored, rising. */
  days(site: string, from?: Day, to?: Day): Day[] {
    return storedDays(this.#sqlite, site, from, to)
  }

  /** How many readings this device has of a day; undefined without a survey of it. */
  countReadings(site: string, day: Day, device: number): number | undefined {
    const row = this.#sqlite
      .query<{ readings: number }, [string, Day, number]>(
        `SELECT json_array_length(readings) AS readings FROM surveys
         WHERE site = (SELECT id FROM sites WHERE site = ?1) AND day = ?2 AND address = ?3`,
      )
      .get(site, day, device)
    return row?.readings
  }

  /**
   * By day and device, at least one a page. A page is read at once: whoever takes long over it holds up no checkpoint of the
   * cloud's log, and may see on the next one what came meanwhile.
   */
  *pages({ site, device, from, to }: Selection): Generator<readonly StoredDay[]> {
    const last = device ?? EVERY_ADDRESS.last
    for (const day of storedDays(this.#sqlite, site, from, to)) {
      for (let next = device ?? EVERY_ADDRESS.first; next <= last; ) {
        const page = this.#page(site, day, { first: next, last })
        if (page.length === 0) break
        next = (page.at(-1)?.address ?? last) + 1
        yield page
      }
    }
  }

  /** One after the other. */
  *surveys(selection: Selection): Generator<StoredDay> {
    for (const page of this.pages(selection)) yield* page
  }

  /** By day, device and time, one row after the other. */
  *rows(selection: Selection): Generator<StoredRow> {
    for (const { readings, ...of } of this.surveys(selection)) {
      for (const [time, temperature, humidity] of readings) yield { ...of, time, temperature, humidity }
    }
  }

  [Symbol.dispose](): void {
    this.#sqlite.close()
  }

  #page(site: string, day: Day, { first, last }: AddressRange): StoredDay[] {
    const rows = this.#sqlite.query<
      { address: number; zone: string; readings: string },
      [string, Day, number, number, number]
    >(
      `SELECT address, zones.zone, readings FROM surveys JOIN zones ON zones.id = surveys.zone
       WHERE site = (SELECT id FROM sites WHERE site = ?1) AND day = ?2 AND address BETWEEN ?3 AND ?4
       ORDER BY address LIMIT ?5`,
    )
    const page: StoredDay[] = []
    let length = 0
    for (const { address, zone, readings } of rows.iterate(site, day, first, last, PAGE.surveys)) {
      page.push({ site, address, day, zone, readings: JSON.parse(readings) })
      if ((length += readings.length) >= PAGE.characters) break // which ends the statement
    }
    return page
  }
}
