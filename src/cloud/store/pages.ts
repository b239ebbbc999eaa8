// The stored surveys that somebody selects, a page at a time, as a page is all that is in memory of them: a survey may have
// 24 readings, or 90,000. A page has as many surveys as make 64 KiB if they are as long as those of the page before, and at
// most four times as many as that. Before a survey that is much longer a page ends, and the survey is a page of its own.
import type { Day } from "../../survey/calendar"
import { type AddressRange, EVERY_ADDRESS } from "../../topology/address"
import { storedDays } from "./days"
import type { StoredReading } from "./stored"
import type { Tables } from "./tables"

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

/**
 * By day and device, at least one a page. A page is read at once: whoever takes long over it holds up no checkpoint of the
 * cloud's log, and may see on the next one what came meanwhile.
 */
export async function* pagesOf(
  tables: Tables,
  { site, device, from, to }: Selection,
): AsyncGenerator<readonly StoredDay[]> {
  const last = device ?? EVERY_ADDRESS.last
  let most = FIRST_SURVEYS
  for (const day of await storedDays(tables, site, from, to)) {
    for (let next = device ?? EVERY_ADDRESS.first; next <= last; ) {
      const { surveys, bytes } = await readPage(tables, site, day, { first: next, last }, most)
      const end = surveys.at(-1)
      if (!end) break
      yield surveys
      next = end.address + 1
      const asLong = Math.floor((PAGE_BYTES * surveys.length) / bytes)
      most = Math.max(1, Math.min(MOST_SURVEYS, GROWTH * surveys.length, asLong))
    }
  }
}

interface Page {
  readonly surveys: readonly StoredDay[]
  /** Of their readings. */
  readonly bytes: number
}

async function readPage(
  tables: Tables,
  site: string,
  day: Day,
  { first, last }: AddressRange,
  most: number,
): Promise<Page> {
  const bytesEach = most === 1 ? ANY_BYTES : Math.floor((TOO_LONG * PAGE_BYTES) / most)
  const rows = await tables.all<{ address: number; zone: string; readings: string | null }>(
    `SELECT address, zones.zone, CASE WHEN octet_length(readings) <= ?6 THEN readings END AS readings
     FROM surveys JOIN zones ON zones.id = surveys.zone
     WHERE site = (SELECT id FROM sites WHERE site = ?1) AND day = ?2 AND address BETWEEN ?3 AND ?4
     ORDER BY address LIMIT ?5`,
    ...[site, day, first, last, most, bytesEach],
  )
  const surveys: StoredDay[] = []
  let bytes = 0
  for (const { address, zone, readings } of rows) {
    if (readings === null) break
    surveys.push({ site, address, day, zone, readings: JSON.parse(readings) })
    bytes += readings.length
  }
  const isFirstTooLong = surveys.length === 0 && rows.length > 0
  return isFirstTooLong ? readPage(tables, site, day, { first, last }, 1) : { surveys, bytes }
}
