// What holds, read beside a running cloud.
import type { Told } from "../../news"
import type { Day } from "../../survey/calendar"
import { formatAddress } from "../../topology/address"
import { type RuleName, WORST_FIRST } from "../../topology/alerts/rules"
import { type NamedRange, nameOf } from "../../topology/names"
import { nameIn, namesIn } from "../store/names"
import { openTables, type StorePlace } from "../store/open"
import type { Tables } from "../store/tables"
import { THE_SITE } from "./table"

/** It holds, and was told or will be. */
export interface HeldRule extends Told {
  readonly site: string
}

type Row = Omit<HeldRule, "address" | "name"> & { readonly address: number }

/** As programmes are told of it. */
export interface HeldDocument {
  /** "192.168.1.2"; null: it holds of the site. */
  readonly device: string | null
  readonly name: string | null
  readonly rule: RuleName
  readonly since: Day
  readonly value: number | null
  readonly reason: string | null
}

/** What holds of one site. */
export interface SiteRules {
  /** Of how many devices any rule holds, the site as one of them. */
  readonly devices: number
  /** How many each rule holds of; those that hold of none are left out. */
  readonly counts: Readonly<Partial<Record<RuleName, number>>>
  /** All of the worst hundred devices, the worst first. */
  readonly worst: readonly HeldDocument[]
}

const WORST = 100
const RANK = `CASE rule ${WORST_FIRST.map((rule, rank) => `WHEN '${rule}' THEN ${rank}`).join(" ")} END`
// by the rule, then by its value, which is within ±1000
const SCORE = `10000 * ${RANK} + coalesce(CASE WHEN rule IN ('wet', 'hot') THEN -value ELSE value END, 0)`

/** By site, rule and address. Rejects with StorageError where there is no store yet. */
export async function readHeldRules(place: StorePlace): Promise<HeldRule[]> {
  await using tables = await openTables(place)
  const rows = await tables.all<Row>(
    `SELECT sites.site, address, rule, since, value, reason FROM alerts JOIN sites ON sites.id = alerts.site
     WHERE holds = 1 ORDER BY sites.site, rule, address`,
  )
  const names = new Map<string, NamedRange[]>()
  for (const { site } of rows) if (!names.has(site)) names.set(site, await namesIn(tables, site))
  return rows.map(({ address, ...row }) => ({ ...row, ...placed(address, names.get(row.site) ?? []) }))
}

export const NO_RULES: SiteRules = { devices: 0, counts: {}, worst: [] }

/** By the sites' ids, without those of which nothing holds. */
export async function rulesOfAll(tables: Tables): Promise<ReadonlyMap<number, SiteRules>> {
  const counts = await tables.all<{ siteId: number; rule: RuleName; holds: number }>(
    `SELECT site AS "siteId", rule, count(*) AS holds FROM alerts WHERE holds = 1 GROUP BY site, rule`,
  )
  if (counts.length === 0) return new Map()
  const devices = await tables.all<{ siteId: number; devices: number }>(
    `SELECT site AS "siteId", count(DISTINCT address) AS devices FROM alerts WHERE holds = 1 GROUP BY site`,
  )
  const worst = Map.groupBy(await worstOfAll(tables), ({ siteId }) => siteId)
  const bySite = Map.groupBy(counts, ({ siteId }) => siteId)
  return new Map(
    devices.map(({ siteId, devices }) => {
      const held = new Map(bySite.get(siteId)?.map(({ rule, holds }) => [rule, holds]))
      const ordered = WORST_FIRST.flatMap((rule): [RuleName, number][] => {
        const holds = held.get(rule)
        return holds === undefined ? [] : [[rule, holds]]
      })
      const documents = (worst.get(siteId) ?? []).map(({ siteId: _, ...row }) => documentOf(row))
      return [siteId, { devices, counts: Object.fromEntries(ordered), worst: documents }]
    }),
  )
}

type WorstRow = Omit<Row, "site"> & { readonly siteId: number; readonly site: string; readonly name: string | null }

/** All of the worst hundred devices of each site, the worst first. */
async function worstOfAll(tables: Tables): Promise<(HeldRule & { readonly siteId: number })[]> {
  const rows = await tables.all<WorstRow>(
    `WITH held AS (SELECT site, address, rule, since, value, reason, ${SCORE} AS score FROM alerts WHERE holds = 1),
       ranked AS (SELECT site, address, row_number() OVER (PARTITION BY site ORDER BY min(score), address) AS place
                  FROM held GROUP BY site, address)
     SELECT sites.id AS "siteId", sites.site, held.address, rule, since, value, reason, ${NAME} AS name
     FROM ranked JOIN held ON held.site = ranked.site AND held.address = ranked.address JOIN sites ON sites.id = held.site
     WHERE place <= ${WORST} ORDER BY held.site, score, held.address`,
  )
  return rows.map(({ address, name, ...row }) => ({ ...row, ...placed(address, nameRange(address, name)) }))
}

/** Of the one range that may hold the address. */
const NAME = `(SELECT CASE WHEN last >= held.address THEN name END FROM names
   WHERE names.site = held.site AND first <= held.address ORDER BY first DESC LIMIT 1)`

const nameRange = (address: number, name: string | null): NamedRange[] =>
  name === null ? [] : [{ first: address, last: address, name }]

/** Of one device, the worst first. Rejects with StorageError where there is no store. */
export async function readHeldOf(place: StorePlace, site: string, address: number): Promise<HeldDocument[]> {
  await using tables = await openTables(place)
  const rows = await tables.all<Omit<Row, "site">>(
    `SELECT address, rule, since, value, reason FROM alerts
     WHERE site = (SELECT id FROM sites WHERE site = ?1) AND address = ?2 AND holds = 1 ORDER BY ${RANK}`,
    ...[site, address],
  )
  return await namedDocuments(tables, site, rows)
}

function namedDocuments(tables: Tables, site: string, rows: readonly Omit<Row, "site">[]): Promise<HeldDocument[]> {
  const named = rows.map(async ({ address, ...row }) =>
    documentOf({ ...row, site, ...placed(address, await nameIn(tables, site, address)) }),
  )
  return Promise.all(named)
}

const placed = (address: number, names: readonly NamedRange[]): Pick<HeldRule, "address" | "name"> =>
  address === THE_SITE ? { address: undefined, name: undefined } : { address, name: nameOf(names, address) }

export const documentOf = ({ address, name, rule, since, value, reason }: HeldRule): HeldDocument => ({
  device: address === undefined ? null : formatAddress(address),
  name: name ?? null,
  rule,
  since,
  value,
  reason,
})
