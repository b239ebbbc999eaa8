// Durable uploads a second in OSCORE beside the same uploads in plain, by turns in one run; and what a million keys cost.
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Random } from "../../src/clock"
import { SPOOL } from "../../src/gateway/spool/schema"
import { openForReading } from "../../src/storage/database"
import { addDays, type Day, dayBefore } from "../../src/survey/calendar"
import { formatAddress } from "../../src/topology/address"
import { bindAddress } from "../../src/topology/addressing"
import { type Figure, median } from "./figure"
import { keyDevices, SITE_SECRET } from "./keys"
import { type FleetOptions, runFleet } from "./load/fleet"
import { ProtectedDevices } from "./load/protected"
import { verifySpool } from "./load/spool"
import { uploadOf } from "./load/surveys"
import { FIRST_DEVICE, fleetTopology } from "./load/topology"
import { startScript } from "./peers/servers"
import { readCpuMs, untilQuiet } from "./process"
import { ownSource, shuffled } from "./uploads"

export interface ProtectedOptions {
  /** Devices a round. */
  readonly devices: number
  readonly window: number
  readonly random: Random
  readonly say: (text: string) => void
}

const ROUNDS = 3
const AIM = 0.6

export async function measureProtected(options: ProtectedOptions): Promise<Figure[]> {
  const { devices, random, say } = options
  const folder = await mkdtemp(join(tmpdir(), "bench-protected-"))
  try {
    await using stack = new AsyncDisposableStack()
    const count = (1 + ROUNDS) * devices
    const plain = await gatewayUnder(join(folder, "plain"), count, false, stack)
    const keyed = await gatewayUnder(join(folder, "keyed"), count, true, stack)
    const rates = { plain: [] as number[], established: [] as number[], derived: [] as number[] }
    for (let round = 0; round <= ROUNDS; round++) {
      const order = shuffled(FIRST_DEVICE + round * devices, devices, random)
      const inPlain = await plain.run(order, { ...options, requestOf: (device) => uploadOf(device, plain.day) })
      const clients = new ProtectedDevices(SITE_SECRET)
      // sealed before the clock runs: it is the gateway that is measured
      const sealed = (seal: typeof clients.first, day = keyed.day) =>
        new Map(order.map((device) => [device, seal.call(clients, device, uploadOf(device, day))]))
      const first = requestsOf(sealed(clients.first))
      const challenges = await keyed.run(order, { ...options, requestOf: first, onAnswer: clients.hearChallenge })
      const then = requestsOf(sealed(clients.next))
      const uploads = await keyed.run(order, { ...options, requestOf: then })
      keyed.verify(order)
      // of the day before, so that there is something to store
      const again = requestsOf(sealed(clients.next, addDays(keyed.day, -1)))
      const established = await keyed.run(order, { ...options, requestOf: again })
      plain.verify(order)
      keyed.verify(order, addDays(keyed.day, -1))
      if (round === 0) continue // the compilers have not settled
      rates.plain.push(devices / inPlain.elapsedMs)
      rates.established.push(devices / established.elapsedMs)
      rates.derived.push(devices / (challenges.elapsedMs + uploads.elapsedMs))
      const cost = ({ cpuMs }: { cpuMs: number }) => `${((cpuMs * 1000) / devices).toFixed(1)} µs`
      say(
        `processor time: plain ${cost(inPlain)}, OSCORE ${cost(established)}, ${cost(challenges)} and ${cost(uploads)}`,
      )
    }
    const shown = (all: readonly number[]) => Math.round(median(all) * 1000).toLocaleString("en")
    say(
      `plain ${shown(rates.plain)}/s, OSCORE ${shown(rates.established)}/s, with a context each ${shown(rates.derived)}/s`,
    )
    const figure = (name: string, all: readonly number[], aim?: number): Figure => {
      const ratio = median(all) / median(rates.plain)
      return {
        figure: `durable uploads in OSCORE, 120 B, ${options.window} devices at a time${name}`,
        value: Math.round(median(all) * 1000),
        unit: "/s",
        peer: `in plain: ${shown(rates.plain)} /s`,
        ratio,
        aim: aim === undefined ? null : `${aim} × in plain or more`,
        met: aim === undefined ? null : ratio >= aim,
      }
    }
    return [figure("", rates.established, AIM), figure(", each with a context that is derived first", rates.derived)]
  } finally {
    await rm(folder, { recursive: true })
  }
}

const requestsOf =
  <T>(made: Map<number, T>) =>
  (device: number): T => {
    const request = made.get(device)
    if (request === undefined) throw new Error("it was not made")
    return request
  }

async function gatewayUnder(folder: string, count: number, isKeyed: boolean, stack: AsyncDisposableStack) {
  const topology = fleetTopology(folder, count)
  const day = dayBefore(Date.now(), topology.timeZone)
  if (isKeyed) keyDevices(folder, [`${formatAddress(FIRST_DEVICE)}-${formatAddress(FIRST_DEVICE + count - 1)}`])
  const address = bindAddress(topology.gateway.interfaces.devices.address.ip, "simulated")
  const server = stack.use(await startScript(join(import.meta.dir, "gateway.ts"), address, [folder, String(count)]))
  return {
    day,
    /** How long it took, and how much of the gateway's processor time, ms. */
    async run(devices: readonly number[], options: Pick<FleetOptions, "requestOf" | "onAnswer" | "window" | "random">) {
      const cpuMs = readCpuMs(server.pid)
      const report = await runFleet({ ...options, server: server.address, devices, sourceOf: ownSource })
      if (report.acknowledged.length !== devices.length)
        throw new Error(`${report.acknowledged.length} of ${devices.length} were answered: ${[...report.refused]}`)
      await untilQuiet(server.pid)
      return { elapsedMs: report.elapsedMs, cpuMs: readCpuMs(server.pid) - cpuMs }
    },
    verify(devices: readonly number[], of: Day = day) {
      using spool = openForReading(topology.gateway.spool, SPOOL)
      verifySpool(spool, of, devices)
    },
  }
}
