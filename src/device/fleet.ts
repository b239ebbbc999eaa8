// The devices that this process plays, run together: bounded in number, spread over time, each with its reason.
import { type Clock, pause, type Random } from "../clock"
import type { Log } from "../log"
import type { Sockets } from "../net/sockets"
import type { Day } from "../survey/calendar"
import { type Addressing, bindAddress } from "../topology/addressing"
import type { Device } from "../topology/devices"
import type { Topology } from "../topology/topology"
import { CatchUp } from "./catch-up"
import { runDevice } from "./device"
import type { DeviceEvent, Uploaded } from "./events"
import { ReasonsTold } from "./reasons-told"
import type { ReadSurvey } from "./source"

export interface FleetOptions {
  readonly addressing: Addressing
  readonly sockets: Sockets
  readonly readSurvey: ReadSurvey
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly emit: (event: DeviceEvent) => void
}

/** One run of the fleet. */
export interface FleetRun {
  /** Resolves when every device has sent what it has or given up. */
  readonly settled: Promise<void>
  /** Why a device's survey of the day has not been sent, by address. */
  readonly reasons: ReadonlyMap<number, string>
  /** Surveys of the day that have arrived. */
  readonly uploads: readonly Uploaded[]
}

export interface FleetRunOptions {
  readonly devices: Iterable<Device>
  readonly topology: Topology
  readonly gatewayPort: number
  /** Keep looking every minute for a survey that is not there. */
  readonly patient: boolean
  /** Send only what the gateway says is owed. */
  readonly owedOnly: boolean
  /** Days that are sent again by devices whose source still has them. */
  readonly again: readonly Day[]
}

interface Progress {
  readonly reasons: Map<number, string>
  readonly uploads: Uploaded[]
  readonly catchUp: CatchUp
  readonly told: ReasonsTold
}

const DEVICES_AT_ONCE = 64
const LOOK_AGAIN_MS = 60_000

export class Fleet {
  #current: AbortController | undefined
  readonly #toldAbsent = new Map<number, Day>()

  constructor(private readonly options: FleetOptions) {}

  /** Starts a day's uploads, and ends those of the day before that still try. */
  run(day: Day, options: FleetRunOptions): FleetRun {
    this.stop("the next run begins")
    const current = new AbortController()
    this.#current = current
    const { clock, log } = this.options
    const catchUp = new CatchUp(this.#toldAbsent, clock, log)
    const progress: Progress = { reasons: new Map(), uploads: [], catchUp, told: new ReasonsTold() }
    return { ...progress, settled: this.#runAll(day, options, progress, current.signal) }
  }

  /** Devices that are still trying give up. */
  stop(why: string): void {
    this.#current?.abort(new Error(why))
  }

  /** Resolves after the first pass; whoever was missing is looked at again behind it. */
  async #runAll(day: Day, options: FleetRunOptions, progress: Progress, signal: AbortSignal): Promise<void> {
    const { schedule, devices } = options.topology
    const gapMs = schedule.spread.total("milliseconds") / devices.size
    // its place among all devices, also where each has a host of its own
    const waitMs = ({ address }: Device) => (gapMs > 0 ? gapMs * devices.placeOf(address) : 0)
    const missing = await this.#pass(day, options.devices, waitMs, options, progress, signal)
    progress.catchUp.finish()
    if (options.patient) this.#lookAgain(day, missing, { ...options, again: [] }, progress, signal)
  }

  async #lookAgain(
    day: Day,
    missing: readonly Device[],
    options: FleetRunOptions,
    progress: Progress,
    signal: AbortSignal,
  ): Promise<void> {
    for (let left = missing; left.length > 0; ) {
      await pause(this.options.clock, LOOK_AGAIN_MS, signal)
      if (signal.aborted) return
      left = await this.#pass(day, left, () => 0, options, progress, signal)
    }
  }

  /** Every device once; resolves with those whose survey was missing. */
  async #pass(
    day: Day,
    devices: Iterable<Device>,
    waitMsOf: (device: Device) => number,
    options: FleetRunOptions,
    progress: Progress,
    signal: AbortSignal,
  ): Promise<Device[]> {
    const { clock } = this.options
    const startedAt = clock.monotonic()
    const missing: Device[] = []
    const queue = Iterator.from(devices)
    let isEmpty = false
    const work = async () => {
      for (const device of queue) {
        const waitMs = startedAt + waitMsOf(device) - clock.monotonic()
        if (waitMs > 0) await pause(clock, waitMs, signal)
        if (signal.aborted) return
        if (await this.#runOne(day, device, options, progress, signal)) missing.push(device)
      }
      isEmpty = true
    }
    const workers: Promise<void>[] = []
    while (!isEmpty && workers.length < DEVICES_AT_ONCE) workers.push(work())
    await Promise.all(workers)
    return missing
  }

  async #runOne(
    day: Day,
    device: Device,
    { topology, gatewayPort, owedOnly, again }: FleetRunOptions,
    progress: Progress,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { addressing, sockets, readSurvey, clock, random } = this.options
    const { folder, timeZone, gateway, transmission } = topology
    const { ackTimeout, maxRetransmit } = transmission
    try {
      return await runDevice(
        day,
        {
          device,
          survey: device.survey ?? "",
          address: bindAddress(device.ip, addressing),
          gateway: { address: bindAddress(gateway.interfaces.devices.address.ip, addressing), port: gatewayPort },
          sockets,
          readSurvey,
          folder,
          timeZone,
          sample: topology.sample,
          limitBytes: topology.limits.survey,
          transmission: { ackTimeoutMs: ackTimeout.total("milliseconds"), maxRetransmit },
          clock,
          random,
          owedOnly,
          again,
          told: progress.told,
          emit: (event) => this.#hear(event, day, progress),
        },
        signal,
      )
    } catch (error) {
      if (!signal.aborted) progress.reasons.set(device.address, error instanceof Error ? error.message : String(error))
      return true
    }
  }

  /** Keeps account of the run, and passes on what is new. */
  #hear(event: DeviceEvent, day: Day, { reasons, uploads, catchUp }: Progress): void {
    const { device } = event
    switch (event.kind) {
      case "uploaded":
        if (event.day === day) {
          reasons.delete(device.address)
          uploads.push(event)
        } else catchUp.sent(event)
        break
      case "not-sent":
        // the catch-up names older days together, and a patient run finds the same every minute
        if (event.day !== day) return catchUp.absent(device, event.day, event.reason)
        if (reasons.get(device.address) === event.reason) return
        reasons.set(device.address, event.reason)
        break
      case "postponed":
        reasons.set(device.address, event.reason)
    }
    this.options.emit(event)
  }
}
