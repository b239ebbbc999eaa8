// The tables of a store in PostgreSQL.
import type { Change, Dialect, Value, WritableTables } from "../tables"
import type { Runner, Server } from "./server"

const DIALECT: Dialect = {
  arrayLength: (column) => `json_array_length(${column}::json)`,
  isJson: () => "true", // only JSON can be in such a column
}

const numbered = new Map<string, string>() // the programme has few texts

/** ?1 becomes $1. */
function translate(sql: string): string {
  const known = numbered.get(sql) ?? sql.replaceAll(/\?(?=\d)/g, "$")
  numbered.set(sql, known)
  return known
}

export class PostgresTables implements WritableTables {
  readonly dialect = DIALECT

  constructor(private readonly server: Pick<Server, "run" | "transaction">) {}

  async all<Row>(sql: string, ...values: readonly Value[]): Promise<Row[]> {
    const rows = await this.server.run((runner) => runner.unsafe(translate(sql), [...values]))
    return rows.map(plain) as Row[]
  }

  async get<Row>(sql: string, ...values: readonly Value[]): Promise<Row | undefined> {
    const [row] = await this.all<Row>(sql, ...values)
    return row
  }

  change(changes: readonly Change[]): Promise<number[]> {
    if (changes.length === 0) return Promise.resolve([])
    return this.server.transaction((sql) => runAll(sql, changes))
  }
}

/** All are on their way before the first is answered. */
async function runAll(sql: Runner, changes: readonly Change[]): Promise<number[]> {
  const results = await Promise.all(changes.map((change) => sql.unsafe(translate(change.sql), [...change.values])))
  return results.map(({ count }) => Number(count))
}

/** As SQLite gives it: small whole numbers as numbers, JSON as its text. */
export function plain(row: Record<string, unknown>): Record<string, unknown> {
  for (const [name, value] of Object.entries(row)) {
    if (typeof value === "bigint") {
      const number = Number(value)
      if (Number.isSafeInteger(number)) row[name] = number
    } else if (typeof value === "object" && value !== null) row[name] = JSON.stringify(value)
  }
  return row
}
