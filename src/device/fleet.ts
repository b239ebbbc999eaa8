// The devices that this process plays, run together: bounded in number, spread over time, each with its reason.
import { pause } from "../clock"
import { errorText } from "../format"
import type { Log } from "../log"
import type { Day } from "../survey/calendar"
import type { Device } from "../topology/devices"
import { CatchUp } from "./catch-up"
import { type DeviceRunOptions, runDevice } from "./device"
import type { DeviceEvent, Uploaded } from "./events"

export interface FleetOptions
  extends Pick<DeviceRunOptions, "addressing" | "sockets" | "readSurvey" | "clock" | "random" | "oscore"> {
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
  /** Whether a device still takes part: it may change meanwhile. */
  readonly kept: { isPlayed: (address: number) => boolean }
  /** What ends each device that is sending now, by address. */
  readonly active: Map<number, AbortController>
}

const DEVICES_AT_ONCE = 64
const LOOK_AGAIN_MS = 60_000

export class Fleet {
  #current: { readonly sending: Sending; readonly end: AbortController } | undefined
  readonly #toldAbsent = new Map<number, Day>()

  constructor(private readonly options: FleetOptions) {}

  /** Starts a day's uploads, and ends those of the day before that still try. */
  run(day: Day, options: FleetRunOptions): FleetRun {
    this.stop("the next run begins")
    const end = new AbortController()
    const catchUp = new CatchUp(this.#toldAbsent, this.options.clock, this.options.log)
    const sending: Sending = {
      ...this.options,
      ...options,
      day,
      reasons: new Map(),
      uploads: [],
      told: new Map(),
      catchUp,
      signal: end.signal,
      kept: { isPlayed: () => true },
      active: new Map(),
    }
    this.#current = { sending, end }
    return { settled: runAll(sending), reasons: sending.reasons, uploads: sending.uploads }
  }

  /** Of the run under way only these still take part: others give up, and are looked at again should they come back. */
  keep(isPlayed: (address: number) => boolean): void {
    if (!this.#current) return
    const { kept, reasons, active } = this.#current.sending
    kept.isPlayed = isPlayed
    for (const address of reasons.keys()) if (!isPlayed(address)) reasons.delete(address)
    for (const [address, own] of active) if (!isPlayed(address)) own.abort(new Error("it is sent for no more"))
  }

  /** Devices that are still trying give up. */
  stop(why: string): void {
    if (!this.#current) return
    const { sending, end } = this.#current
    const reason = new Error(why)
    end.abort(reason)
    for (const own of sending.active.values()) own.abort(reason)
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
  const { day, reasons, active, kept } = sending
  const { address } = device
  if (!kept.isPlayed(address)) return true
  const own = new AbortController()
  active.set(address, own)
  const emit = (event: DeviceEvent) => {
    if (kept.isPlayed(address)) hear(event, sending)
  }
  try {
    return await runDevice(day, { ...sending, device, emit }, own.signal)
  } catch (error) {
    if (!own.signal.aborted) reasons.set(address, errorText(error))
    return true
  } finally {
    active.delete(address)
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
