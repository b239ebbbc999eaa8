// What a table is written as, with its media type and the end of its file's name.
import { UsageError } from "../../asked"
import type { Pages, Table } from "../../cloud/export/tables"
import { TEXT_FORMATS, type TextFormatName, textFormat } from "../../cloud/export/text"
import { didYouMean } from "../../nearest"

export type FormatName = TextFormatName | "parquet"

export interface Format {
  readonly name: FormatName
  readonly mediaType: string
  readonly extension: string
  /** It cannot be made smaller. */
  readonly isCompressed: boolean
}

const NAMES: readonly FormatName[] = [...TEXT_FORMATS, "parquet"]

const MEDIA_TYPES: Readonly<Record<FormatName, string>> = {
  json: "application/json",
  jsonl: "application/x-ndjson",
  csv: "text/csv; charset=utf-8; header=present",
  "csv-semicolon": "text/csv; charset=utf-8; header=present",
  parquet: "application/vnd.apache.parquet",
}

const BYTE_ORDER_MARK = "\ufeff" // without it a spreadsheet takes a file of UTF-8 for something older

const encoder = new TextEncoder()

/** @param extension of the path, which says the same as the parameter. Throws UsageError. */
export function readFormat(parameter: string | undefined, extension: string | undefined): Format {
  if (parameter !== undefined && extension !== undefined) {
    throw new UsageError(`format stands twice: leave out format, or .${extension}`)
  }
  const asked = parameter ?? extension ?? "json"
  const name = NAMES.find((each) => each === asked)
  if (!name) {
    throw new UsageError(`format is ${NAMES.join(", ")}: it is ${asked}${didYouMean(asked, NAMES)}`)
  }
  return {
    name,
    mediaType: MEDIA_TYPES[name],
    extension: name === "csv-semicolon" ? "csv" : name,
    isCompressed: name === "parquet",
  }
}

/** The whole file in pieces; a page of rows is one of them, at most. */
export async function* bytesOf<Row>(
  { name }: Format,
  table: Table<Row>,
  pages: Pages<Row>,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  if (name === "parquet") {
    const { parquetOf } = await import("./parquet")
    yield* parquetOf(table, pages)
    return
  }
  const { head: first, line, between, tail } = textFormat(table, name)
  const head = name === "csv-semicolon" ? BYTE_ORDER_MARK + first : first
  let before = head
  for await (const rows of pages) {
    let text = ""
    for (const row of rows) {
      text += before + line(row)
      before = between
    }
    if (text !== "") yield encoder.encode(text)
  }
  yield encoder.encode((before === head ? head : "") + tail)
}
