// A simulated network in a folder of its own, on free ports, at noon of a day on which the clock does nothing.
import { Database } from "bun:sqlite"
import { expect } from "bun:test"
import { chmod, mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type Clock, systemClock } from "../../src/clock"
import { formatSecret } from "../../src/keys/device"
import { Network, type Summary } from "../../src/network"
import { bindAddress } from "../../src/topology/addressing"
import { parseTopology } from "../../src/topology/yaml/load"

/** The day that is collected. */
export const DAY = "2026-11-21"

const NOON_MS = Temporal.ZonedDateTime.from("2026-11-22T12:00[Europe/Rome]").epochMilliseconds

export const GATEWAY = bindAddress("192.168.1.1", "simulated")
export const GATEWAY_TO_CLOUD = bindAddress("10.10.10.1", "simulated")
export const CLOUD = bindAddress("10.10.10.2", "simulated")

export interface Declared {
  readonly ip: string
  /** Without it the device sends by itself. */
  readonly survey?: string
}

export class TestNetwork implements AsyncDisposable {
  /** What the cloud listed. */
  printed = ""
  readonly #startedMs = Date.now()
  #network: Network | undefined

  private constructor(readonly folder: string) {}

  /**
   * @param surveyLimitBytes the largest survey that is accepted
   * @param siteSecret gives each device its key
   */
  static async start(
    devices: readonly Declared[],
    surveyLimitBytes = 1024 ** 2,
    siteSecret?: Uint8Array,
  ): Promise<TestNetwork> {
    const started = new TestNetwork(await mkdtemp(join(tmpdir(), "interop-")))
    try {
      if (siteSecret) await started.#pair(devices, siteSecret)
      await started.#begin(topologyText(devices, surveyLimitBytes))
      return started
    } catch (error) {
      await started[Symbol.asyncDispose]()
      throw error
    }
  }

  get ports(): { readonly gateway: number; readonly cloud: number } {
    return this.#running.ports
  }

  /** Where surveys are uploaded to. */
  get uploads(): string {
    return `coap://${GATEWAY}:${this.ports.gateway}/surveys`
  }

  /** Where surveys are delivered to. */
  get deliveries(): string {
    return `coap+tcp://${CLOUD}:${this.ports.cloud}/sites/greenhouse/surveys`
  }

  /** Writes a file into the network's folder and gives its path. */
  async write(name: string, text: string): Promise<string> {
    const path = join(this.folder, name)
    await Bun.write(path, text)
    return path
  }

  collect(): Promise<Summary> {
    return this.#running.collect()
  }

  /** Ends the network; its folder stays until it is disposed of. */
  async stop(): Promise<void> {
    await this.#network?.stop()
    this.#network = undefined
  }

  /** What the cloud's store holds of a device: every reading as a line, in the order of day and time. */
  stored(ip: string): string[] {
    using store = new Database(join(this.folder, "data/cloud.db"), { readonly: true })
    return store
      .query<{ time: string; temperature: number; humidity: number }, [string, string]>(
        "SELECT time, temperature, humidity FROM readings WHERE device = ?1 AND day = ?2",
      )
      .all(ip, DAY)
      .map(({ time, temperature, humidity }) => `${time} - ${temperature} - ${humidity}%`)
  }

  /** Holds that the store has exactly these readings of a device, each once; tells the first that is wrong. */
  expectStored(ip: string, lines: readonly string[]): void {
    const stored = this.stored(ip)
    const wrong = stored.findIndex((line, index) => line !== lines[index])
    expect({ ip, line: stored[wrong] }).toEqual({ ip, line: lines[wrong] })
    expect({ ip, readings: stored.length }).toEqual({ ip, readings: lines.length })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    await rm(this.folder, { recursive: true, force: true })
  }

  get #running(): Network {
    if (!this.#network) throw new Error("the network has been stopped")
    return this.#network
  }

  async #pair(devices: readonly Declared[], siteSecret: Uint8Array): Promise<void> {
    await this.write("keys/devices", devices.map(({ ip }) => `${ip} 1\n`).join(""))
    await chmod(await this.write("keys/site.secret", formatSecret(siteSecret)), 0o600)
  }

  async #begin(text: string): Promise<void> {
    const clock: Clock = { ...systemClock, now: () => NOON_MS + Date.now() - this.#startedMs }
    const print = (lines: string) => {
      this.printed += lines
    }
    this.#network = await Network.start(parseTopology(text, join(this.folder, "topology.yaml")), { clock, print })
  }
}

/** Devices that send by themselves have sent before the collection begins: there is no need to wait for the rest. */
const graceFor = (devices: readonly Declared[]) => (devices.some(({ survey }) => survey) ? "10s" : "1ms")

const topologyText = (devices: readonly Declared[], surveyLimitBytes: number) => `site: greenhouse
timeZone: Europe/Rome
schedule: { cron: "0 6 * * *", grace: ${graceFor(devices)} }
limits: { survey: ${surveyLimitBytes} }
gateway:
  interfaces:
    devices: { address: 192.168.1.1/24, port: 0 }
    cloud: { address: 10.10.10.1/24 }
cloud: { address: 10.10.10.2, port: 0 }
devices: ${JSON.stringify(devices)}
`
