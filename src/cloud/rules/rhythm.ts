// When a site's next run is due, by the rhythm of its last ones: a cloud does not know another site's schedule.
import type { Day } from "../../survey/calendar"
import type { Query } from "../store/sqlite/query"
import type { Tables } from "../store/tables"

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const PATIENCE_MS = 6 * HOUR_MS // a schedule is changed, a gateway waits for whoever is late
const RUNS = 15 // two weeks of days

/** The instants of the last runs of a site, up to this day, ms since the epoch. */
export function lastRuns(query: Query, siteId: number, upTo: Day): number[] {
  const rows = query<{ at: string | null }>(
    `SELECT iif(json_valid(report) AND NOT coalesce(report ->> '$.adopted', 0), report ->> '$.scheduledAt', NULL) AS at
     FROM collections WHERE site = ?1 AND day <= ?2 ORDER BY day DESC LIMIT ${RUNS}`,
  ).all(siteId, upTo)
  return rows.map(({ at }) => Date.parse(at ?? "")).filter((at) => !Number.isNaN(at))
}

/** The instants of the last runs of a site, up to this day, ms since the epoch. */
export async function lastRunsIn(tables: Tables, siteId: number, upTo: Day): Promise<number[]> {
  const rows = await tables.all<{ at: string | null }>(
    `SELECT ${instantOf(tables)} AS at FROM collections WHERE site = ?1 AND day <= ?2 ORDER BY day DESC LIMIT ${RUNS}`,
    siteId,
    upTo,
  )
  return instants(rows)
}

/** Those of the last runs of all sites, by their ids. */
export async function lastRunsOfAll(tables: Tables): Promise<ReadonlyMap<number, number[]>> {
  const rows = await tables.all<{ siteId: number; at: string | null }>(
    `SELECT collections.site AS "siteId", ${instantOf(tables)} AS at
     FROM (SELECT id, coalesce((SELECT day FROM collections WHERE collections.site = sites.id
             ORDER BY day DESC LIMIT 1 OFFSET ${RUNS - 1}), '') AS day FROM sites) AS recent
       CROSS JOIN collections
     WHERE collections.site = recent.id AND collections.day >= recent.day`,
  )
  return new Map([...Map.groupBy(rows, ({ siteId }) => siteId)].map(([siteId, runs]) => [siteId, instants(runs)]))
}

/** Null of one that somebody has written by hand, or of a day that was known already. */
const instantOf = ({ dialect }: Tables): string =>
  `CASE WHEN ${dialect.isJson("report")} THEN CASE WHEN CAST(report -> 'adopted' AS TEXT) = 'true' THEN NULL
     ELSE report ->> 'scheduledAt' END END`

const instants = (rows: readonly { readonly at: string | null }[]): number[] =>
  rows.map(({ at }) => Date.parse(at ?? "")).filter((at) => !Number.isNaN(at))

/**
 * One long pause is an outage; the second longest is the rhythm, as of a schedule that leaves out weekends.
 * @param runs ms since the epoch, in any order
 * @returns ms since the epoch; undefined before the first run
 */
export function nextRun(runs: readonly number[]): number | undefined {
  const rising = [...runs].sort((a, b) => a - b)
  const last = rising.at(-1)
  if (last === undefined) return undefined
  const pauses = rising.slice(1).map((at, index) => at - (rising[index] ?? at))
  const [, rhythm = DAY_MS] = pauses.sort((a, b) => b - a)
  return last + Math.max(rhythm, DAY_MS)
}

/** Whether a run that was due by its site's rhythm does not come any more. */
export const isOverdue = (dueAt: number, now: number): boolean => dueAt + PATIENCE_MS < now
