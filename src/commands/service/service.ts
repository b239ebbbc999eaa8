// `bun run service`: prints the systemd unit that keeps a role running, and how to install it.
import { resolve } from "node:path"
import { EVERYTHING, loadTopology, type Topology, TopologyError } from "../../network"
import { COMMON_OPTIONS, UsageError, type Values } from "../arguments"
import { PROGRAMME } from "../installation"
import { checkRoles, readRoles } from "../roles"
import { createScreen } from "../screen"
import { formatUnit, type Service, serviceOf } from "./unit"

export const name = "service"
export const summary = "Prints the systemd unit of a role, or of the whole simulated network, and how to install it."
export const positionals = "[cloud] [gateway] [device ADDRESS…]"
export const options = { ...COMMON_OPTIONS } as const

export async function run(values: Values<typeof options>, words: readonly string[]): Promise<number> {
  const screen = createScreen(values)
  const roles = readRoles(words) ?? EVERYTHING
  const file = values.topology ?? "topology.yaml"
  const service = serviceOf(words)
  const doubts = PROGRAMME.filter(isInHome).map((path) => `${path} ${IN_HOME}`)
  try {
    const topology = await loadTopology(file, { STATE_DIRECTORY: `/var/lib/${service.stateDirectory}` })
    doubts.push(...unwritable(service, topology))
    checkRoles(roles, topology)
  } catch (error) {
    if (!(error instanceof TopologyError || error instanceof UsageError)) throw error
    doubts.push(error.message)
  }
  for (const doubt of doubts) screen.warn(doubt)
  await screen.print(formatUnit(service, resolve(file)))
  return 0
}

const IN_HOME =
  "is in a home folder, which the service cannot enter: put the executable that `bun run build` makes into " +
  "/usr/local/bin and print the unit with that"

const isInHome = (path: string): boolean => /^\/(home|root|run\/user)\//.test(path)

/** What the service would write outside of its state directory. */
function unwritable({ words, stateDirectory }: Service, { gateway, cloud }: Topology): string[] {
  const allowed = `/var/lib/${stateDirectory}`
  const files = [
    { role: "gateway", key: "gateway.spool", path: gateway.spool },
    { role: "cloud", key: "cloud.store", path: cloud.store },
  ]
  return files
    .filter(({ role, path }) => (words.length === 0 || words.includes(role)) && !path.startsWith(`${allowed}/`))
    .map(({ key, path }) => `${key} is ${path}: the service writes only in ${allowed}, which is where data/ points`)
}
