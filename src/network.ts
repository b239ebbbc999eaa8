// A network from one topology: cloud, gateway, devices, all of them or the parts that this host plays.
import { randomBytes } from "node:crypto"
import { Heartbeat } from "./alerts/heartbeat"
import { type Clock, type Random, systemClock } from "./clock"
import { Cloud } from "./cloud/cloud"
import type { RandomBytes } from "./coap/oscore/challenges"
import { Fleet } from "./device/fleet"
import { type ReadSurvey, surveyReader } from "./device/source"
import { Gateway } from "./gateway/gateway"
import { KeyFolder } from "./keys/folder"
import { cutting, type Log, silentLog, sparing } from "./log"
import { type Sockets, systemSockets } from "./net/sockets"
import { Alerts, heartbeatUrl } from "./network/alerts"
import { Counts } from "./network/counts"
import { eventLog } from "./network/event-log"
import type { Listener } from "./network/events"
import { EVERYTHING, haveAddresses, isPlayedAddress, ownAddresses, type Roles } from "./network/roles"
import { type CollectOptions, Run } from "./network/run"
import type { Summary } from "./network/summary"
import type { LastRun } from "./schedule/due"
import { type Day, dayBefore } from "./survey/calendar"
import type { Addressing } from "./topology/addressing"
import type { Topology } from "./topology/topology"

export type { AlertEvent, AlertLine, AlertScript } from "./alerts/event"
export type { CollectionReport } from "./cloud/report"
export type { Uploaded } from "./device/events"
export type { SurveySource } from "./device/source"
export type { Forwarded } from "./gateway/events"
export type { Warning } from "./gateway/spool/warnings"
export type { Event, Listener } from "./network/events"
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
  /** Fit for keys. */
  readonly randomBytes?: RandomBytes
  /** The network and the survey files, where a simulation brings its own. */
  readonly sockets?: Sockets
  readonly readSurvey?: ReadSurvey
  readonly log?: Log
  /** Hears of all that happens. After `disk-failed` end the process: a new one resumes from what is on the disk. */
  readonly listener?: Listener
  /** The cloud's console: whole lines. Without it nothing is listed. */
  readonly print?: (lines: string) => void | Promise<void>
  /** A summary in words, for the heartbeat. */
  readonly describe?: (summary: Summary) => string
  /**
   * A person waits for something that depends on the topology: `update()` it as it is now. Resolves with what changed, in
   * words; rejects with a TopologyError where the file is not sound.
   */
  readonly readTopology?: () => Promise<string>
}

export class Network implements AsyncDisposable {
  readonly #options: NetworkOptions
  readonly #roles: Roles
  readonly #addressing: Addressing
  readonly #sockets: Sockets
  readonly #clock: Clock
  readonly #log: Log
  readonly #oscore: { readonly keys: KeyFolder; readonly randomBytes: RandomBytes }
  readonly #fleet: Fleet
  readonly #listeners: Listener[]
  readonly #counts = new Counts()
  readonly #complain: (text: string) => void
  readonly #stopping = new AbortController()
  #topology: Topology
  #cloud: Cloud | undefined
  #gateway: Gateway | undefined
  #heartbeat: Heartbeat | undefined
  #alerts: Alerts | undefined
  #collecting: Promise<unknown> = Promise.resolve()

  private constructor(topology: Topology, options: NetworkOptions, keys: KeyFolder) {
    const { clock = systemClock, random = Math.random, addressing = "simulated", listener = () => {} } = options
    const log = cutting(options.log ?? silentLog)
    this.#topology = topology
    this.#options = options
    this.#roles = options.roles ?? EVERYTHING
    this.#addressing = addressing
    this.#sockets = options.sockets ?? systemSockets
    this.#clock = clock
    this.#log = log
    this.#oscore = { keys, randomBytes: options.randomBytes ?? randomBytes }
    this.#fleet = new Fleet({
      addressing,
      sockets: this.#sockets,
      readSurvey: options.readSurvey ?? surveyReader(),
      clock,
      random,
      log,
      oscore: { keyOf: (address) => keys.keyOf(address), randomBytes: this.#oscore.randomBytes },
      emit: this.#emit,
    })
    this.#complain = sparing(log.error, clock.monotonic)
    this.#listeners = [
      eventLog({ log, clock, topology: () => this.#topology, addressing }),
      this.#counts.hear,
      listener,
    ]
  }

