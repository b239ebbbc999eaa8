// Confirmable uploads a second: the gateway, durable, beside servers of libcoap and node-coap and a raw echo under the same
// load, and a Redis stream under as many appends.
import { mkdir, mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Random } from "../../src/clock"
import { SPOOL } from "../../src/gateway/spool/schema"
import { openForReading } from "../../src/storage/database"
import { dayBefore } from "../../src/survey/calendar"
import { bindAddress } from "../../src/topology/addressing"
import { type Figure, formatSpread, median } from "./figure"
import { type FleetReport, runFleet } from "./load/fleet"
import { verifySpool } from "./load/spool"
import { plainUploadOf, uploadOf } from "./load/surveys"
import { FIRST_DEVICE, fleetTopology } from "./load/topology"
import { StreamClients, startRedis } from "./peers/redis"
import { measureRsyslog } from "./peers/rsyslog"
import { startLibcoap, startNodeCoap, startScript } from "./peers/servers"
import { readCpuMs, untilQuiet } from "./process"

export interface UploadOptions {
  /** Devices a round. */
  readonly devices: number
  /** Devices that wait for their answers at the same time, at the gateway and at the echo. */
  readonly window: number
  readonly random: Random
  readonly say: (text: string) => void
}

const ROUNDS = 3
const LOOPBACK = 0x7f00_0000
const FEW_SOURCES = 0x7f01_0001 // 127.1.0.1 and the next ones
const MESSAGE_IDS = 0x1_0000
// at a time: libcoap's receive buffer holds some 200 datagrams, more would be lost; of 16, 64 and 256 node-coap's best
const FEW = 64
const LIBCOAP_PATH = "example_data"
const REDIS = "Redis stream, appendfsync always"

const AIM = { libcoap: 1, nodeCoap: 1, echo: 0.5, rsyslog: 15, cpuMicroseconds: 4 }

/** One server under load. */
interface Contender {
  readonly name: string
  /** Devices that wait for their answers at the same time. */
  readonly window: number
  readonly pid: number
  /** Uploads a second, round by round. */
  readonly rates: number[]
  /** Its own processor time an upload, µs, round by round. */
  readonly costs: number[]
  run(devices: readonly number[]): Promise<FleetReport>
}

