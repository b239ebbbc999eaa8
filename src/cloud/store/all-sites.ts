// What is told of all sites at once, each by its id: a query for thousands of them, as it may be a round trip to a server.
import type { Day } from "../../survey/calendar"
import type { Tables } from "./tables"

export interface Site {
  readonly id: number
  readonly site: string
  readonly time_zone: string
  /** JSON: [{"ip": "192.168.1.2", "name": "tomatoes"}, …] */
  readonly devices: string
}

/** What is stored of a site of which anything is. */
export interface Stored {
  /** Days of which anything is stored, the first and the last of them. */
  readonly days: number
  readonly firstDay: Day
  readonly lastDay: Day
  readonly readings: number
  /** An estimate of what they take on the disk. */
  readonly bytes: number
}

export interface LastReport {
  readonly day: Day
  /** JSON: what of the gateway's account is understood. */
  readonly report: string
}

type BySite<T> = Promise<ReadonlyMap<number, T>>
type Row<T> = T & { readonly siteId: number }

const ROW_BYTES = 42 // of a survey beside its readings
const FILL = 0.86 // of the pages that a fleet's days fill in address order

/** By name. */
export const allSites = (tables: Tables): Promise<Site[]> =>
  tables.all<Site>("SELECT id, site, time_zone, devices FROM sites ORDER BY site")

/** Reads all of the store. */
export async function countedContents(tables: Tables): BySite<Stored> {
  const rows = await tables.all<Row<Stored>>(
    `SELECT site AS "siteId", count(*) AS days, min(day) AS "firstDay", max(day) AS "lastDay",
       CAST(sum(readings) AS BIGINT) AS readings, CAST(sum(bytes) AS BIGINT) AS bytes
     FROM (SELECT site, day, ${contentsOf(tables)} FROM surveys GROUP BY site, day) AS days GROUP BY site`,
  )
  return bySite(rows.map((row) => ({ ...row, bytes: row.bytes / FILL })))
}

/** As if each day of a site were its last one; costs one look-up in the primary key per site and day. */
export async function estimatedContents(tables: Tables): BySite<Stored> {
  const spans = await tables.all<Row<Pick<Stored, "days" | "firstDay" | "lastDay">>>(
    `WITH RECURSIVE stored (site, day) AS (
       SELECT id, (SELECT min(day) FROM surveys WHERE surveys.site = sites.id) FROM sites
       UNION ALL
       SELECT stored.site, (SELECT min(day) FROM surveys WHERE surveys.site = stored.site AND surveys.day > stored.day)
       FROM stored WHERE stored.day IS NOT NULL
     )
     SELECT site AS "siteId", count(*) AS days, min(day) AS "firstDay", max(day) AS "lastDay"
     FROM stored WHERE day IS NOT NULL GROUP BY site`,
  )
  const lastDays = await tables.all<Row<Pick<Stored, "readings" | "bytes">>>(
    `SELECT surveys.site AS "siteId", ${contentsOf(tables)}
     FROM (SELECT id, (SELECT max(day) FROM surveys WHERE surveys.site = sites.id) AS day FROM sites) AS latest
       CROSS JOIN surveys
     WHERE surveys.site = latest.id AND surveys.day = latest.day GROUP BY surveys.site`,
  )
  const known = bySite(lastDays)
  return bySite(
    spans.map((span) => {
      const { readings, bytes } = known.get(span.siteId) ?? { readings: 0, bytes: 0 }
      return { ...span, readings: readings * span.days, bytes: (bytes / FILL) * span.days }
    }),
  )
}

const contentsOf = ({ dialect }: Tables): string =>
  `sum(${dialect.arrayLength("readings")}) AS readings,
   sum(${ROW_BYTES} + octet_length(readings) + coalesce(octet_length(revisions), 0)) AS bytes`

/** Of the latest day that each gateway closed. */
export async function lastReports(tables: Tables): BySite<LastReport> {
  const rows = await tables.all<Row<LastReport>>(
    `SELECT collections.site AS "siteId", collections.day, CAST(report AS TEXT) AS report
     FROM (SELECT id, (SELECT max(day) FROM collections WHERE collections.site = sites.id) AS day FROM sites) AS latest
       CROSS JOIN collections
     WHERE collections.site = latest.id AND collections.day = latest.day`,
  )
  return bySite(rows)
}

/** The latest day of each of which every expected device's readings are here. */
export async function lastCompleteDays(tables: Tables): BySite<{ readonly day: Day | null }> {
  const isSaid = (label: string) => `coalesce(CAST(report -> '${label}' AS TEXT), '') = 'true'`
  const rows = await tables.all<Row<{ day: Day | null }>>(
    `SELECT id AS "siteId",
       (SELECT day FROM collections WHERE collections.site = sites.id AND CASE WHEN ${tables.dialect.isJson("report")}
          THEN json_array_length(report -> 'missing') = 0 AND json_array_length(report -> 'refused') = 0
            AND NOT ${isSaid("adopted")} AND NOT ${isSaid("dropped")}
          ELSE false END
        ORDER BY day DESC LIMIT 1) AS day
     FROM sites`,
  )
  return bySite(rows)
}

export interface SpoolTurns {
  /** ms since the epoch */
  readonly lastAt: number
  /** How often it has come back after another one. */
  readonly turns: number
}

/** The spools of each, the latest first. */
export async function spoolTurns(tables: Tables): BySite<readonly SpoolTurns[]> {
  const rows = await tables.all<Row<SpoolTurns>>(
    `SELECT site AS "siteId", last_at AS "lastAt", turns FROM spools ORDER BY site, last_at DESC`,
  )
  return Map.groupBy(rows, ({ siteId }) => siteId)
}

const bySite = <T extends { readonly siteId: number }>(rows: readonly T[]): ReadonlyMap<number, T> =>
  new Map(rows.map((row) => [row.siteId, row]))
