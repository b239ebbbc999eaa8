// One run through a network: the devices send, the gateway waits for whoever is missing, then it delivers.
import { type Clock, pause } from "../clock"
import type { Cloud } from "../cloud/cloud"
import type { Fleet, FleetRun } from "../device/fleet"
import type { Forwarded } from "../gateway/events"
import type { Gateway } from "../gateway/gateway"
import type { Log } from "../log"
import { addDays, type Day } from "../survey/calendar"
import type { Device } from "../topology/devices"
import type { Topology } from "../topology/topology"
import { isComplete } from "../verdict"
import { isPlayedAddress, ownDevices, type Roles } from "./roles"
import { awaitedText, changedSampleText, describeMissing, goneSources, type Summary } from "./summary"

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

/** What of the network takes part. */
interface RunParts {
  /** As it is now: it may change while a run lasts. */
  readonly topology: () => Topology
  readonly roles: Roles
  readonly fleet: Fleet
  readonly gatewayPort: number
  readonly cloud: Pick<Cloud, "listed"> | undefined
  readonly clock: Clock
  readonly log: Log
  readonly stopping: AbortSignal
}

const DOUBTFUL_DAYS = 7
const SHORTEST_DELIVERY_MS = 10_000 // what has arrived deserves a try, however long it took

export class Run {
  constructor(
    private readonly parts: RunParts,
    readonly day: Day,
    private readonly options: Omit<CollectOptions, "scheduledAt">,
  ) {}

  /** From every device to the cloud, with the gateway that is here. */
  async collect(gateway: Gateway, scheduledAt: number): Promise<Summary> {
    const { day } = this
    const { patient = false } = this.options
    const { clock, log, fleet, cloud } = this.parts
    const startedAt = clock.monotonic()
    const graceMs = this.#graceMs
    const graceEnd = clock.now() + graceMs
    const refusedBefore = gateway.counts.refusedLines

    const opened = this.#topology.devices
    const collection = await gateway.open(day, scheduledAt)
    const devices = this.#runDevices()
    // a device of ours that has nothing to send will not have it in a quarter of an hour; another one may
    const worthWaiting = () => patient || collection.missing().some((address) => !this.#isOwnAddress(address))
    const arrived = devices.settled.then(() => {
      if (!worthWaiting()) return
      const missing = collection.missing()
      if (missing.length > 0) log.info(awaitedText(missing, graceEnd, this.#topology.timeZone))
      return collection.complete
    })
    await this.#withinGrace(arrived)
    if (!patient) fleet.stop("the grace is over")

    const leftMs = startedAt + graceMs - clock.monotonic()
    const forwarded = await this.#deliver(gateway, Math.max(SHORTEST_DELIVERY_MS, leftMs))
    await cloud?.listed()
    const { missing, reasons: told, ...summary } = await gateway.summary(collection)
    for (const text of goneSources(devices.reasons, missing)) log.warn(text)
    if (this.#topology.sample && gateway.hasChanged(day)) log.warn(changedSampleText(this.#topology))
    const delivered = forwarded !== undefined && forwarded.differing.length === 0
    // what a device's host says of itself, and what only this host knows
    const reasons = new Map([...told, ...devices.reasons])
    return {
      day,
      ...summary,
      missing: describeMissing(missing, [this.#topology.devices, opened], reasons),
      stored: forwarded?.readings ?? 0,
      refusedLines: gateway.counts.refusedLines - refusedBefore,
      differing: forwarded?.differing ?? [],
      delivered,
      elapsedMs: clock.monotonic() - startedAt,
      complete: isComplete({ agreed: delivered, missing: missing.length, refused: summary.refusedSurveys }),
    }
  }

  /** The part that a host with devices alone has in it. */
  async upload(): Promise<Summary> {
    const { patient = false } = this.options
    const { clock, fleet } = this.parts
    const startedAt = clock.monotonic()
    const opened = [...this.#ownDevices()]
    const devices = this.#runDevices()
    const finished = await this.#withinGrace(devices.settled.then(() => true))
    if (!patient) fleet.stop("the grace is over")

    const arrived = new Set(devices.uploads.map(({ device }) => device.address))
    const own = opened.filter(({ address }) => arrived.has(address) || this.#isOwnAddress(address))
    // what is not owed need not be sent, and what has no reason has been
    const isMissing = ({ address }: Device) => !arrived.has(address) && (!finished || devices.reasons.has(address))
    const missing = own.filter(isMissing).map(({ address }) => address)
    return {
      day: this.day,
      expected: own.length,
      missing: describeMissing(missing, [this.#topology.devices], devices.reasons),
      readings: devices.uploads.reduce((sum, { readings }) => sum + readings, 0),
      stored: 0,
      differing: [],
      refusedLines: devices.uploads.reduce((sum, { refused }) => sum + refused, 0),
      refusedSurveys: 0,
      refusals: [],
      warnings: [],
      elapsedMs: clock.monotonic() - startedAt,
      complete: isComplete({ agreed: true, missing: missing.length, refused: 0 }),
    }
  }

  get #topology(): Topology {
    return this.parts.topology()
  }

  get #graceMs(): number {
    return this.#topology.schedule.grace.total("milliseconds")
  }

  #ownDevices(): Iterable<Device> {
    return ownDevices(this.#topology, this.parts.roles)
  }

  #runDevices(): FleetRun {
    const { fleet, gatewayPort } = this.parts
    const { patient = false, owedOnly = false, isDoubtful = false } = this.options
    const again = isDoubtful ? Array.from({ length: DOUBTFUL_DAYS }, (_, index) => addDays(this.day, -index - 1)) : []
    const options = { devices: this.#ownDevices(), topology: this.#topology, patient, owedOnly, again }
    return fleet.run(this.day, { ...options, gatewayPort })
  }

  /** Undefined when the grace, or the network, ends first. */
  async #withinGrace<T>(work: Promise<T>): Promise<T | undefined> {
    const done = new AbortController()
    const over = AbortSignal.any([this.parts.stopping, done.signal])
    try {
      return await Promise.race([work, pause(this.parts.clock, this.#graceMs, over).then(() => undefined)])
    } finally {
      done.abort()
    }
  }

  /** Undefined when the cloud could not be reached in time: the gateway goes on trying. */
  async #deliver(gateway: Gateway, withinMs: number): Promise<Forwarded | undefined> {
    const { clock, stopping } = this.parts
    const late = new AbortController()
    const cancel = clock.after(withinMs, () => late.abort(new Error("the grace is over")))
    try {
      return await gateway.close(this.day, AbortSignal.any([late.signal, stopping]))
    } catch (error) {
      if (!late.signal.aborted && !stopping.aborted) throw error
      gateway.resume()
      return undefined
    } finally {
      cancel()
    }
  }

  #isOwnAddress(address: number): boolean {
    return isPlayedAddress(address, this.#topology, this.parts.roles)
  }
}
