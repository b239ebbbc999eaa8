// The stored surveys that somebody selects, a page at a time, as a page is all that is in memory of them: a survey may have
// 24 readings, or 90,000. A page has as many surveys as make 64 KiB if they are as long as those of the page before, and at
// most four times as many as that. Before a survey that is much longer a page ends, and the survey is a page of its own.
import { addDays, type Day } from "../../survey/calendar"
import { EVERY_ADDRESS } from "../../topology/address"
import { storedDays, storedDaysSql } from "./days"
import type { StoredReading } from "./stored"
import type { Tables, Value } from "./tables"

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

const PAGE_BYTES = 64 * 1024 // of the readings' JSON
const MOST_SURVEYS = 500
const FIRST_SURVEYS = 16 // before anything is known of their length
const GROWTH = 4 // from page to page
const TOO_LONG = 8 // times as long as a survey is expected to be
const ANY_BYTES = 2 ** 31 - 1

/** Of these values, at most ?5 surveys, and of those of more than ?6 bytes only that they are there. */
const COLUMNS = "address, surveys.day, zones.zone, CASE WHEN octet_length(readings) <= ?6 THEN readings END AS readings"

const OF_DAY = `
  SELECT ${COLUMNS} FROM surveys JOIN zones ON zones.id = surveys.zone
  WHERE site = (SELECT id FROM sites WHERE site = ?1) AND day = ?2 AND address BETWEEN ?3 AND ?4
  ORDER BY address LIMIT ?5`

/** All of its days in one question: each look-up by itself would be a server's round trip. */
const OF_DEVICE = `
  ${storedDaysSql("?1", "?3", "?4")}
  SELECT ${COLUMNS} FROM stored
    JOIN surveys ON site = (SELECT site FROM own) AND surveys.day = stored.day AND address = ?2
    JOIN zones ON zones.id = surveys.zone
  WHERE stored.day <= ?4 ORDER BY surveys.day LIMIT ?5`

/**
 * By day and device, at least one a page. A page is read at once: whoever takes long over it holds up no checkpoint of the
 * cloud's log, and may see on the next one what came meanwhile.
 */
export async function* pagesOf(tables: Tables, selection: Selection): AsyncGenerator<readonly StoredDay[]> {
  const { site, device, from, to } = selection
  const pages = new Pages(tables, site)
  if (device !== undefined) {
    yield* pages.all(OF_DEVICE, (after) => [site, device, after ? addDays(after.day, 1) : from, to])
    return
  }
  for (const day of await storedDays(tables, site, from, to)) {
    yield* pages.all(OF_DAY, (after) => [
      site,
      day,
      after ? after.address + 1 : EVERY_ADDRESS.first,
      EVERY_ADDRESS.last,
    ])
  }
}

class Pages {
  #most = FIRST_SURVEYS

  constructor(
    private readonly tables: Tables,
    private readonly site: string,
  ) {}

  /** @param values of the question for those behind a survey, or for the first */
  async *all(sql: string, values: (after?: StoredDay) => readonly Value[]): AsyncGenerator<readonly StoredDay[]> {
    for (let after: StoredDay | undefined; ; ) {
      const { surveys, bytes } = await this.#read(sql, values(after), this.#most)
      after = surveys.at(-1)
      if (!after) return
      yield surveys
      const asLong = Math.floor((PAGE_BYTES * surveys.length) / bytes)
      this.#most = Math.max(1, Math.min(MOST_SURVEYS, GROWTH * surveys.length, asLong))
    }
  }

  async #read(sql: string, values: readonly Value[], most: number): Promise<Page> {
    const bytesEach = most === 1 ? ANY_BYTES : Math.floor((TOO_LONG * PAGE_BYTES) / most)
    const rows = await this.tables.all<Row>(sql, ...values, most, bytesEach)
    const surveys: StoredDay[] = []
    let bytes = 0
    for (const { address, day, zone, readings } of rows) {
      if (readings === null) break
      surveys.push({ site: this.site, address, day, zone, readings: JSON.parse(readings) })
      bytes += readings.length
    }
    const isFirstTooLong = surveys.length === 0 && rows.length > 0
    return isFirstTooLong ? this.#read(sql, values, 1) : { surveys, bytes }
  }
}

interface Page {
  readonly surveys: readonly StoredDay[]
  /** Of their readings. */
  readonly bytes: number
}

interface Row {
  readonly address: number
  readonly day: Day
  readonly zone: string
  readonly readings: string | null
}
