// The site whose year is played: where it is and when it runs, which people change, and what the oracle says of both.
import { join } from "node:path"
import type { Topology } from "../../../src/network"
import { parseTopology } from "../../../src/topology/yaml/load"
import { DAY_MS } from "../network/chance"
import type { Kind } from "./plan"
import { type Run, ZoneCalendar } from "./zone-calendar"

export interface SiteOptions {
  readonly timeZone: string
  /** Minute of the day of the runs. */
  readonly runAt: number
  readonly kind: Kind
  /** The year's, ms since the epoch. */
  readonly startsAt: number
  readonly endsAt: number
  /** Where databases are made. */
  readonly folder: string
}

/** Longer than any outage of its kind; every run compares as many days with the cloud. */
export const RETENTION_DAYS: Record<Kind, number> = { outages: 22, clocks: 12, moves: 12 }
/** Devices that keep a file a day. */
export const KEEPERS = ["192.168.1.2", "192.168.1.3"] as const
/** A device whose file holds the day before: who knows what that is where the clock is wrong? */
export const FORGETFUL = "192.168.1.4"
const BEFORE_MS = 60 * DAY_MS
const BEHIND_MS = 10 * DAY_MS

export class Site {
  readonly #calendars = new Map<string, ZoneCalendar>()
  #timeZone: string
  #runAt: number

  constructor(private readonly options: SiteOptions) {
    this.#timeZone = options.timeZone
    this.#runAt = options.runAt
  }

  change(timeZone: string | undefined, runAt: number | undefined): void {
    this.#timeZone = timeZone ?? this.#timeZone
    this.#runAt = runAt ?? this.#runAt
  }

  get hasForgetful(): boolean {
    return this.options.kind === "outages"
  }

  /** Of every zone that it was in. */
  get calendars(): ZoneCalendar[] {
    return [...this.#calendars.values()]
  }

  get calendar(): ZoneCalendar {
    const { startsAt, endsAt } = this.options
    const known = this.#calendars.get(this.#timeZone)
    const calendar = known ?? new ZoneCalendar(this.#timeZone, startsAt - BEFORE_MS, endsAt + BEHIND_MS)
    this.#calendars.set(this.#timeZone, calendar)
    return calendar
  }

  /** By the schedule in force. */
  get runs(): readonly Run[] {
    return this.calendar.runsOf(this.#runAt)
  }

  get runAt(): number {
    return this.#runAt
  }

  readonly nextRun = (instant: number): number => this.runs.find(({ at }) => at > instant)?.at ?? instant + DAY_MS

  readonly topology = (): Topology => {
    const devices = [
      ...KEEPERS.map((ip) => `{ ip: ${ip}, survey: "{day}/${ip}.txt" }`),
      ...(this.hasForgetful ? [`{ ip: ${FORGETFUL}, name: forgetful, survey: day.txt }`] : []),
    ]
    return parseTopology(
      `site: field
timeZone: ${this.#timeZone}
schedule: { cron: "${this.#runAt % 60} ${Math.floor(this.#runAt / 60)} * * *" }
gateway:
  interfaces:
    devices: { address: 192.168.1.1/24 }
    cloud: { address: 10.10.10.1/24 }
  retention: ${RETENTION_DAYS[this.options.kind]}d
  spool: spool.db
cloud: { address: 10.10.10.2, console: off, store: store.db }
devices:
${devices.map((device) => `  - ${device}\n`).join("")}`,
      join(this.options.folder, "topology.yaml"),
    )
  }
}
