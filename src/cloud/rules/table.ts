// A site's rows of the store's table of rules that hold: reads them, and makes the changes that note what becomes of them.
import type { Day } from "../../survey/calendar"
import type { RuleName } from "../../topology/alerts/rules"
import type { Change, Tables, Value } from "../store/tables"

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

/** What begins or lasts. */
export interface Finding {
  readonly address: number
  readonly rule: RuleName
  readonly value?: number | null
  readonly reason?: string | null
}

const COLUMNS = "address, rule, since, value, reason, holds, told"

export class AlertTable {
  constructor(
    private readonly tables: Tables,
    private readonly siteId: number,
  ) {}

  /** Of rising addresses. */
  async rowsOf(addresses: readonly number[]): Promise<(address: number) => readonly AlertRow[]> {
    const [first, last] = [addresses[0], addresses.at(-1)]
    if (first === undefined || last === undefined) return () => []
    const rows = await this.tables.all<AlertRow>(
      `SELECT ${COLUMNS} FROM alerts WHERE site = ?1 AND address BETWEEN ?2 AND ?3`,
      ...[this.siteId, first, last],
    )
    const byAddress = Map.groupBy(rows, ({ address }) => address)
    return (address) => byAddress.get(address) ?? []
  }

  /** Of the site itself. */
  async rowOfSite(rule: RuleName): Promise<AlertRow | undefined> {
    const rows = await this.rowsOf([THE_SITE])
    return rows(THE_SITE).find((row) => row.rule === rule)
  }

  /** In the order of the table, behind one of them. */
  page(after: Pick<AlertRow, "address" | "rule"> | undefined, most: number): Promise<AlertRow[]> {
    return this.tables.all<AlertRow>(
      `SELECT ${COLUMNS} FROM alerts WHERE site = ?1 AND (address, rule) > (?2, ?3) ORDER BY address, rule LIMIT ?4`,
      ...[this.siteId, after?.address ?? THE_SITE - 1, after?.rule ?? "", most],
    )
  }

  /** What began, what ended, what holds. */
  async news(): Promise<{ began: AlertRow[]; ended: AlertRow[]; lasting: AlertRow[] }> {
    const all = await this.tables.all<AlertRow>(
      `SELECT ${COLUMNS} FROM alerts WHERE site = ?1 ORDER BY address`,
      this.siteId,
    )
    return {
      began: all.filter(({ holds, told }) => holds === 1 && told === null),
      ended: all.filter(({ holds }) => holds === 0),
      lasting: all.filter(({ holds, told }) => holds === 1 && told !== null),
    }
  }

  /** @param since the day on which it began, if it begins now */
  hold({ address, rule, value = null, reason = null }: Finding, since: Day): Change {
    return this.#change(HOLD, address, rule, since, value, reason)
  }

  /** What nobody has heard of ends unheard. */
  end(row: AlertRow, { value = null, reason = null }: Pick<Finding, "value" | "reason"> = {}): Change[] {
    const { address, rule, holds, told } = row
    if (holds === 0) return []
    return [told === null ? this.forget(row) : this.#change(END, address, rule, value, reason)]
  }

  /** Nobody is told: it is not watched any more. */
  forget({ address, rule }: Pick<AlertRow, "address" | "rule">): Change {
    return this.#change("DELETE FROM alerts WHERE site = ?1 AND address = ?2 AND rule = ?3", address, rule)
  }

  /** The same of all that holds of the site, which is not served any more. */
  forgetAll(): Change {
    return this.#change("DELETE FROM alerts WHERE site = ?1")
  }

  /** All that holds was told with this day, or what was not yet; what has ended is forgotten. */
  markTold(day: Day, everything: boolean): Change[] {
    return [
      this.#change("DELETE FROM alerts WHERE site = ?1 AND holds = 0"),
      this.#change(everything ? TELL_ALL : TELL_UNTOLD, day),
    ]
  }

  #change(sql: string, ...values: readonly Value[]): Change {
    return { sql, values: [this.siteId, ...values] }
  }
}

const HOLD = `
  INSERT INTO alerts (site, address, rule, since, value, reason, holds, told) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1, NULL)
  ON CONFLICT (site, address, rule) DO UPDATE SET holds = 1, value = excluded.value, reason = excluded.reason
  WHERE alerts.holds = 0 OR alerts.value IS DISTINCT FROM excluded.value OR alerts.reason IS DISTINCT FROM excluded.reason`

const END = `
  UPDATE alerts SET holds = 0, value = coalesce(?4, value), reason = ?5
  WHERE site = ?1 AND address = ?2 AND rule = ?3`

const TELL_ALL = "UPDATE alerts SET told = ?2 WHERE site = ?1"

// a day behind this one is of a clock that was ahead
const TELL_UNTOLD = `${TELL_ALL} AND (told IS NULL OR told > ?2)`
