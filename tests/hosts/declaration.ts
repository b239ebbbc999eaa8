// The topology.yaml that all hosts share: the sample's, but for what a test declares otherwise.
import { cp, readFile, writeFile } from "node:fs/promises"
import { join, resolve } from "node:path"
import { parseDocument } from "yaml"
import { loadTopology, type Topology } from "../../src/network"

const ROOT = resolve(import.meta.dir, "../..")

export interface Declaration {
  /** Values in the place of the sample topology's, or beside them, by their path: `schedule.grace`. */
  readonly declared?: Readonly<Record<string, unknown>>
  /** Survey files in the place of the sample's. */
  readonly surveys?: Readonly<Record<string, string>>
}

/** Writes the topology and its surveys into a folder. */
export async function declare(folder: string, { declared = {}, surveys = {} }: Declaration): Promise<Topology> {
  const file = join(folder, "topology.yaml")
  await cp(join(ROOT, "topology.yaml"), file)
  await cp(join(ROOT, "surveys"), join(folder, "surveys"), { recursive: true })
  await rewrite(file, { timeZone: noonZone(), ...declared })
  for (const [name, text] of Object.entries(surveys)) await writeFile(join(folder, name), text)
  return loadTopology(file, {})
}

/** From its next start on, a role's one run a day is at this instant; ms since the epoch, to the second. */
export async function scheduleAt({ file, timeZone }: Topology, instantMs: number): Promise<void> {
  const { hour, minute, second } = Temporal.Instant.fromEpochMilliseconds(instantMs).toZonedDateTimeISO(timeZone)
  await rewrite(file, { "schedule.cron": `${second} ${minute} ${hour} * * *` })
}

/** Puts values into a topology.yaml, by their path: `schedule.grace`. */
export async function rewrite(file: string, values: Readonly<Record<string, unknown>>): Promise<void> {
  const document = parseDocument(await readFile(file, "utf8"))
  for (const [path, value] of Object.entries(values)) document.setIn(path.split("."), value)
  await writeFile(file, String(document))
}

/** A zone in which it is about noon, so that no test sees midnight. */
function noonZone(): string {
  const ahead = 12 - new Date().getUTCHours()
  return `Etc/GMT${ahead > 0 ? "-" : "+"}${Math.abs(ahead)}`
}
