// A machine that plays some roles of the network: it may be killed and started again at any moment.
import type { Random } from "../../../src/clock"
import type { Roles, Topology } from "../../../src/network"
import type { Engine } from "../engine"
import type { Lan } from "./datagrams"
import type { Fields } from "./fields"
import { Life } from "./life"
import { Programme } from "./programme"
import type { Wan } from "./streams"
import { describe, type World } from "./world"

/** What all machines of a simulation share. */
export interface Ground {
  readonly world: World
  readonly lan: Lan
  readonly wan: Wan
  readonly fields: Fields
  readonly topology: Topology
  /** Where the store is kept. */
  readonly engine: Engine
  /** The schedule's instants, rising, ms since the epoch. */
  readonly instants: readonly number[]
  /** Ports that port 0 stands for, by address. */
  readonly fixedPorts: ReadonlyMap<string, number>
  /** Days that a device's source goes back, by address; without it all. */
  readonly history: ReadonlyMap<string, number>
}

export interface HostOptions {
  readonly name: string
  readonly roles: Roles
  readonly ground: Ground
  /** Where it listens for TCP, if it does. */
  readonly address?: string
  readonly skewMs: number
  /** Randomness for its so-many-th life, from 1. */
  readonly randomOf: (life: number) => Random
}

export class Host {
  life: Life | undefined
  #lives = 0
  #programme: Programme | undefined

  constructor(private readonly options: HostOptions) {}

  get name(): string {
    return this.options.name
  }

  start(): void {
    if (this.life?.isAlive) return
    const { name, ground, skewMs, randomOf, address, roles } = this.options
    const { world, wan } = ground
    if (address) wan.dark.delete(address)
    const life = new Life({ name, world, skewMs, random: randomOf(++this.#lives) })
    this.life = life
    this.#programme = new Programme(life, roles, ground)
    this.#ask("start", (programme) => programme.start())
  }

  /** @param silently its machine lost its power: its peers hear nothing */
  kill(silently: boolean): void {
    const { address, ground } = this.options
    if (address && silently) ground.wan.dark.add(address)
    this.life?.kill(silently)
  }

  /** Somebody lets the devices send the last run's day again. */
  collectAgain(scheduledAt: number): void {
    this.#ask("collect again", (programme) => programme.collect(scheduledAt))
  }

  /** In order, as on SIGTERM. `stopped` is called when all has been released. */
  stop(stopped: () => void): void {
    this.#ask("stop", (programme) => programme.stop().then(stopped))
  }

  #ask(what: string, work: (programme: Programme) => Promise<void>): void {
    const { life } = this
    const programme = this.#programme
    if (!programme) return
    life?.perform(() => void work(programme).catch((error) => life.fail(`cannot ${what}: ${describe(error)}`)))
  }
}
