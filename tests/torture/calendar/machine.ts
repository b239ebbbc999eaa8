// A machine that plays some roles of the network, as `start` does: its power may fail at any moment, and its clock be wrong.
import type { Clock, Random } from "../../../src/clock"
import type { ControlRequest } from "../../../src/gateway/control/request"
import type { Log } from "../../../src/log"
import type { UnixAnswer, UnixOptions } from "../../../src/net/unix"
import { Network, type Roles, type Summary, type Topology, type Uploaded } from "../../../src/network"
import { Schedule } from "../../../src/schedule/schedule"
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../network/chance"
import type { Lan } from "../network/datagrams"
import { Life } from "../network/life"
import type { Wan } from "../network/streams"
import { describe, type World } from "../network/world"
import type { Field } from "./field"

export interface MachineOptions {
  readonly name: string
  readonly roles: Roles
  readonly world: World
  readonly lan: Lan
  readonly wan: Wan
  readonly field: Pick<Field, "read">
  readonly randomOf: (life: number) => Random
  /** Before this its clock cannot be right. */
  readonly earliestMs: number
  readonly topology: () => Topology
  /** The next run by the oracle, after an instant of the machine's clock. */
  readonly nextRun: (instant: number) => number
  readonly onRun: (scheduledAt: number) => void
  readonly onUploaded: (upload: Uploaded) => void
  /** A run is over; not told of a process that died meanwhile. */
  readonly onSummary?: (summary: Summary) => void | Promise<void>
  /** Whether devices look every minute for what is not there; without it they do. */
  readonly isPatient?: boolean
  /** A line of the log that a person would see. */
  readonly onSaid: (text: string) => void
}

const LONGEST_LOOK_MS = 6 * HOUR_MS // between two runs a look finds nothing
const WATCHFUL_MS = 3 * MINUTE_MS

/** One run of its process. */
class Running extends Life {
  aheadMs = 0
  earliestMs = Number.NEGATIVE_INFINITY
  override readonly now = (): number => Math.floor(this.world.clock.now() + this.aheadMs)
}

export class Machine {
  #life: Running | undefined
  #network: Network | undefined
  #schedule: Schedule | undefined
  #answer: UnixOptions["answer"] | undefined
  #lives = 0
  #aheadMs = 0
  #watchfulUntil = 0

  constructor(private readonly options: MachineOptions) {}

  get name(): string {
    return this.options.name
  }

  get isUp(): boolean {
    return this.#life?.isAlive === true
  }

