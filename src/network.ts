// A network from one topology: cloud, gateway, devices, all of them or the parts that this host plays (DESIGN.md §7).
import { type Clock, pause, type Random, systemClock } from "./clock"
import { Cloud } from "./cloud/cloud"
import type { CollectionReport } from "./cloud/receiver"
import { type Sockets, systemSockets } from "./coap/sockets"
import type { Uploaded } from "./device/device"
import { Fleet, type FleetRun } from "./device/fleet"
import { type ReadSurvey, readSurvey } from "./device/source"
import type { Forwarded } from "./gateway/forwarder"
import { Gateway } from "./gateway/gateway"
import { Heartbeat } from "./gateway/heartbeat"
import { type Log, silentLog } from "./log"
import { EVERYTHING, haveAddresses, isPlayed, ownAddresses, ownDevices, type Roles } from "./roles"
import type { LastRun } from "./schedule/due"
import { awaitedText, describeMissing, goneSources, type Summary } from "./summary"
import { addDays, type Day, dayBefore } from "./survey/calendar"
import type { Addressing } from "./topology/addressing"
import type { Device } from "./topology/devices"
import type { Topology } from "./topology/topology"

export type { CollectionReport } from "./cloud/receiver"
export type { Uploaded } from "./device/device"
export type { SurveySource } from "./device/source"
export type { Forwarded } from "./gateway/forwarder"
export type { Warning } from "./gateway/warnings"
export { EVERYTHING, type Roles } from "./roles"
export type { Missing, Summary } from "./summary"
export { loadTopology, TopologyError } from "./topology/load"
export type { Topology } from "./topology/topology"

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
  /** A person waits for something that depends on the topology: `update()` it as it is now. */
  readonly readTopology?: () => Promise<void>
  /** The disk failed: end the process, a new one resumes from what is on it. */
  readonly onFatal?: (error: unknown) => void
}

export interface CollectOptions {
  /** The instant that the schedule names, ms since the epoch; now, without it. The day before it is collected. */
  readonly scheduledAt?: number
  /** Keep looking for what is not there, and keep delivering, when the grace is over. */
  readonly patient?: boolean
  /** Without a gateway here: send only what the gateway says is owed. */
  readonly owedOnly?: boolean
  /** The clock was ahead for a while: the last days may have been sent before they were over, so they are sent again. */
  readonly isDoubtful?: boolean
}

