// What a spool tells about the last days and about today, read beside a running gateway.
import type { Database } from "bun:sqlite"
import { openForReading } from "../../storage/database"
import { addDays, type Day, dayOf } from "../../survey/calendar"
import { formatAddress, formatRange } from "../../topology/address"
import type { Device } from "../../topology/devices"
import { joinRanges, sizeOf } from "../../topology/ranges"
import type { Topology } from "../../topology/topology"
import { isComplete, REASONS_KEPT, type Reason } from "../../verdict"
import { Senders } from "../intake/senders"
import { lineFor, readStrangers } from "../intake/strangers"
import { type Collection, lastRunDayOf, lastRunOf, readCollections } from "../ledger/ledger"
import { debtsOf, type Owed } from "../ledger/owed"
import { retentionDays } from "../ledger/retention"
import { countQuarantined, type Kind } from "../quarantine/entries"
import { countStale, reasonsOf } from "../spool/notes/absences"
import { siteOf } from "../spool/notes/identity"
import { refusalsOf } from "../spool/notes/refused"
import {
  countDay,
  countDue,
  countSurveys,
  countWaiting,
  type DayCounts,
  type DeviceDay,
  deviceDay,
  missingRanges,
  openSpool,
} from "../spool/reader"
import { addressingOf, SPOOL } from "../spool/schema"
import { type SpoolSpace, spoolSpace } from "./capacity"

/** Days are written 2026-11-21, instants as in RFC 3339. */
export interface GatewayStatus {
  /** Whose surveys these are, by the name of the last start. */
  readonly site: string
  /** The latest run of the schedule; null before the first. */
  readonly run: RunStatus | null
  /** The last days, oldest first. */
  readonly days: readonly DayCounts[]
  /** The same device by device, in a network of at most 20; null in a larger one. */
  readonly devices: readonly DeviceStatus[] | null
  readonly owed: Owed
  /** What was owed and can never come: the source holds one day only, or the day is too long ago. */
  readonly lost: Owed
  /** Surveys that go to the cloud still, and the oldest one's day. */
  readonly undelivered: { readonly surveys: number; readonly oldest: Day | null }
  /** Days that are yet to come, as far as the cloud's clock tells; `drop` ends the waiting. */
  readonly waiting: readonly WaitingDay[]
  /** What was refused or superseded and is kept, by kind. */
  readonly quarantine: Readonly<Record<Kind, number>>
  /** Whom the gateway has refused and would refuse today, the latest first, each sender's latest before all else. */
  readonly strangers: readonly StrangerStatus[]
  readonly spool: SpoolSpace
}

export interface RunStatus extends DayCounts {
  readonly scheduledAt: string
  /** Of the missing devices, those whose file is older than the day. */
  readonly stale: number
  /** The missing devices, the first 100 of their ranges. */
  readonly missingDevices: readonly string[]
  /** Why devices are missing, or the cloud refuses their surveys, the first 100. */
  readonly reasons: readonly Reason[]
  readonly complete: boolean
}

/** Surveys that wait for their day: this clock was ahead when they came, or the cloud's is behind. */
export interface WaitingDay {
  readonly day: Day
  readonly surveys: number
}

export interface DeviceStatus {
  readonly ip: string
  readonly name: string | null
  readonly paused: boolean
  readonly days: readonly DeviceDay[]
}

export interface StrangerStatus {
  readonly sender: string
  /** The device that it spoke for. */
  readonly address: string
  readonly reason: string
  readonly tries: number
  readonly firstAt: string
  readonly lastAt: string
  /** The line of topology.yaml that takes it in; null where there can be none, or another one of these has it. */
  readonly line: string | null
}

const DAYS_SHOWN = 7
const DEVICES_SHOWN = 20
const RANGES_NAMED = 100

/**
 * Reads the spool; its gateway notices nothing. Throws StorageError when there is none yet.
 * @param now ms since the epoch
 */