  /**
   * Starts what this process plays. Throws one clear line when a file, a port or an address cannot be had, and the
   * signal's reason when it ends the waiting for an address.
   */
  static async start(topology: Topology, options: NetworkOptions = {}): Promise<Network> {
    const { clock = systemClock, log = silentLog } = options
    const network = new Network(topology, options, KeyFolder.open(topology.folder, clock, log.warn))
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

  /** What the gateway has counted since its start, and how its runs went; undefined without one here. */
  get counts(): Readonly<Record<string, number>> | undefined {
    return this.#gateway && { ...this.#gateway.counts, ...this.#counts.all }
  }

  /** The earliest run that is to come again, as the clock was set back behind it, ms since the epoch. */
  get firstDoubtfulRun(): number | undefined {
    return this.#gateway?.ledger.firstDoubtful
  }

  /**
   * These devices may speak from now on, and those that are new are expected from the next collection on; whoever is gone or
   * paused sends no more, and a run under way does not wait for it. Its grace, its heartbeat and its alerts hold. What else the
   * topology says needs a new start.
   */
  update(topology: Topology): void {
    this.#topology = topology
    this.#fleet.keep((address) => isPlayedAddress(address, topology, this.#roles)) // before it would be refused
    this.#gateway?.declare(topology.devices)
    this.#cloud?.declare(topology)
    if (this.#heartbeat) this.#heartbeat.update(heartbeatUrl(topology, this.#log))
    this.#alerts?.update()
  }

  /** Collects the day before, from every device to the cloud. One at a time: a second call waits for the first. */
  collect(options: CollectOptions = {}): Promise<Summary> {
    const turn = this.#collecting.then(() => this.#collectNow(options))
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

  /**
   * Before a stop that can wait: what the last run is to be told of is told, or tried once, half a minute each at most.
   * Nothing is told behind it until the next start.
   */
  async finishTelling(): Promise<void> {
    await this.#alerts?.finish()
  }

  /** Stops devices, gateway, cloud. What is not delivered stays in the spool. May be called twice. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error("the network is stopping"))
    this.#fleet.stop("the network is stopping")
    await this.#collecting
    await Promise.all([this.#heartbeat?.stop(), this.#alerts?.stop(), this.#gateway?.stop()])
    await this.#cloud?.stop()
    this.#gateway = undefined
    this.#cloud = undefined
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  async #begin(): Promise<void> {
    const { random = Math.random, print = () => {}, patient = false, signal } = this.#options
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
      emit: this.#emit,
    }
    if (this.#roles.cloud) {
      this.#cloud = await Cloud.start({ ...shared, print, patient, signal })
      const { clock, log } = shared
      this.#alerts = new Alerts({ cloud: this.#cloud, topology: () => this.#topology, clock, random, log })
    }
    if (this.#roles.gateway) {
      const cloudPort = this.ports.cloud
      const { readTopology } = this.#options
      const { keys, randomBytes } = this.#oscore
      const policy = {
        epochOf: (address: number) => keys.epochOf(address),
        secretOf: (address: number, epoch: number) => keys.secretOf(address, epoch),
        areRequired: this.#topology.security === "required",
      }
      const oscore = { keys: policy, randomBytes }
      this.#gateway = await Gateway.start({ ...shared, readTopology, cloudPort, oscore })
      this.#gateway.resume()
      const url = heartbeatUrl(this.#topology, this.#log)
      this.#follow(new Heartbeat({ url, clock: this.#clock, random, log: this.#log }))
    }
  }

  readonly #emit: Listener = (event) => {
    for (const listener of this.#listeners) {
      try {
        listener(event)
      } catch (error) {
        this.#complain(`What listens to events failed, of which nothing else takes harm: ${error}`)
      }
    }
  }

  /** The monitor hears of each run's beginning and end; one that a stop cut short has none, its silence tells. */
  #follow(heartbeat: Heartbeat): void {
    const { describe = () => "" } = this.#options
    this.#heartbeat = heartbeat
    this.#listeners.push((event) => {
      if (event.kind === "run-started") heartbeat.started(event.day)
      if (event.kind === "run-failed") heartbeat.finished(event.day, false, `The collection failed: ${event.error}`)
      if (event.kind === "run-finished" && !event.isCutShort) {
        heartbeat.finished(event.day, event.summary.complete, describe(event.summary))
      }
    })
  }

  async #collectNow(options: CollectOptions): Promise<Summary> {
    const { scheduledAt = this.#clock.now(), owedOnly = false } = options
    const day = dayBefore(scheduledAt, this.#topology.timeZone)
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
    const run = new Run(parts, day, options)
    this.#emit({ kind: "run-started", day, owedOnly })
    try {
      const summary = await (this.#gateway ? run.collect(this.#gateway, scheduledAt) : run.upload())
      this.#emit({ kind: "run-finished", day, summary, isCutShort: this.#stopping.signal.aborted })
      return summary
    } catch (error) {
      this.#emit({ kind: "run-failed", day, error })
      throw error
    }
  }
}