const DOUBTFUL_DAYS = 7
const SHORTEST_DELIVERY_MS = 10_000 // what has arrived deserves a try, however long it took

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
      readSurvey: options.readSurvey ?? readSurvey,
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

  /** From the next collection on, these devices and this grace; what else the topology says needs a new start. */
  update(topology: Topology): void {
    this.#topology = topology
    this.#gateway?.declare(topology.devices)
  }

  /** Collects the day before, from every device to the cloud. One at a time: a second call waits for the first. */
  collect(options: CollectOptions = {}): Promise<Summary> {
    const turn = this.#collecting.then(() =>
      this.#gateway ? this.#collectWithHeartbeat(this.#gateway, options) : this.#upload(options),
    )
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
  async #collectWithHeartbeat(gateway: Gateway, options: CollectOptions): Promise<Summary> {
    const { scheduledAt = this.#clock.now() } = options
    const day = dayBefore(scheduledAt, this.#topology.timeZone)
    this.#heartbeat?.started(day)
    try {
      const summary = await this.#collect(gateway, day, scheduledAt, options)
      const { describe = () => "" } = this.#options
      if (!this.#stopping.signal.aborted) this.#heartbeat?.finished(day, summary.complete, describe(summary))
      return summary
    } catch (error) {
      this.#heartbeat?.finished(day, false, `The collection failed: ${error}`)
      throw error
    }
  }

  async #collect(gateway: Gateway, day: Day, scheduledAt: number, options: CollectOptions): Promise<Summary> {
    const { patient = false } = options
    const startedAt = this.#clock.now()
    const graceMs = this.#topology.schedule.grace.total("milliseconds")
    const refusedBefore = gateway.counts.refusedLines

    const collection = await gateway.open(day, scheduledAt)
    const run = this.#runDevices(day, options)
    // a device of ours that has nothing to send will not have it in a quarter of an hour; another one may
    const worthWaiting = () => patient || collection.missing().some((address) => !this.#isOwnAddress(address))
    const arrived = run.settled.then(() => {
      if (!worthWaiting()) return
      const missing = collection.missing()
      if (missing.length > 0) this.#log.info(awaitedText(missing, startedAt + graceMs, this.#topology.timeZone))
      return collection.complete
    })
    await this.#withinGrace(arrived)
    if (!patient) this.#fleet.stop("the grace is over")

    // a clock that is set meanwhile must not make it longer
    const leftMs = Math.min(graceMs, startedAt + graceMs - this.#clock.now())
    const forwarded = await this.#deliver(gateway, day, Math.max(SHORTEST_DELIVERY_MS, leftMs))
    await this.#cloud?.listed()
    const { missing, ...summary } = gateway.summary(collection)
    for (const text of goneSources(run.reasons, missing)) this.#log.warn(text)
    const refusedSurveys = forwarded?.refused ?? 0
    const delivered = forwarded !== undefined && forwarded.differing.length === 0 && refusedSurveys === 0
    return {
      day,
      ...summary,
      missing: describeMissing(missing, this.#topology.devices, run.reasons),
      stored: forwarded?.readings ?? 0,
      refusedLines: gateway.counts.refusedLines - refusedBefore,
      refusedSurveys,
      differing: forwarded?.differing ?? [],
      delivered,
      elapsedMs: this.#clock.now() - startedAt,
      complete: delivered && missing.length === 0,
    }
  }

  /** The part of a collection that a host with devices alone has in it. */
  async #upload(options: CollectOptions): Promise<Summary> {
    const { scheduledAt = this.#clock.now(), patient = false } = options
    const startedAt = this.#clock.now()
    const day = dayBefore(scheduledAt, this.#topology.timeZone)
    const run = this.#runDevices(day, options)
    const finished = await this.#withinGrace(run.settled.then(() => true))
    if (!patient) this.#fleet.stop("the grace is over")

    const arrived = new Set(run.uploads.map(({ device }) => device.address))
    const own = [...this.#ownDevices()]
    // what is not owed need not be sent, and what has no reason has been
    const isMissing = ({ address }: Device) => !arrived.has(address) && (!finished || run.reasons.has(address))
    const missing = own.filter(isMissing).map(({ address }) => address)
    return {
      day,
      expected: own.length,
      missing: describeMissing(missing, this.#topology.devices, run.reasons),
      readings: run.uploads.reduce((sum, { readings }) => sum + readings, 0),
      stored: 0,
      differing: [],
      refusedLines: run.uploads.reduce((sum, { refused }) => sum + refused, 0),
      refusedSurveys: 0,
      warnings: [],
      elapsedMs: this.#clock.now() - startedAt,
      complete: missing.length === 0,
    }
  }

  #ownDevices(): Iterable<Device> {
    return ownDevices(this.#topology, this.#roles)
  }

  #runDevices(day: Day, { patient = false, owedOnly = false, isDoubtful = false }: CollectOptions): FleetRun {
    const again = isDoubtful ? Array.from({ length: DOUBTFUL_DAYS }, (_, index) => addDays(day, -index - 1)) : []
    const options = { devices: this.#ownDevices(), topology: this.#topology, patient, owedOnly, again }
    return this.#fleet.run(day, { ...options, gatewayPort: this.ports.gateway })
  }

  /** Undefined when the grace, or the network, ends first. */
  async #withinGrace<T>(work: Promise<T>): Promise<T | undefined> {
    const done = new AbortController()
    const over = AbortSignal.any([this.#stopping.signal, done.signal])
    try {
      const graceMs = this.#topology.schedule.grace.total("milliseconds")
      return await Promise.race([work, pause(this.#clock, graceMs, over).then(() => undefined)])
    } finally {
      done.abort()
    }
  }

  /** Undefined when the cloud could not be reached in time: the gateway goes on trying. */
  async #deliver(gateway: Gateway, day: Day, withinMs: number): Promise<Forwarded | undefined> {
    const late = new AbortController()
    const cancel = this.#clock.after(withinMs, () => late.abort(new Error("the grace is over")))
    try {
      return await gateway.close(day, AbortSignal.any([late.signal, this.#stopping.signal]))
    } catch (error) {
      if (!late.signal.aborted && !this.#stopping.signal.aborted) throw error
      gateway.resume()
      return undefined
    } finally {
      cancel()
    }
  }

  #isOwnAddress(address: number): boolean {
    const device = this.#topology.devices.get(address)
    return device !== undefined && isPlayed(device, this.#roles)
  }
}
