// What an upload costs any revision's gateway, measured by today's load and clock: the wire from devices stays as it is,
// and each revision's gateway.ts is a process that takes a folder and a number of devices, and prints its port.
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { dayBefore } from "../../../src/survey/calendar"
import { bindAddress } from "../../../src/topology/addressing"
import { median } from "../figure"
import { runFleet } from "../load/fleet"
import { uploadOf } from "../load/surveys"
import { FIRST_DEVICE, fleetTopology } from "../load/topology"
import { startScript } from "../peers/servers"
import { readCpuMs, untilQuiet } from "../process"
import { ownSource, shuffled } from "../uploads"

export interface CostOptions {
  /** The revision's gateway.ts. */
  readonly script: string
  /** A round. */
  readonly devices: number
  readonly window: number
}

const ROUNDS = 3

/** µs of its processor time a durable upload, until the gateway has gone quiet: all is in its place. */
export async function measureCost({ script, devices, window }: CostOptions): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "bench-cost-"))
  try {
    const count = (1 + ROUNDS) * devices
    const { gateway, timeZone } = fleetTopology(folder, count)
    const address = bindAddress(gateway.interfaces.devices.address.ip, "simulated")
    await using server = await startScript(script, address, [folder, String(count)])
    const day = dayBefore(Date.now(), timeZone)
    const costs: number[] = []
    for (let round = 0; round <= ROUNDS; round++) {
      const before = readCpuMs(server.pid)
      const { acknowledged } = await runFleet({
        server: server.address,
        devices: shuffled(FIRST_DEVICE + round * devices, devices, Math.random),
        requestOf: (device) => uploadOf(device, day),
        sourceOf: ownSource,
        window,
      })
      if (acknowledged.length !== devices) throw new Error(`${acknowledged.length} of ${devices} were acknowledged`)
      await untilQuiet(server.pid)
      if (round === 0) continue // the compilers have not settled
      costs.push(((readCpuMs(server.pid) - before) * 1000) / devices)
    }
    return median(costs)
  } finally {
    await rm(folder, { recursive: true })
  }
}
