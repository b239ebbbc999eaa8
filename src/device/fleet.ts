// The devices that this process plays, run together: bounded in number, spread over time, each with its reason.
import { pause } from "../clock"
import type { Log } from "../log"
import type { Day } from "../survey/calendar"
import type { Device } from "../topology/devices"
import { CatchUp } from "./catch-up"
import { type DeviceRunOptions, runDevice } from "./device"
import type { DeviceEvent, Uploaded } from "./events"

export interface FleetOptions
  extends Pick<DeviceRunOptions, "addressing" | "sockets" | "readSurvey" | "clock" | "random"> {
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

export interface FleetRunOptions extends Pick<DeviceRunOptions, "topology" | "gatewayPort" | "owedOnly" | "again"> {
  readonly devices: Iterable<Device>
  /** Keep looking every minute for a survey that is not there. */
  readonly patient: boolean
}

/** A run under way. */
interface Sending extends FleetOptions, FleetRunOptions {
  readonly day: Day
  readonly reasons: Map<number, string>
  readonly uploads: Uploaded[]
  readonly told: Map<string, string>
  readonly catchUp: CatchUp
  readonly signal: AbortSignal
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
    const { signal } = (this.#current = new AbortController())
    const catchUp = new CatchUp(this.#toldAbsent, this.options.clock, this.options.log)
    const progress = { day, reasons: new Map(), uploads: [], told: new Map(), catchUp, signal }
    return { ...progress, settled: runAll({ ...this.options, ...options, ...progress }) }
  }

  /** Devices that are still trying give up. */
  stop(why: string): void {
    this.#current?.abort(new Error(why))
  }
}

/** Resolves after the first pass; whoever was missing is looked at again behind it. */
async function runAll(sending: Sending): Promise<void> {
  const { schedule, devices } = sending.topology
  const gapMs = schedule.spread.total("milliseconds") / devices.size
  // its place among all devices, also where each has a host of its own
  const waitMs = ({ address }: Device) => (gapMs > 0 ? gapMs * devices.placeOf(address) : 0)
  const missing = await pass(sending.devices, waitMs, sending)
  sending.catchUp.finish()
  if (sending.patient) lookAgain(missing, { ...sending, again: [] })
}

async function lookAgain(missing: readonly Device[], sending: Sending): Promise<void> {
  for (let left = missing; left.length > 0; ) {
    await pause(sending.clock, LOOK_AGAIN_MS, sending.signal)
    if (sending.signal.aborted) return
    left = await pass(left, () => 0, sending)
  }
}

/** Every device once; resolves with those whose survey was missing. */
async function pass(
  devices: Iterable<Device>,
  waitMsOf: (device: Device) => number,
  sending: Sending,
): Promise<Device[]> {
  const { clock, signal } = sending
  const startedAt = clock.monotonic()
  const missing: Device[] = []
  const queue = Iterator.from(devices)
  let isEmpty = false
  const work = async () => {
    for (const device of queue) {
      const waitMs = startedAt + waitMsOf(device) - clock.monotonic()
      if (waitMs > 0) await pause(clock, waitMs, signal)
      if (signal.aborted) return
      if (await runOne(device, sending)) missing.push(device)
    }
    isEmpty = true
  }
  const workers: Promise<void>[] = []
  while (!isEmpty && workers.length < DEVICES_AT_ONCE) workers.push(work())
  await Promise.all(workers)
  return missing
}

/** Resolves with whether its survey was missing. */
async function runOne(device: Device, sending: Sending): Promise<boolean> {
  const { day, reasons, signal } = sending
  try {
    return await runDevice(day, { ...sending, device, emit: (event) => hear(event, sending) }, signal)
  } catch (error) {
    if (!signal.aborted) reasons.set(device.address, error instanceof Error ? error.message : String(error))
    return true
  }
}

/** Keeps account of the run, and passes on what is new. */
function hear(event: DeviceEvent, { day, reasons, uploads, catchUp, emit }: Sending): void {
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
  emit(event)
}
