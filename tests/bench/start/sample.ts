// A copy of the sample network that no other network on this machine meets, and whose schedule leaves it alone.
import { cp } from "node:fs/promises"
import { join } from "node:path"

export const ROOT = join(import.meta.dir, "../../..")

export interface SamplePorts {
  /** UDP, the gateway's. */
  readonly gateway: number
  /** TCP, the cloud's. */
  readonly cloud: number
}

/** @param ports any that are free, without it; roles that run as processes of their own must agree on them */
export async function copySample(folder: string, ports: SamplePorts = { gateway: 0, cloud: 0 }): Promise<void> {
  const topology = await Bun.file(join(ROOT, "topology.yaml")).text()
  const [, zone = "UTC"] = /^timeZone: (\S+)/m.exec(topology) ?? []
  const { hour } = Temporal.Now.zonedDateTimeISO(zone).add({ hours: 12 })
  const copy = topology
    .replace("port: 10005", `port: ${ports.gateway}`)
    .replace("port: 8001", `port: ${ports.cloud}`)
    .replace(/cron: "[^"]*"/, `cron: "0 ${hour} * * *"`)
  await Bun.write(join(folder, "topology.yaml"), copy)
  await cp(join(ROOT, "surveys"), join(folder, "surveys"), { recursive: true })
}
