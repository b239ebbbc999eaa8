// A site whose days are closed one after the other, and what is told of them.
import { type Message, messageOf } from "../../../src/alerts/message"
import { formatReport, watchedOf } from "../../../src/cloud/report"
import type { AlertRow } from "../../../src/cloud/rules/table"
import { Watch } from "../../../src/cloud/rules/watch"
import { watchedBy } from "../../../src/cloud/rules/watched"
import { WritableSqliteTables } from "../../../src/cloud/store/sqlite/tables"
import type { WritableTables } from "../../../src/cloud/store/tables"
import type { News } from "../../../src/news"
import { addDays, type Day } from "../../../src/survey/calendar"
import { NO_SURVEYS } from "../../../src/survey/digest"
import { parseAddress, rangesOf } from "../../../src/topology/address"
import type { Topology } from "../../../src/topology/topology"
import { parseTopology } from "../../../src/topology/yaml/load"
import { changed } from "../../topology/sample"
import { VirtualClock } from "../../virtual-clock"
import { Bench, deliveryOf, SITE, TIME_ZONE } from "../fixtures"
import type { OpenStore } from "../store/contract"

export const address = (ip: string): number => parseAddress(ip) ?? 0

/** What of a device comes on a day: a survey's text; why there is none; or why the cloud refuses it. */
export type Sent = string | { readonly missing: string } | { readonly refused: string }

interface Device {
  readonly ip: string
  readonly name?: string
  readonly rules?: string
}

/** Over the store of any engine. */
export class WatchedSiteOn<Opened extends OpenStore> {
  readonly clock: VirtualClock
  /** Each with the day on which it was told: "2026-01-05 ✖ …", a line each, headings left out. */
  readonly told: string[] = []
  readonly messages: Message[] = []
  readonly errors: string[] = []
  topology: Topology
  /** The sites that deliver here. */
  served: readonly string[] = [SITE]
  #revision = 0
  declare tables: WritableTables
  declare watch: Watch

  constructor(
    readonly bench: Opened,
    private readonly openTables: (bench: Opened) => WritableTables,
    rules: string,
    private readonly devices: readonly Device[],
    public day: Day = "2025-12-31",
  ) {
    this.topology = this.read(rules)
    this.clock = new VirtualClock()
    this.open()
  }

  read(rules: string): Topology {
    const entries = this.devices.map(
      ({ ip, name, rules: own }) =>
        `  - { ip: ${ip}${name ? `, name: ${name}` : ""}${own ? `, rules: ${own}` : ""} }\n`,
    )
    const [before = ""] = changed(["cloud:\n", `alerts: { rules: ${rules} }\ncloud:\n`]).split("devices:\n  -")
    return parseTopology(
      `${before}devices:\n${entries.join("")}`.replace("192.168.1.1/24", "192.168.0.1/12"),
      "topology.yaml",
    )
  }

  open(): void {
    this.tables = this.openTables(this.bench)
    const log = { error: (text: string) => void this.errors.push(text) }
    this.watch = new Watch({
      ...{ tables: this.tables, clock: this.clock, log },
      watched: () => watchedBy(this.topology),
      serves: (site) => this.served.includes(site),
    })
    this.listen()
  }

  listen(isHeard = true): void {
    const compose = (news: News) => {
      if (!isHeard) return []
      const message = messageOf(news)
      this.messages.push(message)
      this.told.push(
        ...message.text
          .split("\n")
          .slice(1)
          .map((line) => `${news.day} ${line}`),
      )
      return [{ target: "t", host: "h", message: "{}" }]
    }
    this.watch.tell(compose, () => {})
  }

  async reopen(): Promise<void> {
    await this.bench.reopen()
    this.open()
  }

  /** What stands in the table. */
  alerts(): Promise<AlertRow[]> {
    return this.tables.all<AlertRow>("SELECT * FROM alerts ORDER BY site, address, rule")
  }

  async describe(name = SITE): Promise<void> {
    const devices = this.devices.map(({ ip, name }) => ({ ip, name }))
    await this.bench.store.describeSite(name, { timeZone: TIME_ZONE, devices, spool: "s" })
  }

  /** A run of the next day, or of another one: delivered, closed, looked at. */
  async run(sent: Readonly<Record<string, Sent>>, day = addDays(this.day, 1), name = SITE): Promise<void> {
    if (day > this.day) this.day = day
    await this.close(day, sent, true, name)
    await this.watch.finish()
    if (this.errors.length > 0) throw new Error(this.errors.join("\n"))
  }

  /** A day is closed, and not looked at yet. */
  async close(day: Day, sent: Readonly<Record<string, Sent>>, run: boolean, name = SITE): Promise<void> {
    const { store } = this.bench
    const at = Temporal.PlainDate.from(addDays(this.day, 1)).toZonedDateTime({
      timeZone: TIME_ZONE,
      plainTime: "06:00",
    })
    this.clock.set(Math.max(at.epochMilliseconds, 0))
    this.bench.now = this.clock.now()
    await this.describe(name)
    const of = { arrived: [] as number[], missing: [] as number[], refused: [] as number[], changed: [] as number[] }
    const reasons: [string, string][] = []
    const deliveries = Object.entries(sent).map(async ([ip, what]) => {
      if (typeof what === "string") {
        of.arrived.push(address(ip))
        of.changed.push(address(ip))
        await store.deliver(name, deliveryOf(what, { address: address(ip), day, revision: ++this.#revision }))
      } else if ("missing" in what) {
        of.missing.push(address(ip))
        reasons.push([ip, what.missing])
      } else {
        of.arrived.push(address(ip))
        of.refused.push(address(ip))
        reasons.push([ip, what.refused])
      }
    })
    await Promise.all(deliveries)
    const ranges = (of: number[]) => rangesOf(of.sort((a, b) => a - b))
    const report = {
      scheduledAt: new Date(this.clock.now()).toISOString(),
      run,
      adopted: false,
      arrived: ranges(of.arrived),
      late: [],
      missing: ranges(of.missing),
      stale: [],
      refused: ranges(of.refused),
      changed: ranges(of.changed),
      reasons,
      surveys: 0,
      digest: NO_SURVEYS.digest,
    }
    const closing = {
      claimed: NO_SURVEYS,
      addresses: [],
      report: formatReport(report),
      toList: true,
      watched: watchedOf(report),
    }
    const { agrees } = await store.closeCollection(name, day, closing)
    if (!agrees) throw new Error("the store agrees")
    this.watch.closed({ site: name, day, ...watchedOf(report) })
  }
}

export class WatchedSite extends WatchedSiteOn<Bench> implements Disposable {
  constructor(rules: string, devices: readonly Device[], day?: Day) {
    super(new Bench(), sqliteTables, rules, devices, day)
  }

  [Symbol.dispose](): void {
    this.bench[Symbol.dispose]()
  }
}

export function sqliteTables({ database, commits }: Bench): WritableTables {
  database.sqlite.run("PRAGMA synchronous = OFF") // a year of commits, and no power cut
  return new WritableSqliteTables(database.sqlite, commits)
}

/** Two readings, of these temperatures and humidities. */
export const readings = (...values: readonly (readonly [temperature: number, humidity: number])[]): string =>
  values
    .map(
      ([temperature, humidity], index) =>
        `${String(values.length > 10 ? index : index + 6).padStart(2, "0")}:00 - ${temperature} - ${humidity}%\n`,
    )
    .join("")
