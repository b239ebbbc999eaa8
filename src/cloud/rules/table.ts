// The store's table of rules that hold; all of it within the caller's transaction.
import type { Day } from "../../survey/calendar"
import type { RuleName } from "../../topology/alerts/rules"
import type { Query } from "../store/sqlite/query"

/** The address of what holds of a site. */
export const THE_SITE = -1

export interface AlertRow {
  readonly address: number
  readonly rule: RuleName
  readonly since: Day
  readonly value: number | null
  readonly reason: string | null
  readonly holds: number
  readonly told: Day | null
}

/** What begins, lasts or ends. */
export interface Finding {
  readonly address: number
  readonly rule: RuleName
  readonly holds: boolean
  readonly value?: number | null
  readonly reason?: string | null
}

const COLUMNS = "address, rule, since, value, reason, holds, told"

export class AlertTable {
  /** Rows of what holds that began, ended or got another value so far. */
  changes = 0

  constructor(private readonly query: Query) {}

  siteId(site: string): number | undefined {
    return this.query<{ id: number }>("SELECT id FROM sites WHERE site = ?1").get(site)?.id
  }

  /** Of these addresses, both included. */
  rows(siteId: number, first: number, last: number): AlertRow[] {
    return this.query<AlertRow>(
      `SELECT ${COLUMNS} FROM alerts WHERE site = ?1 AND address BETWEEN ?2 AND ?3 ORDER BY address`,
    ).all(siteId, first, last)
  }

  /** In the order of the table, behind one of them. */
  page(siteId: number, after: Pick<AlertRow, "address" | "rule"> | undefined, most: number): AlertRow[] {
    return this.query<AlertRow>(
      `SELECT ${COLUMNS} FROM alerts WHERE site = ?1 AND (address, rule) > (?2, ?3) ORDER BY address, rule LIMIT ?4`,
    ).all(siteId, after?.address ?? THE_SITE - 1, after?.rule ?? "", most)
  }

  /** @param since the day on which it began, if it begins now */
  note(siteId: number, { address, rule, holds, value = null, reason = null }: Finding, since: Day): void {
    if (holds) {
      this.#write(
        `INSERT INTO alerts VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1, NULL)
         ON CONFLICT DO UPDATE SET holds = 1, value = excluded.value, reason = excluded.reason
         WHERE holds = 0 OR value IS NOT excluded.value OR reason IS NOT excluded.reason`,
        [siteId, address, rule, since, value, reason],
      )
      return
    }
    const row = [siteId, address, rule] as const
    // what nobody has heard of ends unheard
    this.#write("DELETE FROM alerts WHERE site = ?1 AND address = ?2 AND rule = ?3 AND told IS NULL", row)
    this.#write(
      `UPDATE alerts SET holds = 0, value = coalesce(?4, value), reason = ?5
       WHERE site = ?1 AND address = ?2 AND rule = ?3 AND holds = 1`,
      [...row, value, reason],
    )
  }

  /** Nobody is told: it is not watched any more. */
  forget(siteId: number, { address, rule }: Pick<AlertRow, "address" | "rule">): void {
    this.#write("DELETE FROM alerts WHERE site = ?1 AND address = ?2 AND rule = ?3", [siteId, address, rule])
  }

  /** The same of all that holds of a site, which is not served any more. */
  forgetSite(siteId: number): void {
    this.#write("DELETE FROM alerts WHERE site = ?1", [siteId])
  }

  /** Of a site that has anything to tell: what began, what ended, what holds. */
  news(siteId: number): { began: AlertRow[]; ended: AlertRow[]; lasting: AlertRow[] } {
    const all = this.query<AlertRow>(`SELECT ${COLUMNS} FROM alerts WHERE site = ?1 ORDER BY address`).all(siteId)
    return {
      began: all.filter(({ holds, told }) => holds === 1 && told === null),
      ended: all.filter(({ holds }) => holds === 0),
      lasting: all.filter(({ holds, told }) => holds === 1 && told !== null),
    }
  }

  /** All that holds was told with this day, or what was not yet; what has ended is forgotten. */
  markTold(siteId: number, day: Day, everything: boolean): void {
    this.query("DELETE FROM alerts WHERE site = ?1 AND holds = 0").run(siteId)
    // a day behind this one is of a clock that was ahead
    this.query("UPDATE alerts SET told = ?2 WHERE site = ?1 AND (told IS NULL OR told > ?2 OR ?3)").run(
      siteId,
      day,
      everything ? 1 : 0,
    )
  }

  #write(sql: string, values: readonly (string | number | null)[]): void {
    this.changes += this.query(sql).run(...values).changes
  }
}
