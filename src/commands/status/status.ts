// `bun run status`: how the last run went, who is missing, what is owed, how much room there is. It only reads.
import { systemClock } from "../../clock"
import { printable } from "../../printable"
import { readStatus, type StatusDocument } from "../../status/document"
import { glance } from "../../status/words"
import type { Topology } from "../../topology/topology"
import { COMMON_OPTIONS, type Values } from "../arguments"
import { wrap } from "../columns"
import { loadDeclared } from "../declared"
import { createScreen } from "../screen"
import { cloudLines, gatewayLines } from "./text"

export const name = "status"
export const summary = "What the spool and the store of this host tell; exit 0 if the last run was complete, 1 if not."
export const options = {
  json: { type: "boolean", help: "one JSON document, for programs" },
  ...COMMON_OPTIONS,
} as const

export async function run(values: Values<typeof options>): Promise<number> {
  const screen = createScreen(values)
  const topology = await loadDeclared(values, screen)
  const now = systemClock.now()
  const status = await readStatus(topology, now)
  if (values.json) await screen.print(`${JSON.stringify(status, null, 2)}\n`)
  else await screen.printMarked(describe(status, topology, now, screen.printWidth, values.quiet))
  return status.complete ? 0 : 1
}

function describe(status: StatusDocument, topology: Topology, now: number, fit?: number, quiet = false): string {
  const lines = wrap(printable(glance(status, topology, now)), fit)
  if (!quiet && status.gateway) lines.push(...gatewayLines(status.gateway, topology, now, fit))
  if (!quiet && status.cloud) lines.push("", ...cloudLines(status.cloud, status.sites, fit))
  return `${lines.join("\n")}\n`
}
