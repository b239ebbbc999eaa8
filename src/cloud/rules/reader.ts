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

export async function siteRules(tables: Tables, siteId: number, site: string): Promise<SiteRules> {
  const counts = await tables.all<{ rule: RuleName; holds: number }>(
    "SELECT rule, count(*) AS holds FROM alerts WHERE site = ?1 AND holds = 1 GROUP BY rule",
    siteId,
  )
  if (counts.length === 0) return { devices: 0, counts: {}, worst: [] }
  const devices = await tables.get<{ devices: number }>(
    "SELECT count(DISTINCT address) AS devices FROM alerts WHERE site = ?1 AND holds = 1",
    siteId,
  )
  const worst = await tables.all<Omit<Row, "site">>(
    `WITH held AS (SELECT *, ${SCORE} AS score FROM alerts WHERE site = ?1 AND holds = 1)
     SELECT address, rule, since, value, reason FROM held
     WHERE address IN (SELECT address FROM held GROUP BY address ORDER BY min(score), address LIMIT ${WORST})
     ORDER BY score, address`,
    siteId,
  )
  const ordered = WORST_FIRST.flatMap((rule) => counts.filter((each) => each.rule === rule))
  return {
    devices: devices?.devices ?? 0,
    counts: Object.fromEntries(ordered.map(({ rule, holds }) => [rule, holds])),
    worst: await namedDocuments(tables, site, worst),
  }
}

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
