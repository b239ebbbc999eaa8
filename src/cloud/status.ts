// What a store holds, site by site, read beside a running cloud.
import * as v from "valibot"
import type { Day } from "../survey/calendar"
import { parseRanges } from "../topology/address"
import { shownStore } from "../topology/cloud/server-url"
import { sizeOf } from "../topology/ranges"
import { isComplete, type Reason } from "../verdict"
import { isInstant } from "./report"
import { type SiteRules, siteRules } from "./rules/reader"
import { lastRunsIn, nextRun } from "./rules/rhythm"
import { LAST_DAY, storedDays } from "./store/days"
import { openTables, type StorePlace, storeBytes } from "./store/open"
import type { Tables } from "./store/tables"

/** Days are written 2026-11-21, instants as in RFC 3339, sizes in bytes. */
export interface CloudStatus {
  /** By name. */
  readonly sites: readonly SiteStatus[]
  readonly store: {
    readonly file: string
    readonly bytes: number
    /** What a year of surveys such as these takes, all sites together; null before the first day. */
    readonly bytesAYear: number | null
  }
  /** Who did not get all messages of what begins or ceases to hold. */
  readonly untold: readonly UntoldStatus[]
}

export interface UntoldStatus {
  readonly host: string
  readonly messages: number
  /** When the oldest of them was written. */
  readonly since: string
  /** Why the last try failed; null: none was made yet. */
  readonly reason: string | null
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
  /** When its next run is due, by the rhythm of the last ones; null before the first. */
  readonly nextRun: string | null
  /** The latest day of which every expected device's readings are here; null before the first. */
  readonly lastCompleteDay: Day | null
  /** More than one spool delivers for it, in turn. */
  readonly alternates: boolean
  /** What holds of it and its devices, by `alerts.rules`. */
  readonly rules: SiteRules
}

