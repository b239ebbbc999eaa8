// Who is told what: the rules that the cloud watches, the messages, and the clock that says when a run is overdue.
import { secretFaults } from "../alerts/faults"
import { Messenger, type Told } from "../alerts/messenger"
import type { Clock, Random } from "../clock"
import type { Cloud } from "../cloud/cloud"
import { formatWhen } from "../format"
import type { Log } from "../log"
import { dueRun } from "../status/overdue"
import { dayOf } from "../survey/calendar"
import type { Topology } from "../topology/topology"

export interface AlertsOptions {
  readonly cloud: Cloud
  /** As it is now: it may change. */
  readonly topology: () => Topology
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

const LOOK_EVERY_MS = 60_000

export class Alerts {
  readonly #messenger: Messenger
  /** Since when a run is overdue on every look, monotonic: a machine that has slept runs at once. */
  #overdueSince: number | undefined
  #cancel: (() => void) | undefined

  constructor(private readonly options: AlertsOptions) {
    const { cloud, topology, clock, random, log } = options
    const { outbox } = cloud.watch
    this.#messenger = new Messenger({ told: toldBy(topology()), outbox, environment: process.env, clock, random, log })
    this.#tellFaults()
    cloud.watch.tell(this.#messenger.compose, this.#messenger.deliver)
    this.#messenger.deliver()
    this.#look()
  }

  /** The topology has changed. */
  update(): void {
    this.#messenger.update(toldBy(this.options.topology()))
    this.#tellFaults()
    this.#look()
  }

  /** What the last run brought is told, if it can be within a second. */
  async stop(): Promise<void> {
    this.#cancel?.()
    await this.options.cloud.watch.finish()
    await this.#messenger.stop()
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
    this.#lookForRun().catch((error) => this.options.log.error(`The runs could not be looked at: ${error}`))
  }

  async #lookForRun(): Promise<void> {
    const { cloud, clock } = this.options
    const topology = this.options.topology()
    const { site, timeZone, alerts } = topology
    const now = clock.now()
    const last = cloud.watch.lastRun(site)
    const due = alerts.rules.overdue && last !== undefined ? dueRun(last, topology, now, false) : undefined
    if (due === undefined) this.#overdueSince = undefined
    else this.#overdueSince ??= clock.monotonic()
    const graceMs = topology.schedule.grace.total("milliseconds")
    if (due !== undefined && clock.monotonic() - (this.#overdueSince ?? 0) < graceMs) return
    const reason = (at: number) => `one was due ${formatWhen(at, now, timeZone)}`
    await cloud.watch.overdue(
      site,
      due === undefined ? undefined : { since: dayOf(due, timeZone), reason: reason(due) },
    )
  }
}

/** Who is told, and what it takes. */
export const toldBy = ({ site, folder, alerts }: Topology): Told => ({
  targets: alerts.to,
  smtp: alerts.smtp,
  site,
  folder,
})
