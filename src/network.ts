// A network from one topology: cloud, gateway, devices, all of them or the parts that this host plays.

import { Heartbeat } from "./alerts/heartbeat"
import { type Clock, type Random, systemClock } from "./clock"
import { Cloud } from "./cloud/cloud"
import type { CollectionReport } from "./cloud/report"
import type { Uploaded } from "./device/device"
import { Fleet } from "./device/fleet"
import { type ReadSurvey, surveyReader } from "./device/source/source"
import type { Forwarded } from "./gateway/delivery/forwarder"
import { Gateway } from "./gateway/gateway"
import { type Log, silentLog } from "./log"
import { type Sockets, systemSockets } from "./net/sockets"
import { EVERYTHING, haveAddresses, ownAddresses, type Roles } from "./network/roles"
import { type CollectOptions, Run } from "./network/run"
import type { Summary } from "./network/summary"
import type { LastRun } from "./schedule/due"
import { type Day, dayBefore } from "./survey/calendar"
import type { Addressing } from "./topology/addressing"
import type { Topology } from "./topology/topology"

export type { CollectionReport } from "./cloud/report"
export type { Uploaded } from "./device/device"
export type { SurveySource } from "./device/source/source"
export type { Forwarded } from "./gateway/delivery/forwarder"
export type { Warning } from "./gateway/spool/warnings"
export { EVERYTHING, type Roles } from "./network/roles"
export type { CollectOptions } from "./network/run"
export type { Missing, Summary } from "./network/summary"
export type { Topology } from "./topology/topology"
export { loadTopology, TopologyError } from "./topology/yaml/load"

export interface NetworkOptions {
  readonly roles?: Roles
  /** `declared` binds the topology's own addresses; without it they are simulated on this machine. */
  readonly addressing?: Addressing
  /** Wait for addresses that this machine does not have yet, instead of failing. */
  readonly patient?: boolean
  /** Ends the waiting. */
  readonly signal?: AbortSignal
  readonly clock?: Clock
  readonly random?: Random
  /** The network and the survey files, where a simulation brings its own. */
  readonly sockets?: Sockets
  readonly readSurvey?: ReadSurvey
  readonly log?: Log
  /** The cloud's console: whole lines. Without it nothing is listed. */
  readonly print?: (lines: string) => void | Promise<void>
  readonly onUploaded?: (upload: Uploaded) => void
  readonly onDelivered?: (forwarded: Forwarded) => void
  /** The cloud has agreed with a gateway about a day. */
  readonly onCollection?: (site: string, day: Day, report: CollectionReport) => void
  /** A summary in words, for the heartbeat. */
  readonly describe?: (summary: Summary) => string
  /**
   * A person waits for something that depends on the topology: `update()` it as it is now. Resolves with what changed, in
   * words; rejects with a TopologyError where the file is not sound.
   */
  readonly readTopology?: () => Promise<string>
  /** The disk failed: end the process, a new one resumes from what is on it. */
  readonly onFatal?: (error: unknown) => void
}

export class Network implements AsyncDisposable {
  readonly #options: NetworkOptions
  readonly #roles: Roles
  readonly #addressing: Addressing
  readonly #sockets: Sockets
  readonly #clock: Clock
  readonly #log: Log
  readonly #fleet: Fleet
  readonly #stopping = new AbortController()
  #topology: Topology
  #cloud: Cloud | undefined
  #gateway: Gateway | undefined
  #heartbeat: Heartbeat | undefined
  #collecting: Promise<unknown> = Promise.resolve()

