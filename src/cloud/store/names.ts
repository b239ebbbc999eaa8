// The names that a site's devices have, or had when they were last told: whoever left topology.yaml keeps his in the store.
import { type NamedRange, namedRanges } from "../../topology/names"
import { joinRanges, placeIn, without } from "../../topology/ranges"
import type { SiteInfo } from "./contract"
import type { Query } from "./sqlite/query"
import type { Tables } from "./tables"

/** A new name takes the place of an older one, no name does not; within the caller's transaction. */
export function rememberNames(query: Query, siteId: number, devices: SiteInfo["devices"]): void {
  const before = query<NamedRange>("SELECT first, last, name FROM names WHERE site = ?1").all(siteId)
  query("DELETE FROM names WHERE site = ?1").run(siteId)
  const insert = query("INSERT OR REPLACE INTO names VALUES (?1, ?2, ?3, ?4)")
  for (const { first, last, name } of namesToKeep(before, devices)) insert.run(siteId, first, last, name)
}

/** What becomes of the names when these devices are told. */
export function namesToKeep(before: readonly NamedRange[], devices: SiteInfo["devices"]): NamedRange[] {
  const told = namedRanges(devices)
  const anew = joinRanges(told)
  const kept = before.flatMap(({ first, last, name }) => {
    const others = anew.slice(placeIn(anew, first), placeIn(anew, last) + 1)
    return without([{ first, last }], others).map((range) => ({ ...range, name }))
  })
  return [...kept, ...told]
}

/** In address order. */
export const namesOfSite = (query: Query, site: string): NamedRange[] =>
  query<NamedRange>(
    "SELECT first, last, name FROM names WHERE site = (SELECT id FROM sites WHERE site = ?1) ORDER BY first",
  ).all(site)

/** In address order. */
export const namesIn = (tables: Tables, site: string): Promise<NamedRange[]> =>
  tables.all<NamedRange>(
    "SELECT first, last, name FROM names WHERE site = (SELECT id FROM sites WHERE site = ?1) ORDER BY first",
    site,
  )

/** The one range that may hold the address. */
export const nameIn = (tables: Tables, site: string, address: number): Promise<NamedRange[]> =>
  tables.all<NamedRange>(
    `SELECT first, last, name FROM names WHERE site = (SELECT id FROM sites WHERE site = ?1) AND first <= ?2
     ORDER BY first DESC LIMIT 1`,
    site,
    address,
  )
