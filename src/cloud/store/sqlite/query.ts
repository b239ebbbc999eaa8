import type { Database } from "bun:sqlite"

/** A statement of the store, which its connection keeps; the types of its values are the caller's care. */
export const queryOf =
  (sqlite: Database) =>
  <Row = unknown>(sql: string) =>
    sqlite.query<Row, (string | number | bigint | null)[]>(sql)

export type Query = ReturnType<typeof queryOf>
