// The sites of a store, the zones of their days and the spools that deliver for them.
import type { Day } from "../../../survey/calendar"
import type { SiteDescription, SiteInfo } from "../contract"
import { rememberNames } from "../names"
import { noteOffsets } from "./offsets"
import type { Query } from "./query"

const SPOOLS_KEPT = 10 // of a site: those that delivered last
const REMEMBERED_DAYS = 1000

interface KnownZone {
  readonly id: number
  /** On which its offsets are noted. */
  readonly days: Set<Day>
}

export class Sites {
  readonly #siteIds = new Map<string, number>()
  readonly #zones = new Map<string, KnownZone>()

  constructor(private readonly query: Query) {}

  find(site: string): SiteInfo | undefined {
    const row = this.query<{ time_zone: string; devices: string }>(
      "SELECT time_zone, devices FROM sites WHERE site = ?1",
    ).get(site)
    return row ? { timeZone: row.time_zone, devices: JSON.parse(row.devices) } : undefined
  }

  /** Whether this spool has come back after another one delivered. */
  describe(site: string, { timeZone, devices, spool }: SiteDescription, now: number): boolean {
    const before = this.query<{ devices: string }>("SELECT devices FROM sites WHERE site = ?1").get(site)
    const text = JSON.stringify(devices)
    this.query(
      `INSERT INTO sites (site, time_zone, devices) VALUES (?1, ?2, ?3)
       ON CONFLICT DO UPDATE SET time_zone = excluded.time_zone, devices = excluded.devices`,
    ).run(site, timeZone, text)
    if (before?.devices !== text) rememberNames(this.query, this.idOf(site), devices)
    return spool !== "" && this.#noteSpool(this.idOf(site), spool, now)
  }

  idOf(site: string): number {
    const known = this.#siteIds.get(site)
    if (known !== undefined) return known
    const row = this.query<{ id: number }>("SELECT id FROM sites WHERE site = ?1").get(site)
    if (!row) throw new Error(`the site ${site} has not described itself`)
    this.#siteIds.set(site, row.id)
    return row.id
  }

  /** Of a zone whose offsets on this day are noted. */
  zoneIdOf(zone: string, day: Day): number {
    const known = this.#zones.get(zone) ?? this.#learnZone(zone)
    if (known.days.has(day)) return known.id
    noteOffsets(this.query, known.id, zone, day)
    if (known.days.size === REMEMBERED_DAYS) known.days.clear()
    known.days.add(day)
    return known.id
  }

  /** After a rollback only the database knows. */
  forgetIds(): void {
    this.#siteIds.clear()
    this.#zones.clear()
  }

  #learnZone(zone: string): KnownZone {
    this.query("INSERT OR IGNORE INTO zones (zone) VALUES (?1)").run(zone)
    const id = this.query<{ id: number }>("SELECT id FROM zones WHERE zone = ?1").get(zone)?.id ?? 0
    const known = { id, days: new Set<Day>() }
    this.#zones.set(zone, known)
    return known
  }

  #noteSpool(siteId: number, spool: string, now: number): boolean {
    const latest = this.query<{ spool: string }>(
      "SELECT spool FROM spools WHERE site = ?1 ORDER BY last_at DESC, turns DESC LIMIT 1",
    ).get(siteId)
    const isAnother = latest !== null && latest.spool !== spool ? 1 : 0
    // later than all others, also under a clock that was set back
    const row = this.query<{ turns: number }>(
      `INSERT INTO spools SELECT ?1, ?2, at, at, 0 FROM
         (SELECT max(?3, coalesce(max(last_at) + ?4, 0)) AS at FROM spools WHERE site = ?1) WHERE true
       ON CONFLICT DO UPDATE SET last_at = excluded.last_at, turns = turns + ?4 RETURNING turns`,
    ).get(siteId, spool, now, isAnother)
    this.query(
      `DELETE FROM spools WHERE site = ?1 AND spool NOT IN
         (SELECT spool FROM spools WHERE site = ?1 ORDER BY last_at DESC LIMIT ?2)`,
    ).run(siteId, SPOOLS_KEPT)
    return isAnother === 1 && (row?.turns ?? 0) > 0
  }
}
