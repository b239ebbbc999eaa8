// `bun run quarantine`: lists what was refused or superseded, gives it to today's rules again, or drops it.
import { systemClock } from "../../clock"
import { printInBatches } from "../../cloud/listing"
import { carryOutAlone } from "../../gateway/control/offline"
import { type SpoolRequest, waitingRequests } from "../../gateway/control/request"
import { countQuarantined, KINDS, type Kind, readQuarantined } from "../../gateway/quarantine/entries"
import { addressingOf, SPOOL } from "../../gateway/spool/schema"
import { nearest } from "../../nearest"
import { openForReading } from "../../storage/database"
import { StorageInUse } from "../../storage/errors"
import type { Addressing } from "../../topology/addressing"
import type { Topology } from "../../topology/topology"
import { loadTopology } from "../../topology/yaml/load"
import { COMMON_OPTIONS, type Command, readDay, readDevice, UsageError, type Values } from "../arguments"
import { leave } from "../ask"
import { count } from "../format"
import { createScreen, type Screen } from "../screen"
import { quarantineText } from "../status/text"
import { quarantineJson, quarantineTable } from "./text"

const options = {
  retry: { type: "boolean", help: "give them to today's rules again; what still fails stays" },
  clear: { type: "boolean", help: "drop them" },
  day: { type: "string", value: "YYYY-MM-DD", help: "of this day only" },
  device: { type: "string", value: "ADDRESS", help: "of this device or stranger only" },
  kind: { type: "string", value: "KIND", help: KINDS.join(", ") },
  json: { type: "boolean", help: "one JSON document, for programs" },
  ...COMMON_OPTIONS,
} as const

export const command: Command<typeof options> = {
  name: "quarantine",
  summary: "What the gateway refused, and readings that newer ones replaced: listed, given to it again, or dropped.",
  options,
  run,
}

async function run(values: Values<typeof options>): Promise<number> {
  const screen = createScreen(values)
  const { retry, clear, json } = values
  if (retry && clear) throw new UsageError("--retry or --clear, one at a time")
  if (json && (retry || clear)) throw new UsageError("--json is for the list")
  const filter = { day: readDay(values.day), address: readDevice(values.device), kind: readKind(values.kind) }
  const topology = await loadTopology(values.topology ?? "topology.yaml")

  const sqlite = openForReading(topology.gateway.spool, SPOOL)
  const addressing = addressingOf(sqlite)
  const { kinds, newest } = countQuarantined(sqlite, filter)
  try {
    if (!retry && !clear) {
      const describe = json ? quarantineJson : quarantineTable
      await printInBatches(describe(readQuarantined(sqlite, filter, "oldest first"), topology), screen.print)
      if (!json) tell(kinds, topology, screen)
      return 0
    }
  } finally {
    sqlite.close()
  }
  const entries = KINDS.reduce((sum, kind) => sum + kinds[kind], 0)
  if (retry) await ask({ ask: "retry", ...filter }, entries, topology, addressing, screen)
  // of what comes from now on nobody knows
  else await ask({ ask: "clear", ...filter, upTo: newest }, entries, topology, addressing, screen)
  return 0
}

function tell(kinds: Readonly<Record<Kind, number>>, { gateway }: Topology, screen: Screen): void {
  screen.info(`Quarantine: ${quarantineText(kinds)}`)
  const asked = waitingRequests(gateway.spool).filter(({ ask }) => ask === "retry" || ask === "clear")
  for (const { ask } of asked) screen.info(`  --${ask} is asked for, the gateway has not begun yet`)
  if (KINDS.every((kind) => kinds[kind] === 0)) return
  screen.info("  --retry gives them to today's rules again, --clear drops them; --day, --device and --kind choose")
}

/** At once where no gateway runs; otherwise it is the only one who may write. */
async function ask(
  request: SpoolRequest,
  entries: number,
  topology: Topology,
  addressing: Addressing,
  screen: Screen,
): Promise<void> {
  try {
    screen.success(await carryOutAlone(request, topology, addressing, systemClock))
    if (request.ask === "retry") screen.info("  What is due for the cloud goes when the gateway starts: bun run status")
  } catch (error) {
    if (!(error instanceof StorageInUse)) throw error
    leave(topology.gateway.spool, request)
    screen.success(`The gateway is asked to --${request.ask} ${count(entries, "entry", "entries")} within a minute`)
    screen.info("  It says what became of them; so does: bun run quarantine")
  }
}

function readKind(text: string | undefined): Kind | undefined {
  const kind = KINDS.find((each) => each === text)
  if (kind || text === undefined) return kind
  const near = nearest(text, KINDS)
  throw new UsageError(`--kind ${text} is not known${near ? `, did you mean ${near}?` : `: ${KINDS.join(", ")}`}`)
}
