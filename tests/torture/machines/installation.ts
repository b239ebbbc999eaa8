// The machines of one course: a cloud, a gateway, a host whose devices have files, and sensors; what they say and hear goes
// to the oracle.
import type { Topology } from "../../../src/network"
import type { Day } from "../../../src/survey/calendar"
import { Machine, type MachineOptions } from "../calendar/machine"
import type { Engine } from "../engine"
import { DAY_MS, HOUR_MS, randomFor } from "../network/chance"
import { Lan } from "../network/datagrams"
import { Life } from "../network/life"
import { Wan } from "../network/streams"
import { World } from "../network/world"
import { Databases } from "./databases"
import { type Declared, topologyOf } from "./declaration"
import { Files } from "./files"
import { Front } from "./front"
import { Measurements } from "./measurements"
import { Oracle } from "./oracle"
import { Powers } from "./powers"
import { Sensors } from "./sensors"
import { readSpool } from "./spool"
import { Watcher } from "./watcher"

export interface InstallationOptions {
  readonly seed: number
  readonly folder: string
  /** Where the store is kept; in a file without it. */
  readonly engine?: Engine | undefined
  readonly devices: readonly Declared[]
  readonly retentionDays: number
  /** Of a device's day; a few, by chance, without it. */
  readonly readings?: number | undefined
  readonly startsAt: number
  /** Of runs, rising, ms since the epoch. */
  readonly instants: readonly number[]
  /** What happens and what the machines say, a line at a time, for whoever follows one course. */
  readonly tell?: ((line: string) => void) | undefined
}

export type End = "gateway" | "cloud"

const NOBODY = { cloud: false, gateway: false, devices: [] }
const EVERY_DEVICE = [{ first: 0, last: 0xffff_ffff }]

export class Installation {
  readonly world: World
  readonly lan: Lan
  readonly wan: Wan
  readonly measured: Measurements
  readonly oracle = new Oracle()
  readonly files: Files
  readonly front = new Front(() => this.gateway.lastRun ?? 0)
  readonly watcher: Watcher
  readonly powers: Powers
  readonly gateway: Machine
  readonly cloud: Machine
  readonly field: Machine
  readonly sensors: Sensors
  readonly databases = new Databases(this)
  /** The site's name and the devices that are gone, as each end's topology.yaml has them. */
  readonly names: Record<End, string> = { gateway: "greenhouse", cloud: "greenhouse" }
  readonly gone: Record<End, ReadonlySet<string>> = { gateway: new Set(), cloud: new Set() }
  isCalm = false
  /** Messages of strangers. */
  disturbed = 0
  readonly #read = new Map<string, string>()

  constructor(readonly options: InstallationOptions) {
    const { seed, folder, startsAt } = options
    const world = new World(startsAt)
    this.world = world
    this.files = new Files(folder, options.engine)
    this.lan = new Lan(world.clock, randomFor(seed, "datagrams"), {
      loss: 0,
      doubled: 0,
      delayMs: 5,
      stray: 0,
    })
    this.wan = new Wan(world.clock, randomFor(seed, "streams"), {
      delayMs: 5,
      refused: 0,
      dying: 0,
      damaged: 0,
    })
    this.measured = new Measurements(seed, () => Math.floor(world.clock.now()), options.readings)
    this.watcher = new Watcher(this)
    this.powers = new Powers(world)
    this.gateway = this.#machine("gateway", { ...NOBODY, gateway: true }, () => this.topology("gateway"), {
      onSummary: (summary) => this.watcher.summed(summary),
      onSaid: (text) => {
        this.tell(`gateway: ${text}`)
        if (text.startsWith("Dropped")) this.noteDrops()
      },
    })
    this.cloud = this.#machine("cloud", { ...NOBODY, cloud: true }, () => this.topology("cloud"), {
      onSaid: (text) => {
        this.tell(`cloud: ${text}`)
        if (text.includes(" has dropped ")) this.databases.told()
      },
    })
    // its topology.yaml is nobody's who renames the site or takes a device away
    const store = this.files.store.declared
    const topology = () => topologyOf(folder, { site: "greenhouse", store, ...options })
    this.field = this.#machine("field", { ...NOBODY, devices: EVERY_DEVICE }, topology)
    this.sensors = new Sensors(this)
  }

  get now(): number {
    return this.world.clock.now()
  }

  /** Addresses of all devices that were ever declared. */
  get ips(): string[] {
    return this.options.devices.map(({ ip }) => ip)
  }

  /** Does something at an instant, unless the calm at a course's end has come. */
  at(instant: number, work: () => void): void {
    this.world.clock.after(instant - this.now, () => {
      if (!this.isCalm) work()
    })
  }

  /** Somebody with a clock that is right. */
  person(name: string): Life {
    return new Life({
      name,
      world: this.world,
      skewMs: 0,
      random: randomFor(this.options.seed, name),
    })
  }

  tell(what: string): void {
    this.options.tell?.(`${new Date(this.now).toISOString()} ${what}`)
  }

  /** Does something with a machine's files while it is off, once others have done with it. */
  whileOff(machine: Machine, work: () => void, offMs?: number): void {
    this.powers.whileOff(machine, {
      off: () => this.tell(`${machine.name} is off`),
      work,
      ...(offMs && { offMs }),
    })
  }

  /** Reads from the spool what a person has just dropped. */
  noteDrops(): void {
    for (const dropped of readSpool(this.files.spool).dropped) this.watcher.noteDrop(dropped)
  }

  /** As this end has it now. */
  topology(end: End): Topology {
    const { folder, devices, retentionDays } = this.options
    const declared = devices.filter(({ ip }) => !this.gone[end].has(ip))
    return topologyOf(folder, {
      site: this.names[end],
      devices: declared,
      retentionDays,
      store: this.files.store.declared,
    })
  }

  #machine(
    name: string,
    roles: MachineOptions["roles"],
    topology: MachineOptions["topology"],
    heard: Partial<MachineOptions> = {},
  ): Machine {
    const { seed, startsAt, instants } = this.options
    return new Machine({
      name,
      roles,
      topology,
      world: this.world,
      lan: this.lan,
      wan: this.wan,
      field: { read: (ip, day) => this.#readFile(ip, day) },
      randomOf: (life) => randomFor(seed, `${name} ${life}`),
      earliestMs: startsAt - 100 * DAY_MS,
      nextRun: (instant) => instants.find((each) => each > instant) ?? instant + HOUR_MS,
      onRun() {},
      onSaid: (text) => this.tell(`${name}: ${text}`),
      onUploaded: ({ device: { ip }, day }) => this.oracle.acknowledged(ip, day, this.#read.get(`${ip} ${day}`) ?? ""),
      isPatient: false,
      ...heard,
    })
  }

  /** A device whose file holds one day has that of the day before, whatever day it is asked for. */
  #readFile(ip: string, day: string): Uint8Array {
    const { source } = this.options.devices.find((device) => device.ip === ip) ?? {}
    const text = this.measured.file(ip, source === "file" ? this.measured.yesterday : (day as Day))
    this.oracle.sent(ip, day as Day, text)
    this.#read.set(`${ip} ${day}`, text)
    return Buffer.from(text)
  }
}
