// A small network in a temporary folder, on free ports, with a clock that can be moved and can run fast.
import { mkdir, mkdtemp, rm, utimes, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import type { Clock } from "../../src/clock"
import { placeOf } from "../../src/cloud/store/open"
import { StoreReader } from "../../src/cloud/store/reader"
import type { Log } from "../../src/log"
import {
  type Listener,
  loadTopology,
  Network,
  type NetworkOptions,
  type Topology,
  type Uploaded,
} from "../../src/network"
import { formatAddress } from "../../src/topology/address"

/** Monday 23 November 2026, 06:00 in Rome: the day before is Sunday the 22nd. */
export const MONDAY_AT_SIX = Date.UTC(2026, 10, 23, 5)
export const DAY_MS = 86_400_000

export const SAMPLE = {
  "surveys/device1.txt": "08:00 - 20 - 30%\n12:00 - 25 - 33%\n16:00 - 23 - 32%\n20:00 - 21 - 28%\n",
  "surveys/device2.txt": "07:00 - 18 - 28%\n10:00 - 22 - 38%\n13:00 - 27 - 42%\n21:00 - 20 - 19%\n",
}

export const DEVICES = [
  "{ ip: 192.168.1.2, name: tomatoes, survey: surveys/device1.txt }",
  "{ ip: 192.168.1.3, name: herbs, survey: surveys/device2.txt }",
]

export interface SiteOptions {
  readonly devices?: readonly string[]
  readonly files?: Readonly<Record<string, string>>
  readonly grace?: string
  /** How many times as fast as the wall clock time passes. */
  readonly speed?: number
  /** The files stay as they are while days pass: true, unless a test is about when they were written. */
  readonly sample?: boolean
  /** As in topology.yaml. */
  readonly page?: string
  readonly extra?: string
}

export class Site implements AsyncDisposable {
  /** What the cloud listed, what was logged, what arrived at the gateway. */
  readonly listed: string[] = []
  readonly logged: string[] = []
  readonly uploads: Uploaded[] = []
  readonly clock: MovableClock

  private constructor(
    readonly folder: string,
    readonly topology: Topology,
    speed: number,
  ) {
    this.clock = new MovableClock(MONDAY_AT_SIX, speed)
  }

  static async make(options: SiteOptions = {}): Promise<Site> {
    const { devices = DEVICES, files = SAMPLE, grace = "5s", speed = 1, sample = true } = options
    const { page = "false", extra = "" } = options
    const folder = await mkdtemp(join(tmpdir(), "smart-meter-"))
    const yaml = `
sample: ${sample}
site: greenhouse
timeZone: Europe/Rome
schedule: { cron: "0 6 * * *", grace: ${grace} }
transmission: { ackTimeout: 200ms }
gateway:
  interfaces:
    devices: { address: 192.168.1.1/24, port: 0 }
    cloud: { address: 10.10.10.1/24 }
cloud: { address: 10.10.10.2, port: 0 }
page: ${page}
${extra}
devices:
${devices.map((device) => `  - ${device}\n`).join("")}`
    await writeFile(join(folder, "topology.yaml"), yaml)
    const site = new Site(folder, await loadTopology(join(folder, "topology.yaml"), {}), speed)
    for (const [name, text] of Object.entries(files)) await site.write(name, text)
    return site
  }

  /** One whose network has collected once, and is stopped. */
  static async collected(options: SiteOptions = {}): Promise<Site> {
    const site = await Site.make(options)
    await using network = await Network.start(site.topology, site.options)
    await network.collect({ scheduledAt: MONDAY_AT_SIX })
    return site
  }

  /** @param writtenAt when it was last written, ms since the epoch: now, by the site's clock, without it */
  async write(name: string, text: string, writtenAt = this.clock.now()): Promise<void> {
    const path = join(this.folder, name)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, text)
    await utimes(path, writtenAt / 1000, writtenAt / 1000)
  }

  get options(): NetworkOptions {
    return {
      clock: this.clock,
      log: this.log,
      print: (lines) => void this.listed.push(...lines.trimEnd().split("\n")),
      listener: this.hear,
    }
  }

  readonly hear: Listener = (event) => {
    if (event.kind === "uploaded") this.uploads.push(event)
    if (event.kind === "disk-failed") this.logged.push(`fatal ${event.error}`)
  }

  get log(): Log {
    const say = (level: string) => (text: string) => void this.logged.push(`${level} ${text}`)
    return { debug: say("debug"), info: say("info"), warn: say("warn"), error: say("error") }
  }

  /** Everything in the store, as `day ip time temperature humidity`. */
  async stored(): Promise<string[]> {
    await using reader = await StoreReader.open(placeOf(this.topology))
    const rows = await Array.fromAsync(reader.rows({ site: "greenhouse", from: "0000-01-01", to: "9999-12-31" }))
    return rows.map(({ day, address, time, temperature, humidity }) =>
      [day, formatAddress(address), time, temperature, humidity].join(" "),
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true })
  }
}

/** Real timers, sped up; a now that tests set. */
export class MovableClock implements Clock {
  #origin: number
  readonly #startedAt = performance.now()

  constructor(
    now: number,
    private readonly speed: number,
  ) {
    this.#origin = now
  }

  readonly now = (): number => Math.floor(this.#origin + this.monotonic())

  readonly monotonic = (): number => (performance.now() - this.#startedAt) * this.speed

  after(delayMs: number, callback: () => void): () => void {
    const timer = setTimeout(callback, delayMs / this.speed)
    return () => clearTimeout(timer)
  }

  forward(ms: number): void {
    this.#origin += ms
  }
}

/** Resolves as soon as `condition` holds; the test's own time limit bounds it. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5))
}
