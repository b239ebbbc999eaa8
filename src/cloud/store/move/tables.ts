// The tables that move, the same in both engines, and the SQL that both take for a page of them. In this order no row comes
// before those that it refers to.

export type ColumnType = "integer" | "digest" | "real" | "text" | "json"

export interface Table {
  readonly name: string
  readonly columns: Readonly<Record<string, ColumnType>>
  /** The columns of its primary key. */
  readonly key: readonly string[]
  /** The column that may be long: a page is not more of it than fits into memory with ease. */
  readonly long?: string
}

/** By column; a digest, which has 64 bits, as its decimal digits, JSON as its text. */
export type Row = Readonly<Record<string, string | number | null>>

const OF_DEVICE = { site: "integer", day: "text", address: "integer" } as const

export const SITES: Table = {
  name: "sites",
  columns: { id: "integer", site: "text", time_zone: "text", devices: "text" },
  key: ["id"],
  long: "devices",
}

export const SURVEYS: Table = {
  name: "surveys",
  columns: {
    ...OF_DEVICE,
    revision: "integer",
    digest: "digest",
    zone: "integer",
    readings: "text",
    revisions: "text",
  },
  key: ["site", "day", "address"],
  long: "readings",
}

export const TABLES: readonly Table[] = [
  SITES,
  {
    name: "spools",
    columns: { site: "integer", spool: "text", first_at: "integer", last_at: "integer", turns: "integer" },
    key: ["site", "spool"],
  },
  { name: "zones", columns: { id: "integer", zone: "text" }, key: ["id"] },
  {
    name: "offsets",
    columns: { zone: "integer", day: "text", offset: "text", changes_at: "text", offset_after: "text" },
    key: ["zone", "day"],
  },
  {
    name: "names",
    columns: { site: "integer", first: "integer", last: "integer", name: "text" },
    key: ["site", "first"],
  },
  SURVEYS,
  {
    name: "superseded",
    columns: { ...OF_DEVICE, time: "text", temperature: "real", humidity: "real", revision: "integer" },
    key: ["site", "day", "address", "time", "temperature", "humidity"],
  },
  {
    name: "dropped",
    columns: { site: "integer", day: "text", first: "integer", last: "integer", revision: "integer" },
    key: ["site", "day", "first", "last"],
  },
  {
    name: "collections",
    columns: { site: "integer", day: "text", surveys: "integer", digest: "text", report: "json", listed: "integer" },
    key: ["site", "day"],
    long: "report",
  },
  {
    name: "alerts",
    columns: {
      site: "integer",
      address: "integer",
      rule: "text",
      since: "text",
      value: "real",
      reason: "text",
      holds: "integer",
      told: "text",
    },
    key: ["site", "address", "rule"],
  },
  {
    name: "messages",
    columns: { id: "integer", at: "integer", target: "text", host: "text", message: "text", reason: "text" },
    key: ["id"],
  },
]

export const PAGE = { rows: 1000, characters: 4 * 1024 * 1024 }

/** `offset` is a word of SQL. */
export const quoted = (column: string): string => `"${column}"`

export const columnList = ({ columns }: Table): string => Object.keys(columns).map(quoted).join(", ")

/** What stands behind SELECT so that it is a Row. */
export const selection = ({ columns }: Table): string =>
  Object.entries(columns)
    .map(([name, type]) => {
      const column = quoted(name)
      return type === "digest" || type === "json" ? `CAST(${column} AS text) AS ${column}` : column
    })
    .join(", ")

export const keyList = ({ key }: Table): string => key.map(quoted).join(", ")

/**
 * Rows behind this one, the values of whose key are ?1, ?2, …; all without it.
 * @param value how the engine takes such a value, so that it finds the first row by its index
 */
export function behind(
  { columns, key }: Table,
  after: Row | undefined,
  value: (placeholder: string, type: ColumnType) => string,
): string {
  if (!after) return ""
  const values = key.map((name, at) => value(`?${at + 1}`, columns[name] ?? "text"))
  return `WHERE (${key.map(quoted).join(", ")}) > (${values.join(", ")})`
}

export const keyOf = ({ key }: Table, row: Row | undefined): Row[string][] =>
  row ? key.map((name) => row[name] ?? null) : []

/** As both engines order them: numbers by their size, texts by their bytes. */
export function compareKeys({ key }: Table, a: Row, b: Row): number {
  for (const name of key) {
    const [left = null, right = null] = [a[name], b[name]]
    if (left === right) continue
    if (typeof left === "number" && typeof right === "number") return left - right
    return Buffer.compare(Buffer.from(String(left)), Buffer.from(String(right)))
  }
  return 0
}

export const isEqual = ({ columns }: Table, a: Row, b: Row): boolean =>
  Object.keys(columns).every((name) => a[name] === b[name])