export function readGatewayStatus(topology: Topology, now: number): GatewayStatus {
  const { devices, gateway, timeZone, limits } = topology
  const oldestDay = addDays(dayOf(now, timeZone), -retentionDays(topology))
  const sqlite = openSpool(gateway.spool)
  try {
    const collections = runsOf(sqlite)
    const shown = collections.slice(-DAYS_SHOWN)
    const days = shown.map((collection) => countDay(sqlite, collection))
    const run = lastRunOf(collections)
    return {
      site: siteOf(sqlite) ?? topology.site,
      run: run ? runStatus(sqlite, run, days) : null,
      days,
      devices: devices.size <= DEVICES_SHOWN ? deviceStatus(sqlite, shown, devices) : null,
      ...debtsOf(sqlite, collections, devices, { lastRunDay: lastRunDayOf(collections), oldestDay }),
      undelivered: countDue(sqlite),
      waiting: countWaiting(sqlite, addDays(dayOf(now, timeZone), 1)),
      quarantine: countQuarantined(sqlite).kinds,
      strangers: strangersOf(sqlite, topology),
      spool: spoolSpace(sqlite, gateway.spool, days, limits.spool),
    }
  } finally {
    sqlite.close()
  }
}

/** The last days of these devices only. Throws as `readGatewayStatus()` does. */
export function readDevices({ gateway }: Topology, devices: Iterable<Device>): DeviceStatus[] {
  const sqlite = openSpool(gateway.spool)
  try {
    return deviceStatus(sqlite, runsOf(sqlite).slice(-DAYS_SHOWN), devices)
  } finally {
    sqlite.close()
  }
}

/** A collection that is under way, as it can be told at once of any fleet. */
export interface RunUnderWay {
  readonly day: Day
  readonly expected: number
  /** Surveys that have come so far. */
  readonly arrived: number
}

/** The latest one; undefined where none is. Throws as `readGatewayStatus()` does. */
export function readRunUnderWay({ gateway }: Topology): RunUnderWay | undefined {
  const sqlite = openForReading(gateway.spool, SPOOL)
  try {
    const run = runsOf(sqlite).findLast(({ closed }) => !closed)
    if (!run) return undefined
    const [here] = countSurveys(sqlite, run.day, run.day)
    return { day: run.day, expected: sizeOf(joinRanges(run.expected)), arrived: here?.surveys ?? 0 }
  } finally {
    sqlite.close()
  }
}

const runsOf = (sqlite: Database): Collection[] => readCollections(sqlite).filter(({ doubtful }) => !doubtful)

function runStatus(sqlite: Database, run: Collection, days: readonly DayCounts[]): RunStatus {
  const counts = days.find(({ day }) => day === run.day) ?? countDay(sqlite, run)
  const missing = counts.missing > 0 ? missingRanges(sqlite, run.day, joinRanges(run.expected), RANGES_NAMED) : []
  const absent = [...reasonsOf(sqlite, run.day, missing, REASONS_KEPT)]
  return {
    ...counts,
    scheduledAt: instant(run.scheduledAt),
    stale: counts.missing > 0 ? countStale(sqlite, run.day) : 0,
    missingDevices: missing.map(formatRange),
    reasons: [
      ...absent.map(([address, reason]) => ({ ip: formatAddress(address), reason })),
      ...refusalsOf(sqlite, run.day, REASONS_KEPT),
    ],
    complete: isComplete({
      agreed: run.closed && run.confirmed && counts.waiting === 0,
      missing: counts.missing,
      refused: counts.refused,
    }),
  }
}

function deviceStatus(sqlite: Database, shown: readonly Collection[], devices: Iterable<Device>): DeviceStatus[] {
  return Array.from(devices, ({ address, ip, name = null, paused }) => ({
    ip,
    name,
    paused,
    days: shown.map((collection) => deviceDay(sqlite, collection, address)),
  }))
}

/** Who was declared meanwhile is a stranger no more. */
function strangersOf(sqlite: Database, topology: Topology): StrangerStatus[] {
  const addressing = addressingOf(sqlite)
  const senders = new Senders(topology, addressing)
  const given = new Set<string | null>()
  return readStrangers(sqlite).flatMap(({ firstAt, lastAt, ...stranger }) => {
    const { sender, address } = stranger
    const reason = senders.identify(sender, sender === address ? undefined : address)
    if (typeof reason !== "string") return []
    const found = lineFor(stranger, topology, addressing) ?? null
    const line = given.has(found) ? null : found
    given.add(found)
    return { ...stranger, reason, firstAt: instant(firstAt), lastAt: instant(lastAt), line }
  })
}

const instant = (ms: number): string => new Date(ms).toISOString()
