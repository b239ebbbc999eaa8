// The network of one seed: how many devices on how many machines, their clocks and ports, and the cables between them.
import { join } from "node:path"
import type { Random } from "../../../src/clock"
import type { Roles, Topology } from "../../../src/network"
import { Timetable } from "../../../src/schedule/timetable"
import { formatAddress } from "../../../src/topology/address"
import { parseTopology } from "../../../src/topology/yaml/load"
import { DatabaseFile, type Engine } from "../engine"
import { Chance, DAY_MS, MINUTE_MS, randomFor } from "./chance"
import { Lan } from "./datagrams"
import { Fields } from "./fields"
import { type Ground, Host, type HostOptions } from "./host"
import { Wan } from "./streams"
import { World } from "./world"

export interface SiteOptions {
  readonly seed: number
  /** Share of datagrams that are lost. */
  readonly loss: number
  readonly days: number
  /** Where its databases are made. */
  readonly folder: string
  /** Where the store is kept; in a file of the folder without it. */
  readonly engine?: Engine | undefined
  /** Randomness of the devices, where a fault is planted there. */
  readonly deviceRandom?: Random
  /** Whether there is a device that sends by itself; the seed says so without it. */
  readonly hasSensor?: boolean
  /** Whether all devices have the same port whenever they start; the seed says so without it. */
  readonly hasFixedPorts?: boolean
  /** Share of datagrams that are damaged. */
  readonly damaged?: number
}

export interface Site {
  readonly ground: Ground
  /** Cloud, gateway, and the machines with devices. */
  readonly hosts: readonly Host[]
  /** The devices of the last. */
  readonly fields: ReadonlyMap<Host, readonly string[]>
  /** A device that sends by itself, if there is one, and its bytes a block. */
  readonly sensor: { readonly ip: string; readonly blockBytes: number } | undefined
  readonly startsAt: number
}

const CRON = "0 6 * * *"
const TIME_ZONE = "Europe/Rome"
const FIRST_DAY = Date.UTC(2026, 0, 1)
const CLOUD = "10.10.10.2"
const SENSOR = "192.168.1.9"
const FIXED_PORT = 40_000

export function buildSite(options: SiteOptions): Site {
  const { seed, loss, days, folder, deviceRandom, hasSensor, hasFixedPorts, damaged = 0.01 } = options
  const engine: Engine = options.engine ?? new DatabaseFile(join(folder, "store.db"))
  engine.lose()
  if (engine.way) engine.way.cutUntil = Number.NEGATIVE_INFINITY
  const chance = new Chance(randomFor(seed, "what kind of network"))
  const owners = chance.pick([2], [1, 1], [2, 1]).map((count, field) => addresses(2 + 3 * field, count))
  const ips = owners.flat()
  const possible = { ip: SENSOR, blockBytes: chance.pick(32, 64, 128) }
  const sensor = chance.is(0.3) || hasSensor ? possible : undefined
  const topology = topologyOf(folder, engine.declared, ips, sensor?.ip, chance)
  const instants = instantsFrom(FIRST_DAY + chance.whole(0, 364) * DAY_MS, days)
  const startsAt = (instants[0] ?? 0) - chance.whole(5, 50) * MINUTE_MS
  const world = new World(startsAt)
  const faults = { loss, doubled: 0.05, delayMs: 1500, stray: 0.005, damaged }
  const lan = new Lan(world.clock, randomFor(seed, "the devices' network"), faults)
  if (sensor) lan.undamaged.add(sensor.ip)
  const streamFaults = { delayMs: 200, refused: loss / 2, dying: loss / 2, damaged: 0.003 }
  const ground: Ground = {
    world,
    lan,
    wan: new Wan(world.clock, randomFor(seed, "the cloud's network"), streamFaults),
    topology,
    engine,
    instants,
    fields: new Fields({ seed, readingsOf }),
    fixedPorts: new Map(ips.filter(() => chance.is(0.5) || hasFixedPorts).map((ip) => [ip, FIXED_PORT])),
    history: new Map(ips.filter(() => chance.is(0.2)).map((ip) => [ip, chance.whole(6, 14)])),
  }
  const hostFor = (name: string, roles: Partial<Roles>, rest: Partial<HostOptions> = {}) => {
    const randomOf = (life: number) => randomFor(seed, `${name} ${life}`)
    return new Host({ name, ground, roles: { ...NOTHING, ...roles }, skewMs: 0, randomOf, ...rest })
  }
  const fields = new Map(
    owners.map((own, index) => {
      const ranges = topology.devices.entries
        .map(({ ip }) => ip)
        .filter(({ first }) => own.includes(formatAddress(first)))
      const planted = deviceRandom && { randomOf: () => deviceRandom }
      const skewMs = chance.whole(-60_000, 60_000)
      return [hostFor(`field ${index + 1}`, { devices: ranges }, { skewMs, ...planted }), own]
    }),
  )
  const cloud = hostFor("cloud", { cloud: true }, { address: CLOUD })
  return { ground, hosts: [cloud, hostFor("gateway", { gateway: true }), ...fields.keys()], fields, sensor, startsAt }
}

const NOTHING: Roles = { cloud: false, gateway: false, devices: [] }

function topologyOf(
  folder: string,
  store: string,
  ips: readonly string[],
  sensor: string | undefined,
  chance: Chance,
): Topology {
  const devices = ips.map((ip) => `{ ip: ${ip}, survey: "{day}/{ip}.txt" }`)
  if (sensor) devices.push(`{ ip: ${sensor} }`)
  const text = `site: greenhouse
timeZone: ${TIME_ZONE}
schedule: { cron: "${CRON}", grace: ${chance.whole(5, 20)}m }
gateway:
  interfaces:
    devices: { address: 192.168.1.1/24 }
    cloud: { address: 10.10.10.1/24 }
  retention: ${chance.pick(12, 12, 12, 40)}d
  spool: spool.db
cloud: { address: ${CLOUD}, console: off, store: ${JSON.stringify(store)} }
devices:
${devices.map((device) => `  - ${device}\n`).join("")}`
  return parseTopology(text, join(folder, "topology.yaml"))
}

function instantsFrom(ms: number, count: number): number[] {
  const timetable = new Timetable(CRON, TIME_ZONE)
  const instants: number[] = []
  for (let at = ms; instants.length < count; instants.push(at)) at = timetable.next(at)
  return instants
}

/** Mostly what fits one datagram, now and then several; the sensor has several small ones. */
function readingsOf(ip: string, random: number): number {
  if (ip === SENSOR) return 20 + (random % 20)
  return random % 10 === 0 ? 70 + (random % 150) : 4 + (random % 9)
}

const addresses = (first: number, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `192.168.1.${first + index}`)
