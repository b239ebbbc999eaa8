// The store in PostgreSQL: any number of clouds write to it at the same time. Whatever resolves is committed.

import { StorageUnavailable } from "../../../storage/errors"
import type { Day } from "../../../survey/calendar"
import { type Agreement, digestNumber, digestText } from "../../../survey/digest"
import { type AddressRange, EVERY_ADDRESS } from "../../../topology/address"
import type {
  Closed,
  ClosedDay,
  Closing,
  Delivery,
  Drop,
  Kept,
  SiteDescription,
  SiteInfo,
  Store,
  StoredSurvey,
  TextSurvey,
  Watched,
} from "../contract"
import { type StoredReading, toJson, toStored } from "../stored"
import { newerThan } from "../survey-row"
import { CHANGED, LISTED, LISTS } from "../tables"
import { Batches } from "./batches"
import { isOfData } from "./errors"
import { Registry } from "./registry"
import type { Runner, Server } from "./server"
import { describeSite } from "./sites"
import { forgetAgreement, holdDay, Surveys } from "./surveys"

const DIFFERS: Closed = { agrees: false, toList: false }
const PAGE = 1000
const OF_RANGE = "site = $1 AND day = $2 AND address BETWEEN $3 AND $4"
const WATCH_LASTS = "interval '30 seconds'"
const LISTING_LASTS = "interval '1 minute'" // until its cloud has said again that it goes on

export class PostgresStore implements Store {
  readonly #registry: Registry
  readonly #batches: Batches

  constructor(
    private readonly server: Server,
    private readonly now: () => number,
    /** Which of the clouds this is. */
    private readonly own: string = crypto.randomUUID(),
  ) {
    this.#registry = new Registry(server)
    this.#batches = new Batches(new Surveys(server, this.#registry, now).store, isOfData)
  }

  /** Surveys that wait to be stored. */
  get waiting(): number {
    return this.#batches.waiting
  }

  async site(site: string): Promise<SiteInfo | undefined> {
    const [row] = await this.server.run((sql) =>
      sql.unsafe("SELECT time_zone, devices FROM sites WHERE site = $1", [site]),
    )
    return row && { timeZone: row.time_zone, devices: JSON.parse(row.devices) }
  }

  async describeSite(site: string, description: SiteDescription): Promise<{ alternates: boolean }> {
    return { alternates: await describeSite(this.server, site, description, this.now()) }
  }

  deliver(site: string, { day, address, revision, digest, zone, body }: Delivery): Promise<Kept> {
    const arrival = { address, revision, digest: digestNumber(digest), zone, readings: toJson(body) }
    return this.#batches.add({ site, day }, arrival)
  }

  async addText(site: string, { day, address, zone, readings }: TextSurvey) {
    const incoming = readings.map(toStored)
    const times = new Set(incoming.map(([time]) => time))
    const arrival = { address, revision: 0, digest: null, zone, readings: JSON.stringify(incoming) }
    const { outcome, superseded, versions = [] } = await this.#batches.add({ site, day }, arrival)
    const shown = versions.map(({ reading }) => reading).filter(([time]) => times.has(time))
    return { outcome, superseded, shown }
  }

  async drop(site: string, { day, addresses: { first, last }, revision, sparesNewer = false }: Drop): Promise<number> {
    const siteId = await this.#registry.siteId(site)
    const range = [siteId, day, first, last] as const
    await this.#batches.settled({ site, day })
    return this.server.transaction(async (sql) => {
      await holdDay(sql, siteId, day)
      const [stored] = await sql.unsafe(`SELECT max(revision) AS revision FROM surveys WHERE ${OF_RANGE}`, [...range])
      const upTo = sparesNewer ? revision : Math.max(revision, Number(stored.revision ?? 0))
      for (const table of ["surveys", "superseded"]) {
        await sql.unsafe(`DELETE FROM ${table} WHERE ${OF_RANGE} AND revision <= $5`, [...range, upTo])
      }
      await dropOlderValues(sql, range, upTo)
      await sql.unsafe(
        `INSERT INTO dropped VALUES ($1, $2, $3, $4, $5) ON CONFLICT (site, day, first, last)
         DO UPDATE SET revision = excluded.revision WHERE dropped.revision < excluded.revision`,
        [...range, upTo],
      )
      await sql.unsafe("UPDATE days SET has_drops = true, is_open = false WHERE site = $1 AND day = $2", [siteId, day])
      await forgetAgreement(sql, siteId, day)
      await emptyReport(sql, siteId, day)
      return upTo
    })
  }

