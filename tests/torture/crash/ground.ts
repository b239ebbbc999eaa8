// Where cycles take place: addresses of this process alone, a folder and ports for each lane, and the day before.
import { cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import type { Random } from "../../../src/clock"
import { loadTopology, Network, type Topology } from "../../../src/network"
import { addDays, type Day, dayBefore } from "../../../src/survey/calendar"
import { MovableClock } from "../../end-to-end/fixture"
import type { Book } from "./book"
import type { Engine } from "./engine"
import type { Start } from "./kill"
import { makeReadings, type Reading, textOf } from "./readings"

export const SITE = "crash"

// others on this machine may do the same at the same time
const NETWORK = `10.${64 + ((process.pid >> 8) & 127)}.${process.pid & 255}`
export const [SMALL, LATE, LARGE, CHANGING] = [2, 3, 4, 5].map((last) => `${NETWORK}.${last}`) as [
  string,
  string,
  string,
  string,
]
export const DEVICES = [SMALL, LATE, LARGE, CHANGING]

/** In which it is about noon, so that no cycle sees midnight. */
const ZONE = `Etc/GMT${new Date().getUTCHours() > 12 ? "+" : "-"}${Math.abs(12 - new Date().getUTCHours())}`

/** The day that a cycle collects, and the one before it. */
export const TODAY: Day = dayBefore(Date.now(), ZONE)
export const EARLIER: Day = addDays(TODAY, -1)

const HOUR_MINUTES = 60
const DAY_MS = 86_400_000

export class Ground {
  readonly folder: string
  readonly #kept: string
  /** The surveys of the day before that kept databases hold. */
  readonly #earlier = new Map<string, Reading[]>()

  /** @param root a folder that several lanes share */
  constructor(
    root: string,
    private readonly lane: number,
    readonly engine: Engine,
  ) {
    this.folder = join(root, `lane${lane}`)
    this.#kept = join(root, `kept${lane}`)
  }

  /** Collects the day before, with one device missing: what cycles with kept databases begin with. */
  async collectEarlier(random: Random): Promise<void> {
    const topology = await this.#declare("10m")
    await this.engine.empty(this.lane)
    for (const ip of [SMALL, LARGE, CHANGING]) {
      const readings = makeReadings(random, 2 * HOUR_MINUTES)
      this.#earlier.set(ip, readings)
      this.writeSurvey(EARLIER, ip, readings)
    }
    const network = await Network.start(topology, { clock: new MovableClock(Date.now() - DAY_MS, 1) })
    const { stored } = await network.collect().finally(() => network.stop())
    if (stored === 0) throw new Error("the day before was not collected")
    cpSync(dirname(topology.gateway.spool), this.#kept, { recursive: true })
    await this.engine.keep(this.lane)
  }

  /** An empty folder and store with their topology, or those with kept databases, whose surveys the book then knows. */
  async prepare(start: Start, grace: string, book: Book): Promise<Topology> {
    const topology = await this.#declare(grace)
    if (start === "fresh") {
      await this.engine.empty(this.lane)
      return topology
    }
    cpSync(this.#kept, dirname(topology.gateway.spool), { recursive: true })
    await this.engine.layOut(this.lane)
    for (const [ip, readings] of this.#earlier) book.keep(ip, EARLIER, readings)
    return topology
  }

  /** A device's file of a day. */
  writeSurvey(day: Day, ip: string, readings: readonly Reading[]): void {
    const file = join(this.folder, "surveys", day, `${ip}.txt`)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, textOf(readings))
  }

  #declare(grace: string): Promise<Topology> {
    rmSync(this.folder, { recursive: true, force: true })
    mkdirSync(this.folder, { recursive: true })
    const file = join(this.folder, "topology.yaml")
    const store = this.engine.placeOf(this.lane)
    const devices = DEVICES.map((ip) => `  - { ip: ${ip}, survey: "surveys/{day}/{ip}.txt" }\n`)
    writeFileSync(
      file,
      `
site: ${SITE}
timeZone: ${ZONE}
schedule: { cron: "0 6 * * *", grace: ${grace} }
transmission: { ackTimeout: 50ms }
gateway:
  interfaces:
    devices: { address: ${NETWORK}.1/25, port: ${10_005 + this.lane} }
    cloud: { address: ${NETWORK}.129/25 }
cloud: { address: ${NETWORK}.130, port: ${8001 + this.lane}${store === undefined ? "" : `, store: "${store}"`} }
devices:
${devices.join("")}`,
    )
    return loadTopology(file, {})
  }
}
