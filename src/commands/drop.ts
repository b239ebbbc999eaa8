// `bun run drop`: takes a day out of the spool and the store, such as one that was filed under a wrong clock.
import { systemClock } from "../clock"
import { dropFromStore } from "../cloud/drop-offline"
import { readDevice } from "../cloud/export/devices"
import { placeOf } from "../cloud/store/open"
import { StoreReader } from "../cloud/store/reader"
import { count, labelOf } from "../format"
import { countSurveysOf, openSpool } from "../gateway/spool/reader"
import { addressingOf } from "../gateway/spool/schema"
import { INVOCATION } from "../installation"
import { isThere } from "../storage/database"
import { StorageError } from "../storage/errors"
import { type Day, describeDay } from "../survey/calendar"
import { type AddressRange, EVERY_ADDRESS, formatAddress } from "../topology/address"
import { shownStore } from "../topology/cloud/server-url"
import type { Topology } from "../topology/topology"
import { COMMON_OPTIONS, readDay, UsageError, type Values } from "./arguments"
import { ask } from "./ask"
import { loadDeclared } from "./declared"
import { createScreen, type Screen } from "./screen"

export const name = "drop"
export const summary = "Drops a day, at the gateway and at the cloud; it does not come back."
export const options = {
  day: { type: "string", value: "YYYY-MM-DD", help: "the day to drop" },
  device: { type: "string", value: "DEVICE", help: "this device's survey only, by its address or its name" },
  site: { type: "string", value: "NAME", help: "of a site that is no longer served, on the cloud's host" },
  yes: { type: "boolean", help: "without asking" },
  ...COMMON_OPTIONS,
} as const

export async function run(values: Values<typeof options>): Promise<number> {
  const screen = createScreen(values)
  const day = readDay(values.day)
  if (!day) throw new UsageError("--day says which day is dropped: --day 2026-11-21")
  const topology = await loadDeclared(values, screen)
  const site = values.site ?? topology.site
  const device = await readDevice(values.device, topology, site)
  const addresses = device === undefined ? EVERY_ADDRESS : { first: device, last: device }
  if (site !== topology.site) return dropForeign(site, day, addresses, topology, screen, values.yes)

  const { spool } = topology.gateway
  if (!isThere(spool)) {
    const { ip } = topology.gateway.interfaces.cloud.address
    throw new StorageError(
      `There is no ${spool} here: ${site} is dropped where its gateway runs, ${ip}, and the cloud follows`,
    )
  }
  const sqlite = openSpool(spool)
  const addressing = addressingOf(sqlite)
  const surveys = countSurveysOf(sqlite, day, addresses)
  sqlite.close()
  screen.info(
    `${describeDay(day)} of ${whoIn(addresses, topology)}: ${count(surveys, "survey")} here, and what the cloud has of it`,
  )
  if (!(await mayDrop(screen, values.yes))) return 1
  return ask({ ask: "drop", day, ...addresses }, topology, addressing, screen)
}

/** Of a site that nobody delivers any more only the store knows. */
async function dropForeign(
  site: string,
  day: Day,
  addresses: AddressRange,
  topology: Topology,
  screen: Screen,
  yes = false,
): Promise<number> {
  const { sites, store } = topology.cloud
  if (sites.some((served) => served.site === site)) {
    throw new UsageError(`${site} is delivered by its own gateway: run ${INVOCATION} drop there, the cloud follows`)
  }
  const known = await sitesOf(topology)
  const shown = shownStore(store)
  if (!known.includes(site)) throw new UsageError(`${site} is not a site of ${shown}, which has ${known.join(", ")}`)
  screen.info(
    `${describeDay(day)} of ${whoIn(addresses)}, of the site ${site}, which is no longer served: from ${shown}`,
  )
  if (!(await mayDrop(screen, yes))) return 1
  const surveys = await dropFromStore(topology, site, { day, addresses, revision: systemClock.now() })
  screen.success(`Dropped: ${count(surveys, "survey")} of ${day}`)
  return 0
}

async function sitesOf(topology: Topology): Promise<string[]> {
  await using reader = await StoreReader.open(placeOf(topology))
  return await reader.sites()
}

async function mayDrop(screen: Screen, yes = false): Promise<boolean> {
  if (yes) return true
  if (!screen.mayAsk) throw new UsageError("Nothing is dropped: without a terminal say --yes")
  if (await screen.confirm("Drop it for good?")) return true
  screen.info("Nothing was dropped.")
  return false
}

function whoIn(addresses: AddressRange, topology?: Topology): string {
  if (addresses === EVERY_ADDRESS) return "every device"
  return labelOf({ ip: formatAddress(addresses.first), name: topology?.devices.get(addresses.first)?.name })
}
