// What holds, read beside a running cloud.
import { openForReading } from "../../storage/database"
import type { Day } from "../../survey/calendar"
import type { RuleName } from "../../topology/alerts/rules"
import { type NamedRange, nameOf } from "../../topology/names"
import { namesOfSite } from "../store/names"
import { queryOf } from "../store/query"
import { STORE } from "../store/schema"
import { THE_SITE } from "./table"

export interface HeldRule {
  readonly site: string
  /** Undefined: it holds of the site. */
  readonly address: number | undefined
  readonly name: string | undefined
  readonly rule: RuleName
  readonly since: Day
  /** The last day's worst, % or °C. */
  readonly value: number | null
  readonly reason: string | null
}

type Row = Omit<HeldRule, "address" | "name"> & { readonly address: number }

/** By site, rule and address. Throws StorageError where there is no store yet. */
export function readHeldRules(file: string): HeldRule[] {
  const sqlite = openForReading(file, STORE)
  try {
    const query = queryOf(sqlite)
    const rows = query<Row>(
      `SELECT sites.site, address, rule, since, value, reason FROM alerts JOIN sites ON sites.id = alerts.site
       WHERE holds = 1 ORDER BY sites.site, rule, address`,
    ).all()
    const names = new Map<string, NamedRange[]>()
    for (const { site } of rows) if (!names.has(site)) names.set(site, namesOfSite(query, site))
    return rows.map(({ address, ...row }) => {
      const isOfSite = address === THE_SITE
      const name = isOfSite ? undefined : nameOf(names.get(row.site) ?? [], address)
      return { ...row, address: isOfSite ? undefined : address, name }
    })
  } finally {
    sqlite.close()
  }
}