  /** What its clock shows. */
  get now(): number {
    return Math.floor(this.options.world.clock.now() + this.#aheadMs)
  }

  /** The last run that its ledger knows, by its instant; undefined where it has none. */
  get lastRun(): number | undefined {
    return this.#network?.lastCollection?.scheduledAt
  }

  powerOn(): void {
    if (this.isUp) return
    const { name, world, randomOf, earliestMs } = this.options
    const life = new Running({
      name,
      world,
      skewMs: 0,
      random: randomOf(++this.#lives),
    })
    life.aheadMs = this.#aheadMs
    life.earliestMs = earliestMs
    this.#life = life
    this.#watch()
    const failed = (error: unknown) => life.isAlive && world.fail(`${name} does not start: ${describe(error)}`)
    life.perform(() => void this.#begin(life).catch(failed))
  }

  powerOff(): void {
    this.#life?.kill(true)
    this.#network = undefined
    this.#schedule = undefined
    this.#answer = undefined
  }

  /** As a person asks a gateway that is up, at its socket. */
  ask(request: ControlRequest): void {
    const life = this.#life
    const answered = ({ status, text }: UnixAnswer) => status === 200 || this.#fail(`was asked in vain: ${text}`)
    const failed = (error: unknown) => life?.isAlive && this.#fail(`cannot be asked: ${describe(error)}`)
    life?.perform(() => {
      if (this.#answer) void this.#answer(JSON.stringify(request)).then(answered).catch(failed)
      else failed("nobody listens")
    })
  }

  /** Somebody lets its devices send the day before this instant again. */
  collectAgain(scheduledAt: number): void {
    const life = this.#life
    if (!life) return
    const failed = (error: unknown) => life.isAlive && this.#fail(`cannot collect again: ${describe(error)}`)
    life.perform(() => void this.#network?.collect({ scheduledAt }).catch(failed))
  }

  setClock(aheadMs: number): void {
    this.#aheadMs = aheadMs
    if (this.#life) this.#life.aheadMs = aheadMs
    this.#watch()
    // the look that was to come within the minute
    this.#life?.after(MINUTE_MS / 2, () => this.#schedule?.look())
  }

  async #begin(life: Running): Promise<void> {
    const { options } = this
    const { roles, lan, wan, field } = options
    const network = await Network.start(options.topology(), {
      roles,
      addressing: "declared",
      clock: life,
      random: life.random,
      sockets: {
        openUdp: async (udp) => lan.open(life, udp),
        listenTcp: (tcp) => wan.listen(life, tcp),
        connectTcp: (tcp) => wan.connect(life, tcp),
        listenUnix: ({ answer }) => {
          if (life.isAlive) this.#answer = answer
          return { stop: async () => {} }
        },
        canBind: async () => undefined,
      },
      readSurvey: async ({ device: { ip }, day }) => ({
        bytes: field.read(ip, day),
      }),
      log: this.#log(life),
      listener: (event) => {
        if (life.isAlive && event.kind === "uploaded") options.onUploaded(event)
        if (life.isAlive && event.kind === "disk-failed") this.#fail(`the disk failed: ${describe(event.error)}`)
      },
    })
    if (!life.isAlive) return
    this.#network = network
    if (roles.gateway || roles.devices.length > 0) this.#follow(network, life)
  }

  /** What `start` does on a schedule, without its screen. */
  #follow(network: Network, life: Running): void {
    const { topology, roles, isPatient = true, onSummary } = this.options
    const { schedule: times, gateway, timeZone } = topology()
    const schedule = new Schedule({
      cron: times.cron,
      timeZone,
      catchUpMs: gateway.retention.total("milliseconds"),
      lookBackMs: roles.gateway ? times.grace.total("milliseconds") : 0,
      clock: this.#lookingClock(life),
      lastRun: () => network.lastCollection,
      firstDoubtful: () => network.firstDoubtfulRun,
      run: async (scheduledAt, missed, isDoubtful) => {
        this.options.onRun(scheduledAt)
        await network.recordMissed(...missed)
        const summary = await network.collect({
          scheduledAt,
          patient: isPatient,
          isDoubtful,
        })
        if (life.isAlive) await onSummary?.(summary)
        this.#watch()
      },
      onSetBack: async (now) => void (await network.setBack(now)),
      onWrongClock: (now) => this.options.onSaid(now === undefined ? "the clock is set" : "the clock is wrong"),
      onError: (error) => life.isAlive && this.#fail(`a collection failed: ${describe(error)}`),
    })
    this.#schedule = schedule
    schedule.start()
  }

  /** Looks that would find nothing are left out: a year has half a million of them. */
  #lookingClock(life: Running): Clock {
    const { world, nextRun } = this.options
    return {
      now: life.now,
      monotonic: life.monotonic,
      earliestMs: life.earliestMs,
      after: (delayMs, look) => {
        const untilRunMs = Math.min(LONGEST_LOOK_MS, nextRun(life.now()) - life.now())
        const isIdle = world.clock.now() > this.#watchfulUntil
        return life.after(isIdle ? Math.max(delayMs, untilRunMs) : delayMs, look)
      },
    }
  }

  #watch(): void {
    this.#watchfulUntil = this.options.world.clock.now() + WATCHFUL_MS
  }

  #log(life: Running): Log {
    const say = (text: string) => life.isAlive && this.options.onSaid(text)
    return {
      debug() {},
      info: say,
      warn: say,
      error: (text) => life.isAlive && this.#fail(`an error was logged: ${text}`),
    }
  }

  #fail(what: string): void {
    this.options.world.fail(`${this.options.name}: ${what}`)
  }
}

/** Until then, from 1970 on, a machine without a battery. */
export const lostClock = (trueNow: number): number => DAY_MS / 24 - trueNow
