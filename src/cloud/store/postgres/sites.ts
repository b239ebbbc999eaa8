// The sites as their gateways describe them, and the spools that deliver for them.

import type { SiteDescription } from "../contract"
import { namesToKeep } from "../names"
import { holdNumbers } from "./registry"
import type { Runner, Server } from "./server"

const SPOOLS_KEPT = 10 // of a site: those that delivered last

/** Resolves with whether this spool has come back after another one delivered. */
export function describeSite(
  server: Server,
  site: string,
  { timeZone, devices, spool }: SiteDescription,
  now: number,
): Promise<boolean> {
  const text = JSON.stringify(devices)
  return server.transaction(async (sql) => {
    const before = await find(sql, site)
    if (!before) await holdNumbers(sql)
    // another cloud may have heard of it meanwhile
    const known = before ?? (await find(sql, site))
    const [row] = known
      ? await sql.unsafe("UPDATE sites SET time_zone = $2, devices = $3 WHERE id = $1 RETURNING id", [
          known.id,
          timeZone,
          text,
        ])
      : await sql.unsafe("INSERT INTO sites SELECT coalesce(max(id), 0) + 1, $1, $2, $3 FROM sites RETURNING id", [
          site,
          timeZone,
          text,
        ])
    const siteId = Number(row.id)
    if (known?.devices !== text) await rememberNames(sql, siteId, devices)
    return spool !== "" && (await noteSpool(sql, siteId, spool, now))
  })
}

async function find(sql: Runner, site: string): Promise<{ id: bigint; devices: string } | undefined> {
  const [row] = await sql.unsafe("SELECT id, devices FROM sites WHERE site = $1 FOR UPDATE", [site])
  return row
}

async function rememberNames(sql: Runner, siteId: number, devices: SiteDescription["devices"]): Promise<void> {
  const before = await sql.unsafe("SELECT first, last, name FROM names WHERE site = $1", [siteId])
  const known = before.map((row: { first: bigint; last: bigint; name: string }) => ({
    first: Number(row.first),
    last: Number(row.last),
    name: row.name,
  }))
  const names = namesToKeep(known, devices)
  await sql.unsafe("DELETE FROM names WHERE site = $1", [siteId])
  await sql.unsafe(
    `INSERT INTO names SELECT $1, name.* FROM unnest(string_to_array($2, ',')::bigint[], string_to_array($3, ',')::bigint[],
       string_to_array($4, chr(30))) AS name (first, last, name)`,
    [
      siteId,
      names.map(({ first }) => first).join(),
      names.map(({ last }) => last).join(),
      names.map(({ name }) => name).join("\x1e"),
    ],
  )
}

async function noteSpool(sql: Runner, siteId: number, spool: string, now: number): Promise<boolean> {
  const spools = await sql.unsafe(
    "SELECT spool, last_at, turns FROM spools WHERE site = $1 ORDER BY last_at DESC, turns DESC",
    [siteId],
  )
  const [latest] = spools
  const isAnother = latest !== undefined && latest.spool !== spool ? 1 : 0
  // later than all others, also under a clock that was set back
  const at = Math.max(now, latest ? Number(latest.last_at) + isAnother : 0)
  const [row] = await sql.unsafe(
    `INSERT INTO spools VALUES ($1, $2, $3, $3, 0) ON CONFLICT (site, spool)
     DO UPDATE SET last_at = excluded.last_at, turns = spools.turns + $4 RETURNING turns`,
    [siteId, spool, at, isAnother],
  )
  await sql.unsafe(
    `DELETE FROM spools WHERE site = $1 AND spool NOT IN
       (SELECT spool FROM spools WHERE site = $1 ORDER BY last_at DESC LIMIT ${SPOOLS_KEPT})`,
    [siteId],
  )
  return isAnother === 1 && Number(row.turns) > 0
}
