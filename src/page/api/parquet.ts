// Rows as an Apache Parquet file, written as it goes: a row group is all that is in memory of it.
import type { SchemaElement } from "hyparquet"
import { ByteWriter, ParquetWriter } from "hyparquet-writer"
import type { Column, Kind, Pages, Table } from "../../cloud/export/tables"

const ROW_GROUP = 20_000 // rows, at least, but for the last
const DAY_MS = 86_400_000

type Value = string | number | bigint | null

interface Written {
  readonly element: Pick<SchemaElement, "type" | "converted_type" | "logical_type">
  readonly value: (value: string | number) => Value
}

const STRING = { type: "BYTE_ARRAY", converted_type: "UTF8" } as const
const AS_IS = (value: string | number) => value

/** Days and instants as what they are: numbers since 1970. */
const WRITTEN: Readonly<Record<Kind, Written>> = {
  text: { element: STRING, value: AS_IS },
  time: { element: STRING, value: AS_IS },
  day: {
    element: { type: "INT32", converted_type: "DATE" },
    value: (day) => Date.parse(String(day)) / DAY_MS,
  },
  instant: {
    element: {
      ...{ type: "INT64", converted_type: "TIMESTAMP_MILLIS" },
      logical_type: { type: "TIMESTAMP", isAdjustedToUTC: true, unit: "MILLIS" },
    },
    value: (instant) => BigInt(Date.parse(String(instant))),
  },
  number: { element: { type: "DOUBLE" }, value: AS_IS },
  count: { element: { type: "INT32" }, value: AS_IS },
}

export async function* parquetOf<Row>(
  { columns }: Table<Row>,
  pages: Pages<Row>,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const writer = new ByteWriter()
  const file = new ParquetWriter({ writer, schema: schemaOf(columns) })
  let group: Row[] = []
  const write = () => {
    // the writer returns a promise only where its own flush() does
    void file.write({ columnData: columnsOf(columns, group), rowGroupSize: group.length })
    group = []
    return taken(writer)
  }
  for await (const rows of pages) {
    for (const row of rows) group.push(row)
    if (group.length >= ROW_GROUP) yield write()
  }
  if (group.length > 0) yield write()
  void file.finish()
  yield taken(writer)
}

/** What was written since the last time; offsets in the file go on. */
function taken(writer: ByteWriter): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(writer.getBytes())
  writer.index = 0
  return bytes
}

const schemaOf = <Row>(columns: readonly Column<Row>[]): SchemaElement[] => [
  { name: "root", num_children: columns.length },
  ...columns.map(({ name, kind, isOptional }): SchemaElement => {
    return { name, repetition_type: isOptional ? "OPTIONAL" : "REQUIRED", ...WRITTEN[kind].element }
  }),
]

const columnsOf = <Row>(columns: readonly Column<Row>[], rows: readonly Row[]) =>
  columns.map(({ name, kind, of }) => ({
    name,
    data: rows.map((row) => written(of(row), WRITTEN[kind])),
    // by which a reader leaves out whole groups; the file's end holds them all, and is in memory until then
    statistics: kind === "day" || kind === "instant",
  }))

const written = (value: string | number | null, { value: as }: Written): Value => (value === null ? null : as(value))