  async closeCollection(site: string, day: Day, closing: Closing): Promise<Closed> {
    const siteId = await this.#registry.siteId(site)
    await this.#batches.settled({ site, day })
    return this.server.transaction(async (sql) => {
      await holdDay(sql, siteId, day)
      const [known] = await sql.unsafe("SELECT surveys, digest, listed FROM collections WHERE site = $1 AND day = $2", [
        siteId,
        day,
      ])
      const { claimed, report, watched } = closing
      const agrees = ({ surveys, digest }: Agreement) => surveys === claimed.surveys && digest === claimed.digest
      const last = known?.digest && { surveys: Number(known.surveys), digest: known.digest }
      if (!(last && agrees(last)) && !agrees(await agreementOn(sql, siteId, day, closing.addresses))) return DIFFERS
      const listed = Number(known?.listed ?? LISTED | CHANGED)
      const toList = closing.toList && (listed & CHANGED) !== 0
      await sql.unsafe(
        `INSERT INTO collections (site, day, surveys, digest, report, listed) VALUES ($1, $2, $3, $4, $5::text::json, $6)
         ON CONFLICT (site, day) DO UPDATE SET surveys = excluded.surveys, digest = excluded.digest,
           report = excluded.report, listed = excluded.listed`,
        [siteId, day, claimed.surveys, claimed.digest, report, toList ? 0 : listed],
      )
      if (toList) await this.#takeListing(sql, siteId, day)
      if (watched) await noteClosing(sql, siteId, day, watched)
      await sql.unsafe("UPDATE days SET is_open = false WHERE site = $1 AND day = $2", [siteId, day])
      return { agrees: true, toList }
    })
  }

  /** What another cloud has closed meanwhile is for that one to list. */
  async markListed(site: string, day: Day): Promise<void> {
    const siteId = await this.#registry.siteId(site)
    await this.server.run((sql) =>
      sql.unsafe(
        `UPDATE collections SET listed = listed | ${LISTED}, lister = NULL, listed_until = NULL
         WHERE site = $1 AND day = $2 AND lister = $3`,
        [siteId, day, this.own],
      ),
    )
  }

  async unlisted(): Promise<{ site: string; day: Day }[]> {
    const rows = await this.server.run((sql) =>
      sql.unsafe(
        `UPDATE collections SET lister = $1, listed_until = now() + ${LISTING_LASTS}
         FROM sites WHERE sites.id = collections.site AND listed & ${LISTED} = 0
           AND (lister = $1 OR listed_until IS NULL OR listed_until < now())
         RETURNING sites.site, day`,
        [this.own],
      ),
    )
    return rows
      .map((row: { site: string; day: Day }) => ({ site: row.site, day: row.day }))
      .sort((a: { day: Day }, b: { day: Day }) => (a.day < b.day ? -1 : 1))
  }

  async watches(): Promise<boolean> {
    const rows = await this.server.run((sql) =>
      sql.unsafe(
        `INSERT INTO duties (duty, holder, until) VALUES ('watch', $1, now() + ${WATCH_LASTS})
         ON CONFLICT (duty) DO UPDATE SET holder = excluded.holder, until = excluded.until
         WHERE duties.holder = excluded.holder OR duties.until < now() RETURNING duty`,
        [this.own],
      ),
    )
    return rows.length > 0
  }

  /** What has come is stored. Another cloud may watch at once; where that cannot be told it does so when ours has not said for long that it goes on. */
  async end(): Promise<void> {
    await this.#batches.allSettled()
    try {
      await this.server.run((sql) => sql.unsafe("DELETE FROM duties WHERE holder = $1", [this.own]))
    } catch (error) {
      if (!(error instanceof StorageUnavailable)) throw error
    }
  }

  async closings(): Promise<ClosedDay[]> {
    const rows = await this.server.run((sql) =>
      sql.unsafe(
        `DELETE FROM closings USING sites WHERE sites.id = closings.site RETURNING sites.site, day, is_run, addresses`,
      ),
    )
    return rows.map((row: { site: string; day: Day; is_run: boolean; addresses: string }) => ({
      site: row.site,
      day: row.day,
      isRun: row.is_run,
      addresses: JSON.parse(row.addresses),
    }))
  }

