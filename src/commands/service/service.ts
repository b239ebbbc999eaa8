// `bun run service`: prints the systemd unit that keeps a role running, and how to install it.
import { existsSync } from "node:fs"
import { join, relative, resolve } from "node:path"
import { PROGRAMME } from "../../installation"
import { filesOf } from "../../keys/ends"
import { DEVICES_FILE, deviceKeyFile, SITE_SECRET_FILE } from "../../keys/folder"
import { EVERYTHING, loadTopology, type Roles, type Topology, TopologyError } from "../../network"
import { formatAddress } from "../../topology/address"
import { isServerUrl } from "../../topology/cloud/server-url"
import { addressesIn, sizeOf } from "../../topology/ranges"
import { COMMON_OPTIONS, UsageError, type Values } from "../arguments"
import { checkRoles, readRoles, withAddresses } from "../roles"
import { createScreen, type Screen } from "../screen"
import { formatUnit, type Service, serviceOf } from "./unit"

export const name = "service"
export const summary = "Prints the systemd unit of a role, or of the whole simulated network, and how to install it."
export const positionals = "[cloud] [gateway] [device ADDRESS|NAME…]"
export const options = {
  schema: { type: "boolean", help: "prints the JSON Schema that topology.yaml names for editors instead" },
  ...COMMON_OPTIONS,
} as const

export async function run(values: Values<typeof options>, given: readonly string[]): Promise<number> {
  const screen = createScreen(values)
  if (values.schema) {
    const { default: schema } = await import("../../topology/topology.schema.json")
    await screen.print(`${JSON.stringify(schema, null, 2)}\n`)
    return 0
  }
  const file = values.topology ?? "topology.yaml"
  for (const path of PROGRAMME.filter(isInHome)) screen.warn(`${path} ${IN_HOME}`)
  const environment = { STATE_DIRECTORY: `/var/lib/${serviceOf(given).folder}` }
  const topology = await orWarning(screen, () => loadTopology(file, environment))
  const words = topology ? withAddresses(given, topology) : given
  const roles = readRoles(words) ?? EVERYTHING
  const service = serviceOf(words)
  const sites = topology?.sitesFile && relative(topology.folder, topology.sitesFile)
  if (topology) {
    for (const doubt of unwritable(service, topology)) screen.warn(doubt)
    if (sites?.startsWith(".."))
      screen.warn(`cloud.sites is ${topology.sitesFile}, not beside the topology: the service has to read it there`)
    await orWarning(screen, () => checkRoles(roles, topology))
  }
  const beside = topology && {
    schema: await schemaOf(file),
    sites: sites?.startsWith("..") ? undefined : sites,
    keys: keysOf(roles, topology),
  }
  await screen.print(formatUnit(service, resolve(file), beside))
  return 0
}

/** The files of keys that these roles need, from the topology's folder; those that stand elsewhere are not ours to install. */
function keysOf(roles: Roles, topology: Topology): string[] {
  const played = (["cloud", "gateway"] as const).filter((end) => roles[end])
  const paths = [...played.flatMap((end) => filesOf(end, topology)), ...deviceFiles(roles, topology)].map((path) =>
    relative(topology.folder, path),
  )
  return [...new Set(paths)].filter((path) => !path.startsWith(".."))
}

const MOST_DEVICES = 100 // of a host whose keys are installed file by file

/** Of devices' keys: all that they are derived from at the gateway, one each elsewhere. */
function deviceFiles({ gateway, devices }: Roles, { folder }: Topology): string[] {
  const own =
    sizeOf(devices) > MOST_DEVICES ? [] : [...addressesIn(devices)].map((ip) => deviceKeyFile(formatAddress(ip)))
  const names = gateway ? [SITE_SECRET_FILE, DEVICES_FILE] : own
  return names.map((name) => join(folder, "keys", name)).filter((path) => existsSync(path))
}

/** What can be mended before the unit is installed does not keep it from being printed. */
async function orWarning<T>(screen: Screen, work: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof TopologyError || error instanceof UsageError)) throw error
    screen.warn(error.message)
    return undefined
  }
}

/** The schema that a topology names for editors, where that is a path from its own folder. */
async function schemaOf(file: string): Promise<string | undefined> {
  return /^# *yaml-language-server: *\$schema=(?!\/|\w+:)(\S+)/m.exec(await Bun.file(file).text())?.[1]
}

const IN_HOME =
  "is in a home folder, which the service cannot enter: put the executable that `bun run build` makes into " +
  "/usr/local/bin and print the unit with that"

const isInHome = (path: string): boolean => /^\/(home|root|run\/user)\//.test(path)

/** What the service would write outside of its state directory. */
function unwritable({ words, folder }: Service, { gateway, cloud }: Topology): string[] {
  const allowed = `/var/lib/${folder}`
  const files = [
    { role: "gateway", key: "gateway.spool", path: gateway.spool },
    ...(isServerUrl(cloud.store) ? [] : [{ role: "cloud", key: "cloud.store", path: cloud.store }]),
  ]
  return files
    .filter(({ role, path }) => (words.length === 0 || words.includes(role)) && !path.startsWith(`${allowed}/`))
    .map(({ key, path }) => `${key} is ${path}: the service writes only in ${allowed}, which is where data/ points`)
}
