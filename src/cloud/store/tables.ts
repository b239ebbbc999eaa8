// The tables of a store, whichever engine keeps them, for what is told in SQL that both take: placeholders are ?1, ?2, …;
// nothing is named without its table where two have it; what differs between the two is in `dialect`.

export type Value = string | number | bigint | null

/** SQL for what SQLite and PostgreSQL write differently. */
export interface Dialect {
  /** How many elements the array has that a column holds as the text of JSON. */
  arrayLength(column: string): string
  /** Whether a column of text is JSON: somebody may have written into a file by hand. */
  isJson(column: string): string
}

export interface Tables {
  readonly dialect: Dialect
  /** Whole numbers up to 2^53 are numbers, larger ones bigints. */
  all<Row>(sql: string, ...values: readonly Value[]): Promise<Row[]>
  /** The first row. */
  get<Row>(sql: string, ...values: readonly Value[]): Promise<Row | undefined>
}

export interface Change {
  readonly sql: string
  readonly values: readonly Value[]
}

export interface WritableTables extends Tables {
  /** Makes all of these changes or none, in this order; resolves, once durable, with how many rows each has changed. */
  change(changes: readonly Change[]): Promise<readonly number[]>
}

/** Of the column `listed` of a collection, bits; neither: it is being listed. */
export const LISTED = 1
export const CHANGED = 2 // readings of that day, since it was closed

/** Of a collection's report, the lists that are emptied where the whole day is dropped. */
export const LISTS = ["arrived", "late", "missing", "stale", "refused", "changed", "reasons"]
