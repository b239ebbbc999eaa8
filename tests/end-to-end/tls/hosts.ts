// A cloud and a gateway as two hosts, each with a topology.yaml and keys of its own; what became of one delivery.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { FIRST_DAY, LAST_DAY } from "../../../src/cloud/store/days"
import { placeOf } from "../../../src/cloud/store/open"
import { StoreReader } from "../../../src/cloud/store/reader"
import { countDue, openSpool } from "../../../src/gateway/spool/reader"
import type { Log } from "../../../src/log"
import { loadTopology, Network, type Roles, type Topology } from "../../../src/network"
import { EVERY_ADDRESS } from "../../../src/topology/address"
import { DEVICES, MONDAY_AT_SIX, MovableClock, SAMPLE, until } from "../fixture"

/** What stands in cloud.tls and gateway.tls of a host, as in topology.yaml; without them its leg is plain. */
export interface Host {
  readonly cloudTls?: object
  readonly gatewayTls?: object
  readonly site?: string
  /** cloud.sites */
  readonly sites?: readonly object[]
  readonly limits?: object
  /** How many times as fast as the wall clock its time passes. */
  readonly speed?: number
  /** By its clock; the other host's is right. */
  readonly now?: number
}

export interface Outcome {
  /** Lines at warn and above. */
  readonly cloud: readonly string[]
  readonly gateway: readonly string[]
  readonly isComplete: boolean
  /** Readings in the store. */
  readonly stored: number
  /** Surveys that wait in the spool. */
  readonly waiting: number
}

const CLOUD: Roles = { cloud: true, gateway: false, devices: [] }
const GATEWAY: Roles = { cloud: false, gateway: true, devices: [EVERY_ADDRESS] }

const topologyText = (
  { cloudTls, gatewayTls, site = "greenhouse", sites, limits = {} }: Host,
  cloudPort: number,
): string =>
  JSON.stringify({
    sample: true,
    site,
    limits,
    timeZone: "Europe/Rome",
    schedule: { cron: "0 6 * * *", grace: "1h" },
    gateway: {
      interfaces: {
        devices: { address: "192.168.1.1/24", port: 0 },
        cloud: { address: "10.10.10.1/24" },
      },
      ...(gatewayTls && { tls: gatewayTls }),
    },
    cloud: { address: "10.10.10.2", port: cloudPort, ...(cloudTls && { tls: cloudTls }), ...(sites && { sites }) },
    page: false,
    devices: [],
  }).replace('"devices":[]}', `"devices":[${DEVICES.join(",")}]}`)

/** A host's folder, and what its network says. */
export class Running implements AsyncDisposable {
  readonly warned: string[] = []
  readonly folder: string
  declare network: Network
  declare topology: Topology
  readonly clock: MovableClock

  private constructor(folder: string, now: number, speed: number) {
    this.folder = folder
    this.clock = new MovableClock(now, speed)
  }

  /** Readings in its store. */
  async stored(): Promise<number> {
    const { site } = this.topology
    await using reader = await StoreReader.open(placeOf(this.topology))
    return (await Array.fromAsync(reader.rows({ site, from: FIRST_DAY, to: LAST_DAY }))).length
  }

  /** Surveys that wait in its spool. */
  get waiting(): number {
    const sqlite = openSpool(this.topology.gateway.spool)
    try {
      return countDue(sqlite).surveys
    } finally {
      sqlite.close()
    }
  }

  static async start(host: Host, roles: Roles, cloudPort: number): Promise<Running> {
    const running = new Running(await mkdtemp(join(tmpdir(), "tls-")), host.now ?? MONDAY_AT_SIX, host.speed ?? 1)
    const { folder, clock, log } = running
    const file = join(folder, "topology.yaml")
    await writeFile(file, topologyText(host, cloudPort))
    await mkdir(join(folder, "surveys"))
    for (const [name, text] of Object.entries(SAMPLE)) await writeFile(join(folder, name), text)
    running.topology = await loadTopology(file, {})
    running.network = await Network.start(running.topology, { roles, clock, log })
    return running
  }

  get log(): Log {
    const note = (text: string) => void this.warned.push(text)
    return { debug() {}, info() {}, warn: note, error: note }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.network.stop()
    await rm(this.folder, { recursive: true, force: true })
  }
}

export const startCloud = (host: Host): Promise<Running> => Running.start(host, CLOUD, 0)
export const startGateway = (host: Host, cloudPort: number): Promise<Running> => Running.start(host, GATEWAY, cloudPort)

/** One run of the gateway, until the day is at the cloud or the first attempt has failed. */
export async function deliver(cloudHost: Host, gatewayHost: Host): Promise<Outcome> {
  await using cloud = await startCloud(cloudHost)
  await using gateway = await startGateway(gatewayHost, cloud.network.ports.cloud)
  let isComplete = false
  let isOver = false
  const run = gateway.network.collect({ scheduledAt: gatewayHost.now ?? MONDAY_AT_SIX }).then(({ complete }) => {
    isComplete = complete
    isOver = true
  })
  const hasFailed = () => gateway.warned.some((line) => line.startsWith("Not delivered"))
  await until(() => isOver || hasFailed())
  // what the cloud has to say of it comes on its own time
  if (hasFailed()) await until(() => cloud.warned.length > 0)
  const [stored, waiting] = [await cloud.stored(), gateway.waiting]
  await gateway.network.stop()
  await run
  return { cloud: [...cloud.warned], gateway: [...gateway.warned], isComplete, stored, waiting }
}