  async *surveys(
    site: string,
    day: Day,
    ranges: readonly AddressRange[] = [EVERY_ADDRESS],
  ): AsyncGenerator<readonly StoredSurvey[]> {
    const siteId = await this.#registry.siteId(site)
    for (const { first, last } of ranges) {
      for (let next = first; next <= last; ) {
        const rows = await this.server.run((sql) =>
          sql.unsafe(`SELECT address, readings FROM surveys WHERE ${OF_RANGE} ORDER BY address LIMIT ${PAGE}`, [
            siteId,
            day,
            next,
            last,
          ]),
        )
        const page: StoredSurvey[] = rows.map((row: { address: bigint; readings: string }) => ({
          address: Number(row.address),
          readings: JSON.parse(row.readings) as StoredReading[],
        }))
        if (page.length > 0) yield page
        next = page.length < PAGE ? last + 1 : (page.at(-1)?.address ?? last) + 1
      }
    }
  }

  #takeListing(sql: Runner, siteId: number, day: Day): Promise<unknown> {
    return sql.unsafe(
      `UPDATE collections SET lister = $3, listed_until = now() + ${LISTING_LASTS} WHERE site = $1 AND day = $2`,
      [siteId, day, this.own],
    )
  }
}

/** For the cloud that watches. */
const noteClosing = (sql: Runner, siteId: number, day: Day, { isRun, addresses }: Watched): Promise<unknown> =>
  sql.unsafe("INSERT INTO closings (site, day, is_run, addresses) VALUES ($1, $2, $3, $4)", [
    siteId,
    day,
    isRun,
    JSON.stringify(addresses),
  ])

/** Of what was delivered of a day for these addresses, which do not overlap. */
async function agreementOn(
  sql: Runner,
  siteId: number,
  day: Day,
  addresses: readonly AddressRange[],
): Promise<Agreement> {
  const [row] = await sql.unsafe(
    `SELECT coalesce(sum(surveys), 0) AS surveys, coalesce(sum(sum), 0)::text AS sum
     FROM unnest(string_to_array($3, ',')::bigint[], string_to_array($4, ',')::bigint[]) AS range (first, last),
       LATERAL (SELECT count(digest) AS surveys, sum(digest::numeric) AS sum FROM surveys
         WHERE site = $1 AND day = $2 AND address BETWEEN range.first AND range.last) AS within`,
    [siteId, day, addresses.map(({ first }) => first).join(), addresses.map(({ last }) => last).join()],
  )
  return { surveys: Number(row.surveys), digest: digestText(BigInt(row.sum)) }
}

/** Of surveys that came since, the values that did not. */
async function dropOlderValues(
  sql: Runner,
  range: readonly [siteId: number, day: Day, first: number, last: number],
  upTo: number,
): Promise<void> {
  const mixed = await sql.unsafe(
    `SELECT address, revision, readings, revisions FROM surveys WHERE ${OF_RANGE} AND revisions IS NOT NULL`,
    [...range],
  )
  const [siteId, day] = range
  for (const { address, revision, ...row } of mixed) {
    const { readings, revisions } = newerThan(upTo, { revision: Number(revision), ...row })
    await sql.unsafe("UPDATE surveys SET readings = $4, revisions = $5 WHERE site = $1 AND day = $2 AND address = $3", [
      siteId,
      day,
      Number(address),
      readings,
      revisions,
    ])
  }
}

/** Of a day of which nothing is left the account says only that its run took place: none of it is awaited any more. */
async function emptyReport(sql: Runner, siteId: number, day: Day): Promise<void> {
  const [left] = await sql.unsafe(
    `SELECT report::text AS report FROM collections
     WHERE site = $1 AND day = $2 AND NOT EXISTS (SELECT 1 FROM surveys WHERE site = $1 AND day = $2)`,
    [siteId, day],
  )
  if (!left) return
  const emptied = { ...JSON.parse(left.report), ...Object.fromEntries(LISTS.map((name) => [name, []])), dropped: true }
  await sql.unsafe(
    `UPDATE collections SET listed = listed | ${LISTED}, report = $3::text::json WHERE site = $1 AND day = $2`,
    [siteId, day, JSON.stringify(emptied)],
  )
}
