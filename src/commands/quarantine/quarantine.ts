// `bun run quarantine`: lists what was refused or superseded, gives it to today's rules again, or drops it.
import { systemClock } from "../../clock"
import { readDevice } from "../../cloud/export/devices"
import { printInBatches } from "../../cloud/listing"
import { countQuarantined, KINDS, type Kind, readQuarantined } from "../../gateway/quarantine/entries"
import { addressingOf, SPOOL } from "../../gateway/spool/schema"
import { didYouMean } from "../../nearest"
import { quarantineText } from "../../status/words"
import { openForReading } from "../../storage/database"
import { dayOf } from "../../survey/calendar"
import { COMMON_OPTIONS, DAY_RANGE_OPTIONS, readDayRange, UsageError, type Values } from "../arguments"
import { ask } from "../ask"
import { loadDeclared } from "../declared"
import { createScreen, type Screen } from "../screen"
import { quarantineJson, quarantineTable } from "./text"

export const name = "quarantine"
export const summary =
  "What the gateway refused, and readings that newer ones replaced: listed, given to it again, or dropped."
export const options = {
  retry: { type: "boolean", help: "give them to today's rules again; what still fails stays" },
  clear: { type: "boolean", help: "drop them" },
  day: { type: "string", value: "YYYY-MM-DD", help: "of this day only" },
  ...DAY_RANGE_OPTIONS,
  device: {
    type: "string",
    value: "DEVICE",
    help: "of this device only, by its address or its name, or of a stranger",
  },
  kind: { type: "string", value: "KIND", help: KINDS.join(", ") },
  json: { type: "boolean", help: "one JSON document, for programs" },
  ...COMMON_OPTIONS,
} as const

export async function run(values: Values<typeof options>): Promise<number> {
  const screen = createScreen(values)
  const { retry, clear, json } = values
  if (retry && clear) throw new UsageError("--retry or --clear, one at a time")
  if (json && (retry || clear)) throw new UsageError("--json is for the list")
  const kind = readKind(values.kind)
  const topology = await loadDeclared(values, screen)
  const days = readDayRange(values, dayOf(systemClock.now(), topology.timeZone))
  const filter = { ...days, address: await readDevice(values.device, topology), kind }

  const sqlite = openForReading(topology.gateway.spool, SPOOL)
  const addressing = addressingOf(sqlite)
  const { kinds, newest } = countQuarantined(sqlite, filter)
  try {
    if (!retry && !clear) {
      const entries = readQuarantined(sqlite, filter, "oldest first")
      const shown = json ? quarantineJson(entries, topology) : quarantineTable(entries, topology, screen.printWidth)
      await printInBatches(shown, screen.print)
      if (!json) tell(kinds, screen)
      return 0
    }
  } finally {
    sqlite.close()
  }
  if (retry) return ask({ ask: "quarantine-retry", ...filter }, topology, addressing, screen)
  // of what comes from now on nobody knows
  return ask({ ask: "quarantine-clear", ...filter, upTo: newest }, topology, addressing, screen)
}

function tell(kinds: Readonly<Record<Kind, number>>, screen: Screen): void {
  screen.info(`Quarantine: ${quarantineText(kinds)}`)
  if (KINDS.every((kind) => kinds[kind] === 0)) return
  screen.info(
    "  --retry gives them to today's rules again, --clear drops them; --day, --last, --device and --kind choose",
  )
}

function readKind(text: string | undefined): Kind | undefined {
  const kind = KINDS.find((each) => each === text)
  if (kind || text === undefined) return kind
  throw new UsageError(`--kind ${text} is not known${didYouMean(text, KINDS, `: ${KINDS.join(", ")}`)}`)
}