export async function measureUploads(options: UploadOptions): Promise<Figure[]> {
  const { devices, random, say } = options
  const folder = await mkdtemp(join(tmpdir(), "bench-uploads-"))
  try {
    await using stack = new AsyncDisposableStack()
    const gateway = await gatewayUnder(join(folder, "many"), options, stack)
    const few = await gatewayUnder(join(folder, "few"), { ...options, window: FEW }, stack)
    const echo = await echoUnder(options, stack)
    const libcoap = await libcoapUnder(options, stack)
    if (!libcoap) say("libcoap is left out: apt-get install libcoap3-bin")
    const nodeCoap = await nodeCoapUnder(options, stack)
    if (!nodeCoap) say("node-coap is left out: npm install --global coap")
    const redis = await redisUnder(join(folder, "redis"), options, stack)
    if (!redis) say("Redis is left out: apt-get install redis-server")
    const contenders = [gateway, few, echo, libcoap, nodeCoap, redis].filter((contender) => contender !== undefined)

    let first = FIRST_DEVICE
    for (let round = 0; round <= ROUNDS; round++) {
      const order = shuffled(first, devices, random)
      first += devices
      // by turns, so that whatever else the machine does falls on all
      for (const contender of contenders) {
        const cpuMs = readCpuMs(contender.pid)
        const rate = rateOf(contender.name, devices, await contender.run(order), say)
        if (round === 0) continue // the compilers have not settled
        contender.rates.push(rate)
        contender.costs.push(((readCpuMs(contender.pid) - cpuMs) * 1000) / devices)
      }
    }
    for (const { name, rates, costs } of contenders) {
      say(`${name}: ${formatSpread(rates, "uploads/s")}, ${formatSpread(costs, "µs of processor time an upload")}`)
    }
    const rsyslog = await measureRsyslog()
    if (!rsyslog) say("rsyslog is left out: apt-get install rsyslog")
    return [
      compare(gateway, "libcoap", libcoap && median(libcoap.rates), AIM.libcoap),
      compare(few, "libcoap", libcoap && median(libcoap.rates)),
      compare(gateway, "node-coap", nodeCoap && median(nodeCoap.rates), AIM.nodeCoap),
      compare(gateway, echo.name, median(echo.rates), AIM.echo),
      compare(gateway, "rsyslog, synced disk queue", rsyslog, AIM.rsyslog),
      compare(gateway, REDIS, redis && median(redis.rates)),
      costOf(gateway, "libcoap", libcoap, AIM.cpuMicroseconds),
      costOf(gateway, REDIS, redis),
    ]
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function gatewayUnder(folder: string, options: UploadOptions, stack: AsyncDisposableStack): Promise<Contender> {
  const { window, random } = options
  const count = (1 + ROUNDS) * options.devices
  const topology = fleetTopology(folder, count)
  const day = dayBefore(Date.now(), topology.timeZone)
  const address = bindAddress(topology.gateway.interfaces.devices.address.ip, "simulated")
  const server = stack.use(await startScript(join(import.meta.dir, "gateway.ts"), address, [folder, String(count)]))
  return {
    name: `gateway, durable, ${window} at a time`,
    window,
    pid: server.pid,
    rates: [],
    costs: [],
    async run(devices) {
      const requestOf = (device: number) => uploadOf(device, day)
      const report = await runFleet({ server: server.address, devices, requestOf, sourceOf: ownSource, window, random })
      await untilQuiet(server.pid) // to put them in their place is part of what they cost, and nobody else's time
      using spool = openForReading(topology.gateway.spool, SPOOL)
      verifySpool(spool, day, report.acknowledged)
      return report
    },
  }
}

async function echoUnder({ window, random }: UploadOptions, stack: AsyncDisposableStack): Promise<Contender> {
  const server = stack.use(await startScript(join(import.meta.dir, "peers/echo.ts"), "127.0.0.1"))
  const requestOf = (device: number) => uploadOf(device, "2026-01-01")
  return {
    name: "raw echo",
    window,
    pid: server.pid,
    rates: [],
    costs: [],
    run: (devices) => runFleet({ server: server.address, devices, requestOf, sourceOf: ownSource, window, random }),
  }
}

/** libcoap at its best: one resource that is always there, few addresses, because every turn walks all its sessions. */
async function libcoapUnder({ random }: UploadOptions, stack: AsyncDisposableStack): Promise<Contender | undefined> {
  const started = await startLibcoap()
  if (!started) return undefined
  const server = stack.use(started)
  const requestOf = (device: number) => plainUploadOf(device, LIBCOAP_PATH)
  const sourceOf = (_device: number, nth: number) => FEW_SOURCES + Math.floor(nth / MESSAGE_IDS)
  return {
    name: "libcoap",
    window: FEW,
    pid: server.pid,
    rates: [],
    costs: [],
    run: (devices) => runFleet({ server: server.address, devices, requestOf, sourceOf, window: FEW, random }),
  }
}

async function nodeCoapUnder({ random }: UploadOptions, stack: AsyncDisposableStack): Promise<Contender | undefined> {
  const started = await startNodeCoap()
  if (!started) return undefined
  const server = stack.use(started)
  const requestOf = (device: number) => plainUploadOf(device, "surveys")
  return {
    name: "node-coap",
    window: FEW,
    pid: server.pid,
    rates: [],
    costs: [],
    run: (devices) =>
      runFleet({ server: server.address, devices, requestOf, sourceOf: ownSource, window: FEW, random }),
  }
}

async function redisUnder(
  folder: string,
  { window }: UploadOptions,
  stack: AsyncDisposableStack,
): Promise<Contender | undefined> {
  await mkdir(folder)
  const started = await startRedis(folder)
  if (!started) return undefined
  const server = stack.use(started)
  const clients = stack.use(await StreamClients.open(server, window))
  return { name: REDIS, window, pid: server.pid, rates: [], costs: [], run: (devices) => clients.append(devices) }
}

export const ownSource = (device: number): number => LOOPBACK + (device % 2 ** 24)

function rateOf(name: string, devices: number, report: FleetReport, say: (text: string) => void): number {
  const { acknowledged, refused, resent, elapsedMs } = report
  if (acknowledged.length !== devices) {
    const rest = [...refused].map(([what, times]) => `${times} × ${what}`).join(", ")
    throw new Error(`${name}: ${acknowledged.length} of ${devices} uploads were acknowledged, ${rest}`)
  }
  if (resent > 0) say(`${name}: ${resent} of ${devices} sent again`)
  return (acknowledged.length / elapsedMs) * 1000
}

function compare(gateway: Contender, peer: string, peerRate: number | undefined, aim?: number): Figure {
  const value = median(gateway.rates)
  const ratio = peerRate === undefined ? null : value / peerRate
  return {
    figure: `durable uploads, 120 B, ${gateway.window} devices at a time`,
    value: Math.round(value),
    unit: "/s",
    peer: peerRate === undefined ? null : `${peer}: ${Math.round(peerRate).toLocaleString("en")} /s`,
    ratio,
    aim: aim === undefined ? null : `${aim} × ${peer} or more`,
    met: aim === undefined || ratio === null ? null : ratio >= aim,
  }
}

/** @param moreMicroseconds than the peer, at most: the aim */
function costOf(gateway: Contender, peer: string, contender?: Contender, moreMicroseconds?: number): Figure {
  const value = median(gateway.costs)
  const cost = contender && median(contender.costs)
  return {
    figure: "processor time a durable upload, until it is in its place",
    value,
    unit: "µs",
    peer: cost ? `${peer}: ${cost.toFixed(1)} µs` : null,
    ratio: cost ? value / cost : null,
    aim: moreMicroseconds === undefined ? null : `${peer}'s and ${moreMicroseconds} µs or less`,
    met: cost && moreMicroseconds !== undefined ? value <= cost + moreMicroseconds : null,
  }
}

/** So many addresses from the first on, in an order that no database likes. */
export function shuffled(first: number, count: number, random: Random): number[] {
  const addresses = Array.from({ length: count }, (_, index) => first + index)
  for (let index = count - 1; index > 0; index--) {
    const other = Math.floor(random() * (index + 1))
    const [here = 0, there = 0] = [addresses[index], addresses[other]]
    addresses[index] = there
    addresses[other] = here
  }
  return addresses
}
