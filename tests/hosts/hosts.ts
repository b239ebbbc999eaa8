// Six hosts as the sample topology.yaml declares them: four devices and the gateway on one bridge, gateway and cloud on
// another, and no way from one network to the other.
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Topology } from "../../src/network"
import { contains, formatAddress, networkAddress, parseAddress } from "../../src/topology/address"
import { type Declaration, declare, scheduleAt } from "./declaration"
import { Host } from "./host"
import { Bridge, Namespace, sweepNamespaces } from "./namespaces"
import type { Running } from "./running"

const LEAD_MS = 3000
const LOOK_MS = 20
const PATIENCE_MS = 60_000 // at 50 % loss each way, several times what it takes

const TCP_AGAIN_MS = 50 // instead of 200: what TCP has lost on a bridge of microseconds need not be waited for so long

/** The gateway's interface to the devices, and everybody's only one. */
const FIRST = "eth0"
const SECOND = "eth1"

interface Parts {
  readonly devicesBridge: Bridge
  readonly cloudBridge: Bridge
  readonly devices: ReadonlyMap<string, Host>
  readonly gateway: Host
  readonly cloud: Host
  readonly cloudPort: string
}

/** Those that were made and not disposed of: a test that takes too long does not come to it. */
const standing = new Set<Hosts>()

/** Takes down what tests have left standing. */
export async function takeDown(): Promise<void> {
  for (const hosts of [...standing]) await hosts[Symbol.asyncDispose]()
}

export class Hosts implements AsyncDisposable {
  private constructor(
    readonly topology: Topology,
    private readonly parts: Parts,
    private readonly owned: AsyncDisposableStack,
  ) {
    standing.add(this)
  }

  static async make(declaration: Declaration = {}): Promise<Hosts> {
    await sweepNamespaces()
    await using owned = new AsyncDisposableStack()
    const folder = await mkdtemp(join(tmpdir(), "hosts-"))
    owned.defer(() => rm(folder, { recursive: true, force: true }))
    const topology = await declare(folder, declaration)
    return new Hosts(topology, await plug(topology, owned), owned.move())
  }

  get gateway(): Host {
    return this.parts.gateway
  }

  get cloud(): Host {
    return this.parts.cloud
  }

  /** Addresses of the devices, rising. */
  get addresses(): string[] {
    return [...this.parts.devices.keys()]
  }

  device(ip: string): Host {
    const host = this.parts.devices.get(ip)
    if (!host) throw new Error(`no host has ${ip}`)
    return host
  }

  /** Where the devices speak to the gateway. */
  get devicesBridge(): Bridge {
    return this.parts.devicesBridge
  }

  /** Where the gateway speaks to the cloud. */
  get cloudBridge(): Bridge {
    return this.parts.cloudBridge
  }

  /** Pulls the cloud's plug. */
  cutCloud(): Promise<void> {
    return this.cloudBridge.cut(this.parts.cloudPort)
  }

  mendCloud(): Promise<void> {
    return this.cloudBridge.mend(this.parts.cloudPort)
  }

  /** Starts the gateway a little before its schedule's next run; on a busy machine a little more. */
  async startGateway(): Promise<Running> {
    for (let leadMs = LEAD_MS; ; leadMs *= 2) {
      await scheduleAt(this.topology, Date.now() + leadMs)
      const gateway = this.gateway.start("gateway")
      await gateway.says("Next upload")
      if (gateway.stderr.includes("Next upload today")) return gateway
      await gateway.stop()
    }
  }

  /** One more host on the devices' network. */
  async join(ip: string): Promise<Host> {
    const { host } = await connect(this.owned, this.topology, ip, { [FIRST]: [this.devicesBridge, ip] })
    return host
  }

  /** Resolves as soon as it holds; throws, with what everybody has said, when it has not for too long. */
  async until(what: string, holds: () => boolean): Promise<void> {
    for (const startedAt = Date.now(); !holds(); await Bun.sleep(LOOK_MS)) {
      if (Date.now() - startedAt > PATIENCE_MS) throw new Error(`It did not come to pass: ${what}\n${this.#said}`)
    }
  }

  get #said(): string {
    const { devices, gateway, cloud } = this.parts
    return [...devices.values(), gateway, cloud].map(({ said }) => said).join("\n")
  }

  async [Symbol.asyncDispose](): Promise<void> {
    standing.delete(this)
    await this.owned.disposeAsync()
  }
}

async function plug(topology: Topology, owned: AsyncDisposableStack): Promise<Parts> {
  const { gateway, cloud } = topology
  const { devices: first, cloud: second } = gateway.interfaces
  const devicesBridge = owned.use(await Bridge.make("devices"))
  const cloudBridge = owned.use(await Bridge.make("between"))
  const devices = new Map<string, Host>()
  for (const { ip } of topology.devices) {
    const { host } = await connect(owned, topology, ip, { [FIRST]: [devicesBridge, ip] })
    devices.set(ip, host)
  }
  const inside = await connect(owned, topology, "gateway", {
    [FIRST]: [devicesBridge, first.address.ip],
    [SECOND]: [cloudBridge, second.address.ip],
  })
  const outside = await connect(owned, topology, "cloud", { [FIRST]: [cloudBridge, cloud.address] })
  const [cloudPort = ""] = outside.ports
  return { devicesBridge, cloudBridge, devices, gateway: inside.host, cloud: outside.host, cloudPort }
}

/** A host with these interfaces and addresses, and the bridges' ports that it is plugged into. */
async function connect(
  owned: AsyncDisposableStack,
  { folder, file, gateway }: Topology,
  name: string,
  interfaces: Readonly<Record<string, readonly [Bridge, string]>>,
): Promise<{ host: Host; ports: string[] }> {
  const namespace = owned.use(await Namespace.make(name))
  await namespace.tune({ "net/ipv4/ip_forward": 0 })
  const ports: string[] = []
  for (const [device, [bridge, ip]] of Object.entries(interfaces)) {
    ports.push(await bridge.connect(namespace, device))
    const { devices, cloud } = gateway.interfaces
    const near = [devices.address, cloud.address].find((network) => contains(network, parseAddress(ip) ?? 0))
    if (!near) throw new Error(`${ip} is on neither network`)
    const network = `${formatAddress(networkAddress(near))}/${near.prefix}`
    await namespace.ip(
      `address add ${ip}/${near.prefix} dev ${device}`,
      `route replace ${network} dev ${device} src ${ip} rto_min ${TCP_AGAIN_MS}ms`,
    )
  }
  return { host: owned.use(new Host(namespace, join(folder, name), file)), ports }
}
