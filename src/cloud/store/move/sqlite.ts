// A SQLite file as one end of a move: its lock keeps clouds away.
import { DurableDatabase } from "../../../storage/database"
import type { Origin } from "../../../storage/prepare"
import { type Query, queryOf } from "../sqlite/query"
import { STORE } from "../sqlite/schema"
import type { End } from "./end"
import { behind, columnList, keyList, keyOf, PAGE, type Row, selection, type Table } from "./tables"

export class SqliteEnd implements End {
  readonly shown: string
  readonly #query: Query

  private constructor(private readonly database: DurableDatabase) {
    this.shown = database.file
    this.#query = queryOf(database.sqlite)
  }

  /** Throws StorageInUse while a cloud has it open, and StorageError. */
  static open(file: string, origin: Origin): SqliteEnd {
    return new SqliteEnd(DurableDatabase.open(file, STORE, origin))
  }

  async page(table: Table, after?: Row): Promise<Row[]> {
    const rows: Row[] = []
    let characters = 0
    for (const row of this.#query<Row>(pageSql(table, after)).iterate(...keyOf(table, after))) {
      rows.push(row)
      if (table.long) characters += String(row[table.long]).length
      if (characters >= PAGE.characters) break // which ends the statement
    }
    return rows
  }

  async insert(table: Table, rows: readonly Row[]): Promise<void> {
    const names = Object.keys(table.columns)
    // digits become a whole number there
    const insert = this.#query(
      `INSERT INTO ${table.name} (${columnList(table)}) VALUES (${names.map((_, at) => `?${at + 1}`).join(", ")})
       ON CONFLICT DO NOTHING`,
    )
    this.database.transaction(() => {
      for (const row of rows) insert.run(...names.map((name) => row[name] ?? null))
    })
  }

  async finish(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {
    this.database.close()
  }
}

export function pageSql(table: Table, after: Row | undefined): string {
  const where = behind(table, after, (placeholder) => placeholder) // a CAST would have it look through all rows
  return `SELECT ${selection(table)} FROM ${table.name} ${where} ORDER BY ${keyList(table)} LIMIT ${PAGE.rows}`
}
