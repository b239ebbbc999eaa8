// Which days of a site are stored, and how much of one.
import type { Day } from "../../survey/calendar"
import type { Drop } from "./contract"
import type { Tables } from "./tables"

export const FIRST_DAY: Day = "0000-01-01"
export const LAST_DAY: Day = "9999-12-31"

/** How many surveys of a day and of these addresses are there. */
export async function countStored(
  tables: Tables,
  site: string,
  { day, addresses }: Omit<Drop, "revision">,
): Promise<number> {
  const row = await tables.get<{ surveys: number }>(
    `SELECT count(*) AS surveys FROM surveys WHERE site = (SELECT id FROM sites WHERE site = ?1)
     AND day = ?2 AND address BETWEEN ?3 AND ?4`,
    ...[site, day, addresses.first, addresses.last],
  )
  return row?.surveys ?? 0
}

/** SQL: the tables `own` of the site's number, and `stored` of its days from one on, which ends behind another one. */
export const storedDaysSql = (site: string, from: string, to: string): string =>
  `WITH RECURSIVE
     own (site) AS (SELECT id FROM sites WHERE site = ${site}),
     stored (day) AS (
       SELECT min(day) FROM surveys WHERE site = (SELECT site FROM own) AND day >= ${from}
       UNION ALL
       SELECT (SELECT min(day) FROM surveys WHERE site = (SELECT site FROM own) AND surveys.day > stored.day)
       FROM stored WHERE stored.day <= ${to}
     )`

/** Days of which anything of a site is stored, rising; costs one look-up in the primary key per day. */
export async function storedDays(
  tables: Tables,
  site: string,
  from: Day = FIRST_DAY,
  to: Day = LAST_DAY,
): Promise<Day[]> {
  const rows = await tables.all<{ day: Day }>(
    `${storedDaysSql("?1", "?2", "?3")} SELECT day FROM stored WHERE day <= ?3`,
    ...[site, from, to],
  )
  return rows.map(({ day }) => day)
}

/**
 * The latest day of which anything is stored, or any reading of this device; costs one look-up in the primary key per
 * day behind it.
 */
export async function lastStored(tables: Tables, site: string, device?: number): Promise<Day | undefined> {
  const row = await tables.get<{ day: Day }>(
    `WITH RECURSIVE
       own (site) AS (SELECT id FROM sites WHERE site = ?1),
       stored (day) AS (
         SELECT max(day) FROM surveys WHERE site = (SELECT site FROM own)
         UNION ALL
         SELECT (SELECT max(day) FROM surveys WHERE site = (SELECT site FROM own) AND surveys.day < stored.day)
         FROM stored WHERE stored.day IS NOT NULL
       )
     SELECT day FROM stored WHERE day IS NOT NULL AND (CAST(?2 AS BIGINT) IS NULL OR EXISTS
       (SELECT 1 FROM surveys WHERE site = (SELECT site FROM own) AND surveys.day = stored.day AND address = ?2
        AND readings <> '[]'))
     LIMIT 1`,
    ...[site, device ?? null],
  )
  return row?.day
}

/** The first day of which anything is stored. */
export async function firstStored(tables: Tables, site: string): Promise<Day | undefined> {
  const row = await tables.get<{ day: Day | null }>(
    "SELECT min(day) AS day FROM surveys WHERE site = (SELECT id FROM sites WHERE site = ?1)",
    site,
  )
  return row?.day ?? undefined
}
