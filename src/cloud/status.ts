// What a store holds, site by site, read beside a running cloud.
import type { Database } from "bun:sqlite"
import * as v from "valibot"
import { openForReading } from "../storage/database"
import { diskBytes, pageBytes } from "../storage/size"
import type { Day } from "../survey/calendar"
import { parseRanges } from "../topology/address"
import { sizeOf } from "../topology/ranges"
import { STORE } from "./schema"

/** Days are written 2026-11-21, instants as in RFC 3339, sizes in bytes. */
export interface CloudStatus {
  /** By name. */
  readonly sites: readonly SiteStatus[]
  readonly store: {
    readonly file: string
    readonly bytes: number
    /** What a year takes at this rate: the file's size against the days stored; null before the first day. */
    readonly bytesAYear: number | null
  }
}

export interface SiteStatus {
  readonly site: string
  readonly timeZone: string
  /** Days of which anything is stored, the first and the last of them. */
  readonly days: number
  readonly firstDay: Day | null
  readonly lastDay: Day | null
  /** Devices that the site declares. */
  readonly devices: number
  readonly readings: number
  /** Whether the readings are those of the last day times the days: of a very large site they are not counted. */
  readonly readingsEstimated: boolean
  /** The latest day that its gateway closed; null before the first. */
  readonly run: SiteRun | null
}

export interface SiteRun {
  readonly day: Day
  readonly scheduledAt: string
  /** Devices that arrived, late ones among them. */
  readonly arrived: number
  readonly late: number
  readonly missing: number
  /** Ranges of their addresses, the first 100. */
  readonly missingDevices: readonly string[]
  readonly complete: boolean
}

interface Site {
  readonly id: number
  readonly site: string
  readonly time_zone: string
  readonly devices: string
}

const COUNTED_BYTES = 1024 ** 3 // of a file: its readings are counted within seconds
const RANGES_NAMED = 100
const DAYS_A_YEAR = 365

const declared = v.array(v.object({ ip: v.string() }))
const account = v.object({
  scheduledAt: v.string(),
  arrived: v.array(v.string()),
  late: v.array(v.string()),
  missing: v.array(v.string()),
})

/** Reads the store; its cloud notices nothing. Throws StorageError when there is none yet. */
export function readCloudStatus(file: string): CloudStatus {
  const sqlite = openForReading(file, STORE)
  try {
    const bytes = diskBytes(file)
    const counted = bytes <= COUNTED_BYTES
    const rows = sqlite.query<Site, []>("SELECT * FROM sites ORDER BY site").all()
    const sites = rows.map((row) => siteStatus(sqlite, row, counted))
    const days = Math.max(0, ...sites.map(({ days }) => days))
    const bytesAYear = days > 0 ? Math.round((pageBytes(sqlite).all / days) * DAYS_A_YEAR) : null
    return { sites, store: { file, bytes, bytesAYear } }
  } finally {
    sqlite.close()
  }
}

function siteStatus(sqlite: Database, { id, site, time_zone, devices }: Site, counted: boolean): SiteStatus {
  const { days, firstDay, lastDay } = daysOf(sqlite, id)
  const ofLastDay = lastDay ? countReadings(sqlite, id, lastDay, lastDay) : 0
  const all = counted && firstDay && lastDay ? countReadings(sqlite, id, firstDay, lastDay) : ofLastDay * days
  return {
    site,
    timeZone: time_zone,
    days,
    firstDay,
    lastDay,
    devices: countAddresses(v.parse(declared, JSON.parse(devices)).map(({ ip }) => ip)),
    readings: all,
    readingsEstimated: !counted,
    run: lastRun(sqlite, id),
  }
}

/** Goes from day to day by the index, whatever the number of devices. */
function daysOf(sqlite: Database, siteId: number): Pick<SiteStatus, "days" | "firstDay" | "lastDay"> {
  const row = sqlite
    .query<Pick<SiteStatus, "days" | "firstDay" | "lastDay">, [number]>(
      `WITH RECURSIVE stored (day) AS (
         SELECT min(day) FROM surveys WHERE site = ?1
         UNION ALL
         SELECT (SELECT min(day) FROM surveys WHERE site = ?1 AND surveys.day > stored.day) FROM stored
         WHERE stored.day IS NOT NULL
       ) SELECT count(day) AS days, min(day) AS firstDay, max(day) AS lastDay FROM stored`,
    )
    .get(siteId)
  return row ?? { days: 0, firstDay: null, lastDay: null }
}

function countReadings(sqlite: Database, siteId: number, from: Day, to: Day): number {
  const row = sqlite
    .query<{ readings: number | null }, [number, Day, Day]>(
      "SELECT sum(json_array_length(coalesce(merged, readings))) AS readings FROM surveys WHERE site = ?1 AND day BETWEEN ?2 AND ?3",
    )
    .get(siteId, from, to)
  return row?.readings ?? 0
}

function lastRun(sqlite: Database, siteId: number): SiteRun | null {
  const row = sqlite
    .query<{ day: Day; summary: string }, [number]>(
      "SELECT day, summary FROM collections WHERE site = ?1 ORDER BY day DESC LIMIT 1",
    )
    .get(siteId)
  if (!row) return null
  const { scheduledAt, arrived, late, missing } = v.parse(account, JSON.parse(row.summary))
  return {
    day: row.day,
    scheduledAt,
    arrived: countAddresses(arrived) + countAddresses(late),
    late: countAddresses(late),
    missing: countAddresses(missing),
    missingDevices: missing.slice(0, RANGES_NAMED),
    complete: missing.length === 0,
  }
}

const countAddresses = (texts: readonly string[]): number => sizeOf(parseRanges(texts) ?? [])
