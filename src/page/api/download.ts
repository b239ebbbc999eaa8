// A table as the body of an answer: streamed as fast as it is read, compressed when asked, and not at all when it is known.
import { pipeline, Readable } from "node:stream"
import { createGzip } from "node:zlib"
import type { Pages, Table } from "../../cloud/export/tables"
import { acceptsGzip } from "./encoding"
import { bytesOf, type Format } from "./formats"

export interface Download<Row> {
  readonly table: Table<Row>
  /** Opened when the body is read, and returned to its end or to where nobody reads on. */
  readonly pages: () => Pages<Row>
  /** Without its extension; what does not belong into a file's name is replaced. */
  readonly fileName: string
  /** Another one whenever the rows may be others; undefined where nobody can tell. */
  readonly version: string | undefined
  readonly headers?: Readonly<Record<string, string>>
}

const MOST = 16 // at a time: each holds a page of rows, and what waits for whoever takes it
const RETRY_AFTER_SECONDS = "10"
const COMPRESSION_LEVEL = 4 // as fast as the rows are read

let open = 0

export function download<Row>(request: Request, format: Format, what: Download<Row>): Response {
  const isZipped = !format.isCompressed && acceptsGzip(request)
  const tag = what.version === undefined ? undefined : tagOf(what.version, what.fileName, format.name, isZipped)
  const headers = new Headers({ ...what.headers, Vary: "Accept-Encoding" })
  if (tag) headers.set("ETag", tag)
  if (tag && isKnown(request, tag)) return new Response(null, { status: 304, headers })
  if (open >= MOST) {
    const busy = { "Retry-After": RETRY_AFTER_SECONDS }
    return new Response(`${MOST} downloads are under way: ask again\n`, { status: 503, headers: busy })
  }
  headers.set("Content-Type", format.mediaType)
  headers.set("Content-Disposition", `${dispositionOf(format)}; filename="${fileNameOf(what, format)}"`)
  if (isZipped) headers.set("Content-Encoding", "gzip")
  const bytes = counted(bytesOf(format, what.table, breathing(what.pages)))
  return new Response(isZipped ? gzipped(bytes) : bytes, { headers })
}

const fileNameOf = ({ fileName }: { readonly fileName: string }, { extension }: Format): string =>
  `${fileName.replaceAll(/[^\w.-]/g, "_")}.${extension}`

/** A browser shows JSON, and saves the rest. */
const dispositionOf = ({ name }: Format): string => (name === "json" ? "inline" : "attachment")

async function* counted(pieces: AsyncIterable<Uint8Array<ArrayBuffer>>): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  open++
  try {
    yield* pieces
  } finally {
    open--
  }
}

/** Whoever else asks is answered between two pages. */
async function* breathing<Row>(pages: () => Pages<Row>): AsyncGenerator<readonly Row[]> {
  for await (const page of pages()) {
    yield page
    await new Promise((resolve) => setImmediate(resolve))
  }
}

async function* gzipped(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const gzip = createGzip({ level: COMPRESSION_LEVEL })
  // its error is thrown to whoever reads the stream
  pipeline(Readable.from(pieces, { objectMode: true, highWaterMark: 1 }), gzip, () => {})
  yield* gzip
}

/** Weak, because compressing the same twice need not give the same bytes (RFC 9110 §8.8.1). */
const tagOf = (...parts: readonly unknown[]): string => `W/"${Bun.hash(JSON.stringify(parts)).toString(36)}"`

/** RFC 9110 §13.1.2. */
function isKnown(request: Request, tag: string): boolean {
  const known = request.headers.get("if-none-match")
  if (known === null) return false
  return known.trim() === "*" || known.split(",").some((each) => each.trim().replace(/^W\//, "") === tag.slice(2))
}
