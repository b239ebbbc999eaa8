// The status on a terminal: the last days, then what may want a person's attention.
import type { CloudStatus } from "../../cloud/status"
import type { GatewayStatus } from "../../gateway/report/status"
import { printable } from "../../printable"
import type { SiteVerdict } from "../../status/verdicts"
import { cloudEntries, type Entry, gatewayEntries } from "../../status/words"
import type { Topology } from "../../topology/topology"
import { columns } from "../columns"
import { dayTable, deviceGrid } from "./grid"

const TITLE_WIDTH = "Undelivered".length

/** The gateway's part: days, and what wants attention. */
export function gatewayLines(status: GatewayStatus, topology: Topology, now: number, fit?: number): string[] {
  const { days, devices } = status
  const grid = devices ? deviceGrid(days, devices, fit) : dayTable(days, fit)
  const entries = gatewayEntries(status, topology, now)
  return [...(days.length > 0 ? ["", ...grid] : []), "", ...entries.flatMap((entry) => entryLines(entry, fit))]
}

/** The cloud's part: a line a site, and the file. */
export const cloudLines = (status: CloudStatus, sites: readonly SiteVerdict[], fit?: number): string[] =>
  cloudEntries(status, sites).flatMap((entry) => entryLines(entry, fit))

/** A title and its lines below each other; where they are several, each goes on further in than it begins. */
function entryLines({ title, lines }: Entry, fit?: number): string[] {
  const rows = lines.map((line, index) => [index === 0 ? title : "", printable(line)])
  return columns(rows, { widths: [TITLE_WIDTH], fit, hang: lines.length > 1 ? 2 : 0 })
}
