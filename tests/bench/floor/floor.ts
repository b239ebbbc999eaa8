// What a fleet's day costs at least on this machine: as many datagrams, rows and requests, and nothing that makes them safe.
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { DayOptions } from "../day"
import { type Figure, formatNumber } from "../figure"
import { runFleet } from "../load/fleet"
import { A_DAYS_READINGS, uploadOf } from "../load/surveys"
import { FIRST_DEVICE } from "../load/topology"
import { startScript } from "../peers/servers"
import { ownSource, shuffled } from "../uploads"
import { insertMs, TOGETHER } from "./insert"
import { requestMs } from "./requests"

/** Milliseconds of each part. */
export interface Floor {
  /** The uploads' datagrams, from a raw echo. */
  readonly echo: number
  /** As many rows as the spool's are, and as the store's. */
  readonly spool: number
  readonly store: number
  /** As many requests over TCP that nobody stores. */
  readonly requests: number
}

/** Of a device-day, as the day left it. */
export interface RowBytes {
  readonly spoolBytes: number
  readonly storeBytes: number
}

const requestOf = (device: number) => uploadOf(device, "2026-01-01", A_DAYS_READINGS)

export async function measureFloor(options: DayOptions, { spoolBytes, storeBytes }: RowBytes): Promise<Floor> {
  const { devices } = options
  const folder = await mkdtemp(join(tmpdir(), "bench-floor-"))
  try {
    return {
      echo: await echoMs(options),
      spool: insertMs(join(folder, "spool.db"), devices, Math.round(spoolBytes)),
      store: insertMs(join(folder, "store.db"), devices, Math.round(storeBytes)),
      requests: await requestMs(devices, TOGETHER, (nth) => requestOf(FIRST_DEVICE + nth)),
    }
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function echoMs({ devices, window, random }: DayOptions): Promise<number> {
  await using server = await startScript(join(import.meta.dir, "../peers/echo.ts"), "127.0.0.1")
  const { acknowledged, elapsedMs } = await runFleet({
    server: server.address,
    devices: shuffled(FIRST_DEVICE, devices, random),
    requestOf,
    sourceOf: ownSource,
    window,
    random,
  })
  if (acknowledged.length !== devices) throw new Error(`${acknowledged.length} of ${devices} were echoed`)
  return elapsedMs
}

/** How much of the day its floor is: 1 would be a day that costs nothing beside it. */
export function floorFigure(day: string, dayMs: number, { echo, spool, store, requests }: Floor): Figure {
  const floorMs = echo + spool + store + requests
  return {
    figure: `${day}, its floor: echo, two inserts, requests`,
    value: floorMs / 1000,
    unit: "s",
    peer: `the day: ${formatNumber(dayMs / 1000)} s`,
    ratio: floorMs / dayMs,
    aim: null,
    met: null,
  }
}
