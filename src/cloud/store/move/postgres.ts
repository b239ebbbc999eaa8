// A store on a PostgreSQL server as one end of a move. A page goes there as one text of JSON.
import { StorageError } from "../../../storage/errors"
import type { Origin } from "../../../storage/prepare"
import { isOfData } from "../postgres/errors"
import type { PostgresPlace } from "../postgres/open"
import { prepare } from "../postgres/schema"
import { Server } from "../postgres/server"
import { checkSettings } from "../postgres/settings"
import { PostgresTables } from "../postgres/tables"
import { Duty, type DutyOptions } from "./duty"
import type { End } from "./end"
import {
  behind,
  type ColumnType,
  columnList,
  keyList,
  keyOf,
  PAGE,
  quoted,
  type Row,
  selection,
  type Table,
} from "./tables"

const SQL_TYPE: Record<ColumnType, string> = {
  integer: "bigint",
  digest: "bigint",
  real: "double precision",
  text: "text",
  json: "text",
}

/** It would take a number that is whole for one of another type than the column. */
const cast = (placeholder: string, type: ColumnType): string => `${placeholder}::${SQL_TYPE[type]}`

// is_open may be false of any day: what comes first of it is merged then
const MARK_DROPS = `
  INSERT INTO days (site, day, has_drops) SELECT DISTINCT site, day, true FROM dropped
  ON CONFLICT (site, day) DO UPDATE SET has_drops = true, is_open = false`

export class PostgresEnd implements End {
  readonly shown: string
  readonly #tables: PostgresTables

  private constructor(
    private readonly server: Server,
    private readonly duty: Duty,
  ) {
    this.shown = server.shown
    this.#tables = new PostgresTables(server)
  }

  /** Rejects with StorageInUse while a cloud runs there, with StorageError and StorageUnavailable. */
  static open(place: PostgresPlace, options: DutyOptions): Promise<PostgresEnd> {
    return PostgresEnd.#open(place, options, async () => {})
  }

  /** The same, which makes the tables where there are none, on a server that keeps what it commits. */
  static make(place: PostgresPlace, origin: Origin, options: DutyOptions): Promise<PostgresEnd> {
    return PostgresEnd.#open(place, options, async (server) => {
      await checkSettings(server)
      await prepare(server, origin)
    })
  }

  static async #open(place: PostgresPlace, options: DutyOptions, ready: (server: Server) => Promise<void>) {
    const server = new Server({ ...place, clock: options.clock })
    try {
      await ready(server)
      return new PostgresEnd(server, await Duty.take(server, options))
    } catch (error) {
      await server.close()
      throw error
    }
  }

  async page(table: Table, after?: Row): Promise<readonly Row[]> {
    await this.duty.keep()
    return this.#tables.all<Row>(pageSql(table, after), ...keyOf(table, after))
  }

  async insert(table: Table, rows: readonly Row[]): Promise<void> {
    await this.duty.keep()
    try {
      await this.server.run((sql) => sql.unsafe(insertSql(table), [JSON.stringify(rows)]))
    } catch (error) {
      if (!isOfData(error)) throw error
      const said = error instanceof Error ? error.message : String(error)
      throw new StorageError(`${this.shown} does not take a row of ${table.name}: ${said}`, { cause: error })
    }
  }

  async finish(): Promise<void> {
    await this.server.run((sql) => sql.unsafe(MARK_DROPS))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.duty.release().catch(() => {}) // it passes by itself
    await this.server.close()
  }
}

/** The lengths are summed up row by row, so that no more is read than the page holds. */
function pageSql(table: Table, after: Row | undefined): string {
  const { name, long } = table
  const rest = `FROM ${name} ${behind(table, after, cast)} ORDER BY ${keyList(table)} LIMIT ${PAGE.rows}`
  if (!long) return `SELECT ${selection(table)} ${rest}`
  const length = `octet_length(${quoted(long)}::text)`
  return `SELECT ${selection(table)} FROM (
      SELECT ${columnList(table)}, sum(${length}) OVER (ORDER BY ${keyList(table)} ROWS UNBOUNDED PRECEDING) - ${length} AS before
      ${rest}
    ) AS page WHERE before < ${PAGE.characters} ORDER BY ${keyList(table)}`
}

function insertSql(table: Table): string {
  const columns = Object.entries(table.columns)
  const incoming = columns.map(([name, type]) => `${quoted(name)} ${SQL_TYPE[type]}`).join(", ")
  const selected = columns.map(([name, type]) => (type === "json" ? `${quoted(name)}::json` : quoted(name))).join(", ")
  return `INSERT INTO ${table.name} (${columnList(table)})
    SELECT ${selected} FROM json_to_recordset($1::text::json) AS incoming (${incoming}) ON CONFLICT DO NOTHING`
}
