// What a store holds, site by site, read beside a running cloud.
import * as v from "valibot"
import type { Day } from "../survey/calendar"
import { parseRanges } from "../topology/address"
import { shownStore } from "../topology/cloud/server-url"
import { sizeOf } from "../topology/ranges"
import { isComplete, type Reason } from "../verdict"
import { isInstant } from "./report"
import { NO_RULES, rulesOfAll, type SiteRules } from "./rules/reader"
import { lastRunsOfAll, nextRun } from "./rules/rhythm"
import {
  allSites,
  countedContents,
  estimatedContents,
  type LastReport,
  lastCompleteDays,
  lastReports,
  type SpoolTurns,
  spoolTurns,
} from "./store/all-sites"
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

const COUNTED_BYTES = 1024 ** 3 // of a file: its readings are counted within seconds
const RANGES_NAMED = 100
const DAYS_A_YEAR = 365

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
  const known = await readAllSites(tables, bytes <= COUNTED_BYTES)
  const bytesADay = known.reduce((sum, each) => sum + each.bytesADay, 0)
  const bytesAYear = bytesADay > 0 ? Math.round(bytesADay * DAYS_A_YEAR) : null
  const store = { file: shownStore(place.store), bytes, bytesAYear }
  return { sites: known.map(({ status }) => status), store, untold: await readUntold(tables) }
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

const NOTHING = { days: 0, firstDay: null, lastDay: null, readings: 0, bytes: 0 }

/** @param counted whether all readings are; otherwise those of the last day tell how many they are about */
async function readAllSites(
  tables: Tables,
  counted: boolean,
): Promise<{ readonly status: SiteStatus; readonly bytesADay: number }[]> {
  const sites = await allSites(tables)
  const stored = await (counted ? countedContents(tables) : estimatedContents(tables))
  const reports = await lastReports(tables)
  const runs = await lastRunsOfAll(tables)
  const completeDays = await lastCompleteDays(tables)
  const spools = await spoolTurns(tables)
  const rules = await rulesOfAll(tables)
  return sites.map(({ id, site, time_zone, devices }) => {
    const { days, firstDay, lastDay, readings, bytes } = stored.get(id) ?? NOTHING
    const next = nextRun(runs.get(id) ?? [])
    const report = reports.get(id)
    const status: SiteStatus = {
      site,
      timeZone: time_zone,
      days,
      firstDay,
      lastDay,
      devices: countAddresses(v.parse(declared, readJson(devices)).map(({ ip }) => ip)),
      readings,
      readingsEstimated: !counted,
      run: report ? runOf(report) : null,
      nextRun: next === undefined ? null : new Date(next).toISOString(),
      lastCompleteDay: completeDays.get(id)?.day ?? null,
      alternates: alternates(spools.get(id) ?? []),
      rules: rules.get(id) ?? NO_RULES,
    }
    return { status, bytesADay: days > 0 ? bytes / days : 0 }
  })
}

function runOf({ day, report }: LastReport): SiteRun | null {
  const parsed = v.safeParse(account, readJson(report))
  if (!parsed.success) return null
  const { scheduledAt, arrived, late, missing, stale, refused, reasons } = parsed.output
  const counts = { missing: countAddresses(missing), refused: countAddresses(refused) }
  return {
    day,
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

const RECENT_MS = 7 * 86_400_000

/** Whether one of the last two spools has come back after the other, and both have delivered lately. */
function alternates([latest, before]: readonly SpoolTurns[]): boolean {
  return latest !== undefined && before !== undefined && latest.turns > 0 && latest.lastAt - before.lastAt < RECENT_MS
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
