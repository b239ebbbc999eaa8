// A network of one device in a folder of its own, on addresses of its own, with a run behind it and one that is due.
import { Database } from "bun:sqlite"
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Clock } from "../../../src/clock"
import { StoreReader } from "../../../src/cloud/store/reader"
import { loadTopology, Network, type NetworkOptions, type Topology } from "../../../src/network"
import { addDays, type Day, dayBefore } from "../../../src/survey/calendar"
import { bindAddress } from "../../../src/topology/addressing"
import { SOURCE, startCommand } from "./programme"
import { type Answer, Sender } from "./sender"
import { soon } from "./soon"

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const SINCE_RUN_MS = 12 * HOUR_MS // the next one is as far away: none becomes due in between
const FINISHING_GRACE = Temporal.Duration.from({ milliseconds: 300 }) // what was acknowledged has arrived
const IN_MEMORY = "/dev/shm" // the faults are put into the calls: no disk need be waited for
const FIRST = "06:00 - 11 - 61%\n"
const SPEED = 20 // of the parts that run in this process: they wait for others, and come again

const hastyClock: Clock = {
  now: Date.now,
  monotonic: () => performance.now() * SPEED,
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs / SPEED)
    return () => clearTimeout(timer)
  },
}

export interface Upload {
  readonly text: string
  /** It must be on the disk already. */
  readonly acknowledged: boolean
}

export class Site implements Disposable {
  readonly folder = mkdtempSync(join(existsSync(IN_MEMORY) ? IN_MEMORY : tmpdir(), "disk-"))
  readonly file = join(this.folder, "topology.yaml")
  readonly spool = join(this.folder, "data", "gateway.db")
  readonly store = join(this.folder, "data", "cloud.db")
  /** When the schedule's last run was due, ms since the epoch, and the day that it collects. */
  readonly scheduledAt: number
  readonly day: Day
  /** The only device, and where its survey would be. */
  readonly ip: string
  readonly survey = "survey.txt"
  readonly #seed = join(this.folder, "seed")

  private constructor(
    place: number,
    /** The programme that is started here. */
    readonly main: string,
  ) {
    const minute = Math.floor((Date.now() - SINCE_RUN_MS) / 60_000) * 60_000
    this.scheduledAt = minute
    this.day = dayBefore(minute, "UTC")
    const network = networkOf(place)
    this.ip = `${network}.2`
    const cron = `${new Date(minute).getUTCMinutes()} ${new Date(minute).getUTCHours()} * * *`
    writeFileSync(
      this.file,
      `site: farm
timeZone: UTC
schedule: { cron: "${cron}", grace: 60s }
gateway:
  interfaces:
    devices: { address: ${network}.1/25 }
    cloud: { address: ${network}.129/25 }
cloud: { address: ${network}.130 }
devices:
  - { ip: ${this.ip}, survey: ${this.survey} }
`,
    )
  }

  /**
   * With the day before collected, and the databases as they are when all have ended well.
   * @param place no two sites that run at once have the same
   */
  static async make(place: number, main = SOURCE): Promise<Site> {
    const site = new Site(place, main)
    await site.finish({ text: FIRST, acknowledged: false }, site.scheduledAt - DAY_MS)
    cpSync(join(site.folder, "data"), site.#seed, { recursive: true })
    return site
  }

  get databases(): readonly string[] {
    return [this.spool, this.store]
  }

  /** Throws away what the last case left. @param empty without any database */
  reset(empty = false): void {
    rmSync(join(this.folder, "data"), { recursive: true, force: true })
    if (empty) mkdirSync(join(this.folder, "data"))
    else cpSync(this.#seed, join(this.folder, "data"), { recursive: true })
  }

  async sender(): Promise<Sender> {
    const { gateway } = await this.#topology()
    const { address, port } = gateway.interfaces.devices
    return Sender.open(this.ip, bindAddress(this.ip, "simulated"), {
      address: bindAddress(address.ip, "simulated"),
      port,
    })
  }

  /** The command line of `start` with these words. @param preload a module with a planted fault */
  command(words: readonly string[], preload?: string): string[] {
    return startCommand(this.file, words, preload, this.main)
  }

  /** Parts of the network in this process; they do not wait long for others. */
  async start(roles: { readonly gateway: boolean; readonly cloud: boolean }): Promise<Network> {
    return startSoon(await this.#topology(), { clock: hastyClock, roles: { ...roles, devices: [] } })
  }

  /** Everything again on a disk that is well: uploads what was not acknowledged, and delivers all. */
  async finish({ text, acknowledged }: Upload, scheduledAt = this.scheduledAt): Promise<void> {
    const topology = await this.#topology()
    const schedule = { ...topology.schedule, grace: FINISHING_GRACE }
    const roles = { gateway: true, cloud: true, devices: [] }
    await using network = await startSoon({ ...topology, schedule }, { roles })
    using sender = await this.sender()
    const day = dayBefore(scheduledAt, "UTC")
    let answer: Answer = "silent"
    const isTaken = async () => {
      answer = await sender.put(day, text)
      return answer === "acknowledged"
    }
    if (!acknowledged && !(await soon(isTaken))) {
      throw new Error(`on a disk that is well the upload is not taken: ${JSON.stringify(answer)}`)
    }
    const { missing, delivered } = await network.collect({ scheduledAt })
    if (missing.length > 0) throw new Error("the gateway does not have it")
    if (!delivered) throw new Error("on a disk that is well it was not delivered")
  }

  /** Everything in the store, as `day HH:MM - T - H%`. */
  async stored(): Promise<string[]> {
    await using reader = await StoreReader.open(this)
    const rows = await Array.fromAsync(reader.rows({ site: "farm", from: "0000-01-01", to: "9999-12-31" }))
    return rows.map(({ day, time, temperature, humidity }) => `${day} ${time} - ${temperature} - ${humidity}%`)
  }

  /** What should be there in the end. @param empty there was no database to begin with */
  expected(text: string, empty = false): string[] {
    const linesOf = (day: Day, lines: string) =>
      lines
        .trimEnd()
        .split("\n")
        .map((line) => `${day} ${line}`)
    return [...(empty ? [] : linesOf(addDays(this.day, -1), FIRST)), ...linesOf(this.day, text)]
  }

  /** What SQLite finds wrong with the databases. */
  get damage(): string[] {
    return this.databases.flatMap((file) => {
      using sqlite = new Database(file)
      const found = sqlite.query<{ integrity_check: string }, []>("PRAGMA integrity_check").all()
      return found.flatMap(({ integrity_check }) => (integrity_check === "ok" ? [] : [`${file}: ${integrity_check}`]))
    })
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true })
  }

  #topology(): Promise<Topology> {
    return loadTopology(this.file, {})
  }
}

/** The first three numbers of a place's addresses. */
export const networkOf = (place: number): string => `10.${1 + ((place >>> 8) % 250)}.${place & 0xff}`

/** A process that another site starts has our ports open too, from its fork to its exec. */
async function startSoon(topology: Topology, options: NetworkOptions): Promise<Network> {
  let inUse: unknown
  const tryToStart = () =>
    Network.start(topology, options).catch((error) => {
      if (error.code !== "EADDRINUSE") throw error
      inUse = error
      return undefined
    })
  const network = await soon(tryToStart)
  if (!network) throw inUse
  return network
}
