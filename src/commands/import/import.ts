// `bun run import`: brings history into the network the ordinary way, through the gateway's spool to the cloud.
import { stat } from "node:fs/promises"
import { systemClock } from "../../clock"
import { SurveyMissing } from "../../device/source/missing"
import { INVOCATION } from "../../installation"
import { StorageRefused } from "../../storage/errors"
import { addDays, dayOf } from "../../survey/calendar"
import { COMMON_OPTIONS, readDay, readDayRange, UsageError, type Values } from "../arguments"
import { loadDeclared } from "../declared"
import { createScreen } from "../screen"
import { Destination } from "./destination"
import { FileImport } from "./file-import"
import { type Asked, type Plan, planOf } from "./files"
import { Owners } from "./owners"

export const name = "import"
export const summary = "History into the network: files of loggers, or of lines, to the gateway and on to the cloud."
export const positionals = "FILES…"
export const options = {
  device: { type: "string", value: "DEVICE", help: "whose readings they are, by its address or its name" },
  format: {
    type: "string",
    value: "NAME",
    help: "how they are written: one of topology.yaml's formats, or a ready-made one",
  },
  day: { type: "string", value: "YYYY-MM-DD", help: "of which day lines HH:MM - T - H% are" },
  from: { type: "string", value: "YYYY-MM-DD", help: "this day and later ones" },
  to: { type: "string", value: "YYYY-MM-DD", help: "this day and earlier ones" },
  "dry-run": { type: "boolean", help: "only show what would be stored" },
  ...COMMON_OPTIONS,
} as const

const EXIT_INCOMPLETE = 1

export async function run(values: Values<typeof options>, files: readonly string[]): Promise<number> {
  const screen = createScreen(values)
  if (files.length === 0) throw new UsageError("Name the files that hold the history: import export/bed3.csv")
  const topology = await loadDeclared(values, screen)
  const today = dayOf(systemClock.now(), topology.timeZone)
  const range = readDayRange({ from: values.from, to: values.to }, today)
  const asked: Asked = { device: values.device, format: values.format, day: readDay(values.day) }
  // all is said before anything is stored
  const owners = new Owners(topology)
  const planned: { readonly file: string; readonly plan: Plan }[] = []
  for (const file of files) planned.push({ file, plan: await planOf(file, asked, owners, topology) })
  using destination = new Destination(topology)
  const isDry = values["dry-run"] === true
  const zones = isDry ? await destination.zonesIfThere() : await destination.zones()
  let isComplete = true
  for (const { file, plan } of planned) {
    const { size } = await stat(file).catch(() => ({ size: 0 }))
    const one = new FileImport(
      { file, sizeBytes: size, plan, zones, range, latestDay: addDays(today, 1) },
      topology,
      screen,
    )
    try {
      if (isDry) await one.show()
      else await one.store(destination)
    } catch (error) {
      if (error instanceof SurveyMissing) throw new UsageError(error.message, { cause: error })
      if (!(error instanceof StorageRefused)) throw error
      screen.error(`${error.message}; what came before is stored, and the same again goes on`)
      return EXIT_INCOMPLETE
    }
    isComplete &&= one.isComplete
  }
  const { isOffline } = destination
  if (!isDry && !zones.delivers) screen.info("  It goes to the cloud when the first collection has ended")
  else if (!isDry && isOffline)
    screen.info(`  What is due for the cloud goes when the gateway starts: ${INVOCATION} start`)
  return isComplete ? 0 : EXIT_INCOMPLETE
}