export interface SiteRun {
  readonly day: Day
  readonly scheduledAt: string
  /** Devices that arrived, late ones among them. */
  readonly arrived: number
  readonly late: number
  readonly missing: number
  /** Of the missing ones, those whose file is older than the day. */
  readonly stale: number
  /** Ranges of their addresses, the first 100. */
  readonly missingDevices: readonly string[]
  /** Surveys that this cloud refuses. */
  readonly refused: number
  /** Why devices are missing or refused, the first 100. */
  readonly reasons: readonly Reason[]
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
const ROW_BYTES = 42 // of a survey beside its readings
const FILL = 0.86 // of the pages that a fleet's days fill in address order

// status is shown of a damaged store too: what cannot be read counts as nothing
const declared = v.fallback(v.array(v.object({ ip: v.string() })), [])
const ranges = v.fallback(v.array(v.string()), [])
const account = v.object({
  scheduledAt: v.pipe(v.string(), v.check(isInstant)),
  arrived: ranges,
  late: ranges,
  missing: ranges,
  stale: ranges,
  refused: ranges,
  reasons: v.fallback(v.array(v.tuple([v.string(), v.string()])), []),
})

/** Reads the store; its cloud notices nothing. Rejects with StorageError when there is none yet. */
export async function readCloudStatus(place: StorePlace): Promise<CloudStatus> {
  await using tables = await openTables(place)
  const bytes = await storeBytes(place, tables)
  const counted = bytes <= COUNTED_BYTES
  const rows = await tables.all<Site>("SELECT id, site, time_zone, devices FROM sites ORDER BY site")
  const sites: SiteStatus[] = []
  let bytesADay = 0
  for (const row of rows) {
    const known = await siteStatus(tables, row, counted)
    sites.push(known.site)
    bytesADay += known.bytesADay
  }
  const bytesAYear = bytesADay > 0 ? Math.round(bytesADay * DAYS_A_YEAR) : null
  return { sites, store: { file: shownStore(place.store), bytes, bytesAYear }, untold: await readUntold(tables) }
}

/** Of each target its oldest message says why it waits. */
async function readUntold(tables: Tables): Promise<UntoldStatus[]> {
  const rows = await tables.all<{ host: string; target: string; at: number; reason: string | null }>(
    "SELECT host, target, at, reason FROM messages ORDER BY host, target, at, id",
  )
  return [...Map.groupBy(rows, ({ target }) => target).values()].flatMap(([oldest, ...others]) => {
    if (!oldest) return []
    const { host, at, reason } = oldest
    return [{ host, messages: 1 + others.length, since: new Date(at).toISOString(), reason }]
  })
}

async function siteStatus(tables: Tables, { id, site, time_zone, devices }: Site, counted: boolean) {
  const stored = await storedDays(tables, site)
  const [firstDay = null, lastDay = null] = [stored[0], stored.at(-1)]
  const days = stored.length
  const from = counted ? firstDay : lastDay
  const looked = from && lastDay ? await contentsOf(tables, id, from, lastDay) : NOTHING
  const times = counted ? 1 : days
  const next = nextRun(await lastRunsIn(tables, id, LAST_DAY))
  const status: SiteStatus = {
    site,
    timeZone: time_zone,
    days,
    firstDay,
    lastDay,
    devices: countAddresses(v.parse(declared, readJson(devices)).map(({ ip }) => ip)),
    readings: looked.readings * times,
    readingsEstimated: !counted,
    run: await lastRun(tables, id),
    nextRun: next === undefined ? null : new Date(next).toISOString(),
    lastCompleteDay: await lastCompleteDay(tables, id),
    alternates: await alternates(tables, id),
    rules: await siteRules(tables, id, site),
  }
  return { site: status, bytesADay: days > 0 ? (looked.bytes * times) / days : 0 }
}

const NOTHING = { readings: 0, bytes: 0 }

/** Readings, and an estimate of their bytes on the disk, of the days `from` to `to`, both included. */
async function contentsOf(tables: Tables, siteId: number, from: Day, to: Day): Promise<typeof NOTHING> {
  const row = await tables.get<typeof NOTHING>(
    `SELECT coalesce(sum(${tables.dialect.arrayLength("readings")}), 0) AS readings,
       coalesce(sum(${ROW_BYTES} + octet_length(readings) + coalesce(octet_length(revisions), 0)), 0) AS bytes
     FROM surveys WHERE site = ?1 AND day BETWEEN ?2 AND ?3`,
    ...[siteId, from, to],
  )
  return row ? { readings: row.readings, bytes: row.bytes / FILL } : NOTHING
}

async function lastRun(tables: Tables, siteId: number): Promise<SiteRun | null> {
  const row = await tables.get<{ day: Day; report: string }>(
    "SELECT day, CAST(report AS TEXT) AS report FROM collections WHERE site = ?1 ORDER BY day DESC LIMIT 1",
    siteId,
  )
  const parsed = v.safeParse(account, readJson(row?.report ?? ""))
  if (!row || !parsed.success) return null
  const { scheduledAt, arrived, late, missing, stale, refused, reasons } = parsed.output
  const counts = { missing: countAddresses(missing), refused: countAddresses(refused) }
  return {
    day: row.day,
    scheduledAt,
    arrived: countAddresses(arrived) + countAddresses(late),
    late: countAddresses(late),
    ...counts,
    stale: countAddresses(stale),
    missingDevices: missing.slice(0, RANGES_NAMED),
    reasons: reasons.map(([ip, reason]) => ({ ip, reason })),
    complete: isComplete({ agreed: true, ...counts }), // the store keeps only what it agrees with
  }
}

async function lastCompleteDay(tables: Tables, siteId: number): Promise<Day | null> {
  const isSaid = (label: string) => `coalesce(CAST(report -> '${label}' AS TEXT), '') = 'true'`
  const row = await tables.get<{ day: Day }>(
    `SELECT day FROM collections WHERE site = ?1 AND CASE WHEN ${tables.dialect.isJson("report")}
       THEN json_array_length(report -> 'missing') = 0 AND json_array_length(report -> 'refused') = 0
         AND NOT ${isSaid("adopted")} AND NOT ${isSaid("dropped")}
       ELSE false END
     ORDER BY day DESC LIMIT 1`,
    siteId,
  )
  return row?.day ?? null
}

const RECENT_MS = 7 * 86_400_000

/** Whether one of the last two spools has come back after the other, and both have delivered lately. */
async function alternates(tables: Tables, siteId: number): Promise<boolean> {
  const [latest, before] = await tables.all<{ last_at: number; turns: number }>(
    "SELECT last_at, turns FROM spools WHERE site = ?1 ORDER BY last_at DESC LIMIT 2",
    siteId,
  )
  return latest !== undefined && before !== undefined && latest.turns > 0 && latest.last_at - before.last_at < RECENT_MS
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

const countAddresses = (texts: readonly string[]): number => sizeOf(parseRanges(texts) ?? [])
