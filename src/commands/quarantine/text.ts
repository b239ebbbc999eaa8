// The quarantine for people and for programs; what is shown of it here is bytes that somebody else chose.
import { isUtf8 } from "node:buffer"
import { labelOf } from "../../format"
import type { Quarantined } from "../../gateway/quarantine/entries"
import { printable, shorten } from "../../printable"
import { formatAddress } from "../../topology/address"
import type { Topology } from "../../topology/topology"
import { columns, widthsOf } from "../columns"

const BYTES_SHOWN = 40 // characters
const HEADS = ["device", "day", "kind", "bytes", "why"]

/**
 * A line for each, the columns as wide as the widest cell so far.
 * @param fit the terminal's columns; undefined where nothing has to fit
 */
export function* quarantineTable(
  pages: Iterable<readonly Quarantined[]>,
  topology: Topology,
  fit?: number,
): Generator<string> {
  let widths: readonly number[] = []
  for (const page of pages) {
    const heads = widths.length === 0 ? [[`when, ${topology.timeZone}`, ...HEADS]] : []
    const rows = [...heads, ...page.map((row) => cellsOf(row, topology).map(printable))]
    widths = widthsOf(rows, widths)
    for (const line of columns(rows, { widths, fit })) yield `${line}\n`
  }
}

function cellsOf(row: Quarantined, topology: Topology): string[] {
  const { day, kind, bytes, size, reason } = row
  const cut = size > bytes.length ? ` (${bytes.length} of ${size} bytes are kept)` : ""
  const { ip, name } = deviceOf(row, topology)
  const at = Temporal.Instant.fromEpochMilliseconds(row.at).toZonedDateTimeISO(topology.timeZone).toPlainDateTime()
  const when = at.toString({ smallestUnit: "second" }).replace("T", " ")
  return [when, labelOf({ ip: ip ?? row.sender, name }), day ?? "-", kind, shownBytes(bytes), reason + cut]
}

/** A JSON list, an object for each: times as in RFC 3339, bytes as `text`, or as `base64` where they are not UTF-8. */
export function* quarantineJson(pages: Iterable<readonly Quarantined[]>, topology: Topology): Generator<string> {
  let before = "[\n"
  for (const page of pages) {
    for (const row of page) {
      yield `${before}  ${JSON.stringify(documentOf(row, topology))}`
      before = ",\n"
    }
  }
  yield before === "[\n" ? "[]\n" : "\n]\n"
}

function documentOf(row: Quarantined, topology: Topology) {
  const { at, kind, sender, peer, day, reason, size } = row
  const bytes = Buffer.from(row.bytes)
  const isText = isUtf8(bytes)
  return {
    at: new Date(at).toISOString(),
    kind,
    device: deviceOf(row, topology).ip,
    name: deviceOf(row, topology).name,
    day,
    sender,
    peer,
    reason,
    size,
    text: isText ? bytes.toString() : null,
    base64: isText ? null : bytes.toString("base64"),
  }
}

function deviceOf({ address }: Quarantined, { devices }: Topology): { ip: string | null; name: string | null } {
  if (address === null) return { ip: null, name: null }
  return { ip: formatAddress(address), name: devices.get(address)?.name ?? null }
}

/** Lines beside each other; what is not text as its numbers. */
function shownBytes(bytes: Uint8Array): string {
  const text = isUtf8(bytes)
    ? Buffer.from(bytes).toString().trimEnd().replaceAll("\n", " ⏎ ")
    : Buffer.from(bytes.subarray(0, BYTES_SHOWN))
        .toString("latin1")
        .replace(/[^\x20-\x7e]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16).padStart(2, "0")}`)
  return shorten(printable(text), BYTES_SHOWN)
}
