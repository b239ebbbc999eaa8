// The tables of a store in a SQLite file.
import type { Database } from "bun:sqlite"
import type { GroupCommit } from "../../../storage/group-commit"
import type { Change, Dialect, Tables, Value, WritableTables } from "../tables"
import { type Query, queryOf } from "./query"

const DIALECT: Dialect = {
  arrayLength: (column) => `json_array_length(${column})`,
  isJson: (column) => `json_valid(${column})`,
}

export class SqliteTables implements Tables {
  readonly dialect = DIALECT
  protected readonly query: Query

  constructor(sqlite: Database) {
    this.query = queryOf(sqlite)
  }

  async all<Row>(sql: string, ...values: readonly Value[]): Promise<Row[]> {
    return this.query<Row>(sql).all(...values)
  }

  async get<Row>(sql: string, ...values: readonly Value[]): Promise<Row | undefined> {
    return this.query<Row>(sql).get(...values) ?? undefined
  }
}

export class WritableSqliteTables extends SqliteTables implements WritableTables {
  constructor(
    sqlite: Database,
    private readonly commits: Pick<GroupCommit, "add">,
  ) {
    super(sqlite)
  }

  change(changes: readonly Change[]): Promise<number[]> {
    return this.commits.add(() => changes.map(({ sql, values }) => this.query(sql).run(...values).changes))
  }
}
