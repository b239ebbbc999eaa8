// Who is told what: the rules that the cloud watches, the messages, and the clock that says when a run is overdue.
import { secretFaults } from "../alerts/faults"
import { Messenger, type Recipients } from "../alerts/messenger"
import type { Clock, Random } from "../clock"
import type { Cloud } from "../cloud/cloud"
import { isOverdue } from "../cloud/rules/rhythm"
import { errorText, formatWhen } from "../format"
import type { Log } from "../log"
import { dueRun } from "../status/overdue"
import { dayOf } from "../survey/calendar"
import { nameOfSecret, readSecret } from "../topology/alerts/secret"
import { isWebUrl } from "../topology/alerts/targets"
import type { Topology } from "../topology/topology"

export interface AlertsOptions {
  readonly cloud: Pick<Cloud, "watch" | "isWatching" | "onWatching">
  /** As it is now: it may change. */
  readonly topology: () => Topology
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

const LOOK_EVERY_MS = 60_000

export class Alerts {
  readonly #messenger: Messenger
  /** By site: since when a run is overdue on every look, monotonic; a machine that has slept runs at once. */
  readonly #overdueSince = new Map<string, number>()
  #cancel: (() => void) | undefined
  /** One look after the other. */
  #looking: Promise<void> = Promise.resolve()

  constructor(private readonly options: AlertsOptions) {
    const { cloud, topology, clock, random, log } = options
    const { outbox } = cloud.watch
    // of several clouds that share a store the one that watches also tells
    const tells = () => cloud.isWatching
    const told = toldBy(topology())
    this.#messenger = new Messenger({ told, outbox, tells, environment: process.env, clock, random, log })
    this.#tellFaults()
    cloud.watch.tell(this.#messenger.compose, this.#messenger.deliver)
    cloud.onWatching(this.#messenger.deliver)
    this.#look()
  }

  /** The topology has changed. */
  update(): void {
    this.#messenger.update(toldBy(this.options.topology()))
    this.#tellFaults()
    this.#look()
  }

  /** The end begins: what the last run brought is told, or tried once. */
  async finish(): Promise<void> {
    await this.#endLooking()
    await this.#messenger.finish()
  }

  /** The same, if it can be within a second. */
  async stop(): Promise<void> {
    await this.#endLooking()
    await this.#messenger.stop()
  }

  async #endLooking(): Promise<void> {
    this.#cancel?.()
    await this.#looking
    await this.options.cloud.watch.finish()
  }

  /** Before the first message would be late. */
  #tellFaults(): void {
    const { topology, log } = this.options
    for (const { text } of secretFaults(toldBy(topology()), process.env)) log.warn(text)
  }

  /** Without anybody to tell nobody looks. */
  #look(): void {
    this.#cancel?.()
    this.#cancel = undefined
    if (!this.#messenger.isAnybodyTold) return
    this.#cancel = this.options.clock.after(LOOK_EVERY_MS, () => this.#look())
    this.#looking = this.#looking
      .then(() => this.#lookForRuns())
      .catch((error) => this.options.log.error(`The runs could not be looked at: ${error}`))
  }

  async #lookForRuns(): Promise<void> {
    if (!this.options.cloud.isWatching) return
    const { sites } = this.options.topology().cloud
    for (const { site } of sites) await this.#lookForRun(site)
  }

  async #lookForRun(site: string): Promise<void> {
    const { cloud, clock } = this.options
    const topology = this.options.topology()
    const now = clock.now()
    if (!topology.alerts.rules.overdue) return cloud.watch.overdue(site, "not watched")
    const { due, timeZone } = await this.#dueRun(site, topology, now)
    if (due === undefined) this.#overdueSince.delete(site)
    const since = this.#overdueSince.get(site) ?? clock.monotonic()
    if (due !== undefined) this.#overdueSince.set(site, since)
    if (due !== undefined && clock.monotonic() - since < graceMsOf(topology)) return
    const reason = (at: number) => `one was due ${formatWhen(at, now, timeZone)}`
    await cloud.watch.overdue(
      site,
      due === undefined ? undefined : { since: dayOf(due, timeZone), reason: reason(due) },
    )
  }

  async #dueRun(site: string, topology: Topology, now: number): Promise<{ due: number | undefined; timeZone: string }> {
    const { watch } = this.options.cloud
    if (site === topology.site) {
      const last = await watch.lastRun(site)
      const due = last === undefined ? undefined : dueRun(last, topology, now, false)
      return { due, timeZone: topology.timeZone }
    }
    const next = await watch.nextRun(site)
    return next && isOverdue(next.dueAt, now) ? { due: next.dueAt, timeZone: next.timeZone } : NOT_DUE
  }
}

const NOT_DUE = { due: undefined, timeZone: "UTC" }

const graceMsOf = ({ schedule }: Topology): number => schedule.grace.total("milliseconds")

/** Who is told, and what it takes. */
export const toldBy = ({ site, folder, alerts }: Topology): Recipients => ({
  targets: alerts.to,
  smtp: alerts.smtp,
  site,
  folder,
})

/** The monitor's URL, wherever it is kept; undefined where there is none, or where it cannot be read, which is said. */
export function heartbeatUrl(
  { alerts: { heartbeat }, folder }: Pick<Topology, "alerts" | "folder">,
  log: Pick<Log, "warn">,
): string | undefined {
  if (heartbeat === undefined || typeof heartbeat === "string") return heartbeat
  try {
    const url = readSecret(heartbeat, folder, process.env)
    if (isWebUrl(url)) return url
    log.warn(`alerts.heartbeat: ${nameOfSecret(heartbeat)} must hold an http or https URL`)
  } catch (error) {
    log.warn(`alerts.heartbeat: ${errorText(error)}`)
  }
  return undefined
}
