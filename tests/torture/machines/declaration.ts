// The topology.yaml of a course, as each end has it: names and devices may differ for a while.
import { join } from "node:path"
import type { Topology } from "../../../src/network"
import { Timetable } from "../../../src/schedule/timetable"
import { parseTopology } from "../../../src/topology/yaml/load"

export const TIME_ZONE = "Europe/Rome"
const CRON = "0 6 * * *"
export const GATEWAY = { address: "192.168.1.1", port: 10_005 }
export const UPLINK = "10.10.10.1"
export const CLOUD = { address: "10.10.10.2", port: 8001 }

/** Where a device's survey comes from: a file a day, one file for the day before, or the sensor itself. */
export type Source = "files" | "file" | "sensor"

export interface Declared {
  readonly ip: string
  readonly source: Source
}

export interface Declaration {
  readonly site: string
  readonly devices: readonly Declared[]
  readonly retentionDays: number
  /** `cloud.store`. */
  readonly store: string
}

const SURVEYS: Record<Source, string> = {
  files: ', survey: "{day}/{ip}.txt"',
  file: ', survey: "{ip}.txt"',
  sensor: "",
}

const known = new Map<string, Topology>()

/** To read one takes longer than a day of a course: the same text in the same folder is read once in a process. */
export function topologyOf(folder: string, { site, devices, retentionDays, store }: Declaration): Topology {
  const text = `site: ${site}
timeZone: ${TIME_ZONE}
schedule: { cron: "${CRON}", grace: 10m }
gateway:
  interfaces:
    devices: { address: ${GATEWAY.address}/24 }
    cloud: { address: ${UPLINK}/24 }
  retention: ${retentionDays}d
  spool: spool.db
cloud: { address: ${CLOUD.address}, console: off, store: ${JSON.stringify(store)} }
devices:
${devices.map(({ ip, source }) => `  - { ip: ${ip}${SURVEYS[source]} }\n`).join("")}`
  const key = `${folder}\n${text}`
  const topology = known.get(key) ?? parseTopology(text, join(folder, "topology.yaml"))
  known.set(key, topology)
  return topology
}

/** The runs of so many days, from the first behind an instant on. */
export function instantsFrom(ms: number, days: number): number[] {
  const timetable = new Timetable(CRON, TIME_ZONE)
  const instants: number[] = []
  for (let at = ms; instants.length < days; instants.push(at)) at = timetable.next(at)
  return instants
}
