// A fleet's day: every device's upload, then the delivery of all of them, with gateway and cloud as processes of their own.
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import type { Random } from "../../src/clock"
import { StoreReader } from "../../src/cloud/store/reader"
import { STORE } from "../../src/cloud/store/sqlite/schema"
import type { Forwarded } from "../../src/gateway/events"
import { SPOOL } from "../../src/gateway/spool/schema"
import { type DatabaseKind, openForReading } from "../../src/storage/database"
import { pageBytes } from "../../src/storage/size"
import { type Day, dayBefore } from "../../src/survey/calendar"
import { formatReading } from "../../src/survey/reading"
import { formatAddress } from "../../src/topology/address"
import { bindAddress } from "../../src/topology/addressing"
import { makeKeys } from "./keys"
import { runFleet } from "./load/fleet"
import { A_DAYS_READINGS, surveyOf, uploadOf } from "./load/surveys"
import { FIRST_DEVICE, fleetTopology } from "./load/topology"
import { fileBytes, Peak } from "./peak"
import { startScript } from "./peers/servers"
import { readMemory } from "./process"
import { ownSource, shuffled } from "./uploads"

export interface FleetDay {
  readonly devices: number
  readonly uploadMs: number
  readonly deliveryMs: number
  /** Peaks of Private_Dirty, bytes. */
  readonly gatewayBytes: number
  readonly cloudBytes: number
  /** The spool's file and its log together at their largest, bytes. */
  readonly spoolPeakBytes: number
  /** Of a device-day in the spool and in the store, bytes, with its part of the pages' empty ends. */
  readonly spoolBytes: number
  readonly storeBytes: number
}

export interface DayOptions {
  readonly devices: number
  readonly window: number
  readonly random: Random
  /** Keys for the cloud's leg. */
  readonly tls?: boolean
}

const LOOK_AT_MEMORY_MS = 500
const LOOK_AT_FILE_MS = 100
export const READINGS = 24
export const SURVEY_BYTES = A_DAYS_READINGS.length

/** Throws when anything that was acknowledged is not in the store with the right values. */
export async function measureDay({ devices, window, random, tls = false }: DayOptions): Promise<FleetDay> {
  const folder = await mkdtemp(join(tmpdir(), "bench-day-"))
  try {
    await using stack = new AsyncDisposableStack()
    if (tls) makeKeys(folder)
    const topology = fleetTopology(folder, devices)
    const { gateway, cloud, timeZone } = topology
    const bound = (ip: string) => bindAddress(ip, "simulated")
    const store = stack.use(
      await startScript(join(import.meta.dir, "cloud.ts"), bound(cloud.address), [folder, String(devices)]),
    )
    const cloudPort = String(store.address.port)
    const address = bound(gateway.interfaces.devices.address.ip)
    const spool = stack.use(
      await startScript(join(import.meta.dir, "gateway.ts"), address, [folder, String(devices), cloudPort]),
    )
    const memoryOf = (pid: number) => stack.use(new Peak(() => privateBytes(pid), LOOK_AT_MEMORY_MS))
    const [gatewayPeak, cloudPeak] = [memoryOf(spool.pid), memoryOf(store.pid)]
    const spoolPeak = stack.use(new Peak(() => fileBytes(gateway.spool), LOOK_AT_FILE_MS))

    const day = dayBefore(Date.now(), timeZone)
    const order = shuffled(FIRST_DEVICE, devices, random)
    const requestOf = (device: number) => uploadOf(device, day, A_DAYS_READINGS)
    const upload = await runFleet({
      server: spool.address,
      devices: order,
      requestOf,
      sourceOf: ownSource,
      window,
      random,
    })
    if (upload.acknowledged.length !== devices) throw new Error(`${upload.acknowledged.length} of ${devices} arrived`)

    const startedAt = performance.now()
    const forwarded: Forwarded = JSON.parse(await spool.ask("forward"))
    const deliveryMs = performance.now() - startedAt
    if (forwarded.differing.length > 0) throw new Error("gateway and cloud differ")
    await verifyStore(cloud.store, topology.site, day, devices)
    return {
      devices,
      uploadMs: upload.elapsedMs,
      deliveryMs,
      gatewayBytes: await gatewayPeak.look(),
      cloudBytes: await cloudPeak.look(),
      spoolPeakBytes: await spoolPeak.look(),
      spoolBytes: usedBytes(gateway.spool, SPOOL) / devices,
      storeBytes: usedBytes(cloud.store, STORE) / devices,
    }
  } finally {
    await rm(folder, { recursive: true })
  }
}

const privateBytes = async (pid: number): Promise<number> => (await readMemory(pid)).privateDirty

async function verifyStore(store: string, site: string, day: Day, devices: number): Promise<void> {
  await using reader = await StoreReader.open({ store, folder: dirname(store) })
  const decoder = new TextDecoder()
  let next = FIRST_DEVICE
  let lines = ""
  const verify = () => {
    if (lines !== decoder.decode(surveyOf(next, A_DAYS_READINGS))) {
      throw new Error(`${formatAddress(next)}'s survey was acknowledged and is not what the store holds: ${lines}`)
    }
    next++
    lines = ""
  }
  for await (const { address, time, temperature, humidity } of reader.rows({ site, from: day, to: day })) {
    if (address !== next) verify()
    const seconds = Number(time.slice(0, 2)) * 3600 + Number(time.slice(3, 5)) * 60
    lines += `${formatReading({ seconds, temperature, humidity })}\n`
  }
  verify()
  if (next !== FIRST_DEVICE + devices) throw new Error(`${formatAddress(next)}'s survey is not in the store`)
}

/** Of the pages that are in use. */
function usedBytes(file: string, kind: DatabaseKind): number {
  using sqlite = openForReading(file, kind)
  const { all, free } = pageBytes(sqlite)
  return all - free
}
