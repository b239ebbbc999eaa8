// A cloud, a gateway and the sensors as three hosts, each with a folder of its own: what belongs on which, and what a person
// copies from one to another.
import { copyFileSync, mkdirSync, rmSync } from "node:fs"
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { FIRST_DAY, LAST_DAY } from "../../../src/cloud/store/days"
import { StoreReader } from "../../../src/cloud/store/reader"
import { loadTopology, Network, type Roles } from "../../../src/network"
import { EVERY_ADDRESS, formatAddress } from "../../../src/topology/address"
import { runCommand, type Said } from "../../commands/command"
import { DAY_MS, DEVICES, MONDAY_AT_SIX, MovableClock, SAMPLE, until } from "../fixture"

const NOBODY: Roles = { cloud: false, gateway: false, devices: [] }
const ROLES = {
  cloud: { ...NOBODY, cloud: true },
  gateway: { ...NOBODY, gateway: true },
  sensors: { ...NOBODY, devices: [EVERY_ADDRESS] },
} as const satisfies Record<string, Roles>
export type HostName = keyof typeof ROLES
const HOSTS = Object.keys(ROLES) as HostName[]

const SPEED = 20
const READINGS_A_DAY = 8
const LOOK_EVERY_MS = 5000

export class ThreeHosts implements AsyncDisposable {
  /** What was said by any of them, at whatever level. */
  readonly said: string[] = []
  readonly #clock = new MovableClock(MONDAY_AT_SIX, SPEED)
  readonly #networks = new Map<HostName, Network>()
  #tls = { cloud: "", gateway: "" }
  #days = 0

  private constructor(
    private readonly folder: string,
    private readonly ports: { readonly gateway: number; readonly cloud: number },
  ) {}

  /** All of them run, without keys. */
  static async make(): Promise<ThreeHosts> {
    const hosts = new ThreeHosts(await mkdtemp(join(tmpdir(), "three-hosts-")), await freePorts())
    for (const name of HOSTS) await mkdir(join(hosts.pathOf(name, "surveys")), { recursive: true })
    for (const [name, text] of Object.entries(SAMPLE)) await writeFile(hosts.pathOf("sensors", name), text)
    await hosts.#declare()
    await hosts.restart(...HOSTS)
    return hosts
  }

  pathOf(host: HostName, ...path: readonly string[]): string {
    return join(this.folder, host, ...path)
  }

  run(host: HostName, ...words: readonly string[]): Promise<Said> {
    return runCommand(this.pathOf(host), ...words)
  }

  /** Writes what `pair cloud` prints into topology.yaml of all. @param last only the newest of each end's keys */
  async name(printed: string, { last = false } = {}): Promise<void> {
    const [, cloud = "", gateway = ""] = /^cloud:\n {2}tls: (.*)\ngateway:\n {2}tls: (.*)\n$/.exec(printed) ?? []
    const newest = (value: string) => (last ? value.replace(/\[ .*, (\S+) \]/, "$1") : value)
    this.#tls = { cloud: `, tls: ${newest(cloud)}`, gateway: `tls: ${newest(gateway)}` }
    await this.#declare()
  }

  /** Carries files of keys from one host to another. */
  carry(from: HostName, to: HostName, ...names: readonly string[]): void {
    mkdirSync(this.pathOf(to, "keys"), { recursive: true, mode: 0o700 })
    for (const name of names) copyFileSync(this.pathOf(from, "keys", name), this.pathOf(to, "keys", name))
  }

  lose(host: HostName, ...names: readonly string[]): void {
    for (const name of names) rmSync(this.pathOf(host, name), { recursive: true })
  }

  /** Ends their processes, and begins new ones. Throws what `start` says. */
  async restart(...names: readonly HostName[]): Promise<void> {
    for (const name of names) {
      await this.#networks.get(name)?.stop()
      this.#networks.delete(name)
      const topology = await loadTopology(this.pathOf(name, "topology.yaml"), {})
      const say = (text: string) => void this.said.push(`${name}: ${text}`)
      const log = { debug: say, info: say, warn: say, error: say }
      this.#networks.set(name, await Network.start(topology, { roles: ROLES[name], clock: this.#clock, log }))
    }
  }

  async stop(name: HostName): Promise<void> {
    await this.#networks.get(name)?.stop()
  }

  /**
   * The next day: its readings are sent, and are all in the store in the end, with those of all days before.
   * @param refusal what somebody is told, before a person mends it
   */
  async day(refusal?: string, mend?: () => Promise<void>): Promise<void> {
    const looked = this.#clock.monotonic() + LOOK_EVERY_MS
    await until(() => this.#clock.monotonic() > looked) // what was changed of keys/ is seen by who runs
    this.#clock.forward(DAY_MS)
    this.#days++
    this.said.length = 0
    const running = this.#collect()
    if (refusal !== undefined) await until(() => this.said.some((line) => line.includes(refusal)))
    await mend?.()
    await running
    while ((await this.#stored()) < this.#days * READINGS_A_DAY) {
      await this.#networks.get("sensors")?.collect({ owedOnly: true })
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  /** Readings in the store. */
  async #stored(): Promise<number> {
    await using reader = await StoreReader.open({ store: this.pathOf("cloud", "data/cloud.db"), folder: this.folder })
    const rows = await Array.fromAsync(reader.rows({ site: "greenhouse", from: FIRST_DAY, to: LAST_DAY }))
    return new Set(rows.map(({ day, address, time }) => `${day} ${formatAddress(address)} ${time}`)).size
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const network of this.#networks.values()) await network.stop()
    await rm(this.folder, { recursive: true, force: true })
  }

  async #collect(): Promise<void> {
    const [gateway, sensors] = [this.#networks.get("gateway"), this.#networks.get("sensors")]
    // a gateway that is started again meanwhile ends its run early, and the next one finishes it
    const runs = [gateway?.collect(), sensors?.collect()].map(async (run) => {
      for (const { device, reason } of (await run)?.missing ?? []) this.said.push(`${device.ip}: ${reason}`)
    })
    await Promise.allSettled(runs)
  }

  async #declare(): Promise<void> {
    const { cloud, gateway } = this.ports
    const text = `
sample: true
site: greenhouse
timeZone: Europe/Rome
schedule: { cron: "0 6 * * *", grace: 10s }
transmission: { ackTimeout: 2s }
gateway:
  interfaces:
    devices: { address: 192.168.1.1/24, port: ${gateway} }
    cloud: { address: 10.10.10.1/24 }
  ${this.#tls.gateway}
cloud: { address: 10.10.10.2, port: ${cloud}${this.#tls.cloud} }
page: false
devices:
${DEVICES.map((device) => `  - ${device}\n`).join("")}`
    for (const name of HOSTS) await writeFile(this.pathOf(name, "topology.yaml"), text)
  }
}

async function freePorts(): Promise<{ gateway: number; cloud: number }> {
  const udp = await Bun.udpSocket({ hostname: "127.168.1.1" })
  const tcp = Bun.listen({ hostname: "127.10.10.2", port: 0, socket: { data() {} } })
  const ports = { gateway: udp.port, cloud: tcp.port }
  udp.close()
  tcp.stop(true)
  return ports
}