  private constructor(topology: Topology, options: NetworkOptions) {
    const { clock = systemClock, log = silentLog, random = Math.random, addressing = "simulated", onUploaded } = options
    this.#topology = topology
    this.#options = options
    this.#roles = options.roles ?? EVERYTHING
    this.#addressing = addressing
    this.#sockets = options.sockets ?? systemSockets
    this.#clock = clock
    this.#log = log
    this.#fleet = new Fleet({
      addressing,
      sockets: this.#sockets,
      readSurvey: options.readSurvey ?? surveyReader(),
      clock,
      random,
      log,
      ...(onUploaded && { onUploaded }),
    })
  }

  /**
   * Starts what this process plays. Throws one clear line when a file, a port or an address cannot be had, and the
   * signal's reason when it ends the waiting for an address.
   */
  static async start(topology: Topology, options: NetworkOptions = {}): Promise<Network> {
    const network = new Network(topology, options)
    try {
      await network.#begin()
      return network
    } catch (error) {
      await network.stop()
      throw error
    }
  }

  /** Ports that are bound; those of parts that run elsewhere are the topology's. */
  get ports(): { readonly gateway: number; readonly cloud: number } {
    return {
      gateway: this.#gateway?.port ?? this.#topology.gateway.interfaces.devices.port,
      cloud: this.#cloud?.port ?? this.#topology.cloud.port,
    }
  }

  /** What the ledger says of the schedule; undefined before the first run, and without a gateway here. */
  get lastCollection(): LastRun | undefined {
    const { lastRun, lastRunDay } = this.#gateway?.ledger ?? {}
    return lastRun && lastRunDay && { scheduledAt: lastRun.scheduledAt, closed: lastRun.closed, upTo: lastRunDay }
  }

  /** The earliest run that is to come again, as the clock was set back behind it, ms since the epoch. */
  get firstDoubtfulRun(): number | undefined {
    return this.#gateway?.ledger.firstDoubtful
  }

  /** From the next collection on, these devices and this grace; what else the topology says needs a new start. */
  update(topology: Topology): void {
    this.#topology = topology
    this.#gateway?.declare(topology.devices)
  }

  /** Collects the day before, from every device to the cloud. One at a time: a second call waits for the first. */
  collect(options: CollectOptions = {}): Promise<Summary> {
    const turn = this.#collecting.then(() => {
      const { scheduledAt = this.#clock.now() } = options
      const run = this.#run(dayBefore(scheduledAt, this.#topology.timeZone), options)
      return this.#gateway ? this.#collectWithHeartbeat(run, this.#gateway, scheduledAt) : run.upload()
    })
    this.#collecting = turn.catch(() => {})
    return turn
  }

  /** Records runs that did not take place, by the instants that the schedule named, so that their days are owed. */
  async recordMissed(...scheduledAt: readonly number[]): Promise<void> {
    const { timeZone } = this.#topology
    await this.#gateway?.recordMissed(scheduledAt.map((at) => ({ day: dayBefore(at, timeZone), scheduledAt: at })))
  }

  /** The clock was set back to this instant: runs that are later are forgotten, and come again. Resolves with their days. */
  async setBack(now: number): Promise<readonly Day[]> {
    return (await this.#gateway?.setBack(now)) ?? []
  }

  /** Stops devices, gateway, cloud. What is not delivered stays in the spool. May be called twice. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error("the network is stopping"))
    this.#fleet.stop("the network is stopping")
    await this.#collecting
    await Promise.all([this.#heartbeat?.stop(), this.#gateway?.stop()])
    await this.#cloud?.stop()
    this.#gateway = undefined
    this.#cloud = undefined
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  async #begin(): Promise<void> {
    const { random = Math.random, print = () => {}, onDelivered, onCollection, onFatal = () => {} } = this.#options
    const { patient = false, signal } = this.#options
    const addresses = ownAddresses(this.#topology, this.#roles, this.#addressing)
    const onWaiting = (problem: Error) => this.#log.warn(`Waiting for its address: ${problem.message}`)
    await haveAddresses(
      addresses,
      this.#sockets.canBind,
      patient ? { clock: this.#clock, onWaiting, signal } : undefined,
    )
    const shared = {
      topology: this.#topology,
      addressing: this.#addressing,
      sockets: this.#sockets,
      clock: this.#clock,
      random,
      log: this.#log,
    }
    if (this.#roles.cloud) {
      this.#cloud = await Cloud.start({ ...shared, print, onFatal, ...(onCollection && { onCollection }) })
    }
    if (this.#roles.gateway) {
      const cloudPort = this.ports.cloud
      const { readTopology } = this.#options
      const told = { readTopology, onFatal, ...(onDelivered && { onDelivered }) }
      this.#gateway = await Gateway.start({ ...shared, ...told, cloudPort })
      this.#gateway.resume()
      const url = this.#topology.alerts.heartbeat
      if (url !== undefined) this.#heartbeat = new Heartbeat({ url, clock: this.#clock, random, log: this.#log })
    }
  }

  /** Tells the monitor of the beginning and of the end; a run that a stop cut short has none, its silence tells. */
  async #collectWithHeartbeat(run: Run, gateway: Gateway, scheduledAt: number): Promise<Summary> {
    const { day } = run
    this.#heartbeat?.started(day)
    try {
      const summary = await run.collect(gateway, scheduledAt)
      const { describe = () => "" } = this.#options
      if (!this.#stopping.signal.aborted) this.#heartbeat?.finished(day, summary.complete, describe(summary))
      return summary
    } catch (error) {
      this.#heartbeat?.finished(day, false, `The collection failed: ${error}`)
      throw error
    }
  }

  #run(day: Day, options: CollectOptions): Run {
    const parts = {
      topology: () => this.#topology,
      roles: this.#roles,
      fleet: this.#fleet,
      gatewayPort: this.ports.gateway,
      cloud: this.#cloud,
      clock: this.#clock,
      log: this.#log,
      stopping: this.#stopping.signal,
    }
    return new Run(parts, day, options)
  }
}
