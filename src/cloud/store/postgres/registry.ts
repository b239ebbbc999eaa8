// The numbers that sites and zones have in the tables. They never change, so that each is asked for once.
import { type Day, isTimeZone } from "../../../survey/calendar"
import { offsetsOn } from "../../../survey/offsets"
import type { Runner, Server } from "./server"

const REMEMBERED_DAYS = 1000

interface KnownZone {
  readonly id: number
  /** On which its offsets are noted. */
  readonly days: Set<Day>
}

export class Registry {
  readonly #sites = new Map<string, number>()
  readonly #zones = new Map<string, KnownZone>()

  constructor(private readonly server: Server) {}

  /** Rejects where the site has not described itself. */
  async siteId(site: string): Promise<number> {
    const known = this.#sites.get(site)
    if (known !== undefined) return known
    const [row] = await this.server.run((sql) => sql.unsafe("SELECT id FROM sites WHERE site = $1", [site]))
    if (!row) throw new Error(`the site ${site} has not described itself`)
    const id = Number(row.id)
    this.#sites.set(site, id)
    return id
  }

  /** Of a zone whose offsets on this day are noted. */
  async zoneId(zone: string, day: Day): Promise<number> {
    const known = this.#zones.get(zone) ?? (await this.#learn(zone))
    if (known.days.has(day)) return known.id
    await this.#noteOffsets(known.id, zone, day)
    if (known.days.size === REMEMBERED_DAYS) known.days.clear()
    known.days.add(day)
    return known.id
  }

  async #learn(zone: string): Promise<KnownZone> {
    const [row] = await this.server.transaction(async (sql) => {
      await holdNumbers(sql)
      await sql.unsafe(
        `INSERT INTO zones (id, zone) SELECT coalesce(max(id), 0) + 1, $1 FROM zones
         HAVING NOT EXISTS (SELECT 1 FROM zones WHERE zone = $1)`,
        [zone],
      )
      return sql.unsafe("SELECT id FROM zones WHERE zone = $1", [zone])
    })
    const known = { id: Number(row.id), days: new Set<Day>() }
    this.#zones.set(zone, known)
    return known
  }

  /** Not those of a zone that this runtime does not know, as another one may have. */
  async #noteOffsets(id: number, zone: string, day: Day): Promise<void> {
    if (!isTimeZone(zone)) return
    const { offset, changesAt, offsetAfter } = offsetsOn(day, zone)
    await this.server.run((sql) =>
      sql.unsafe("INSERT INTO offsets VALUES ($1, $2, $3, $4, $5) ON CONFLICT (zone, day) DO NOTHING", [
        id,
        day,
        offset,
        changesAt,
        offsetAfter,
      ]),
    )
  }
}

/** New numbers are taken by one cloud after the other, until the end of its transaction. */
export const holdNumbers = (sql: Runner): Promise<unknown> =>
  sql.unsafe("SELECT version FROM about WHERE id = 1 FOR UPDATE")
