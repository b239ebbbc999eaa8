// `bun run start`: the whole network simulated on this machine, or the parts that this host plays; on schedule or once.
import { type Clock, isWrong, pause, systemClock } from "../../clock"
import { formatWait, formatWhen } from "../../format"
import { EVERYTHING, Network, type Roles, type Topology } from "../../network"
import type { Page } from "../../page/page"
import { Schedule } from "../../schedule/schedule"
import { bindsWholeLoopback } from "../../topology/addressing"
import { formatProblem } from "../../topology/yaml/problem"
import { COMMON_OPTIONS, type Values } from "../arguments"
import { checkRoles, readRoles, withAddresses } from "../roles"
import { createScreen, type Screen } from "../screen"
import { listenForHangUp } from "./hang-up"
import { isNews, startPage } from "./page"
import { bannerOf, stoppedText } from "./report"
import { missedText, rightClockText, setBackText, tooOldText, wrongClockText } from "./schedule-text"
import { listenForSignals } from "./signals"
import { TopologyFile } from "./topology-file"
import { CollectionView } from "./view"

export const name = "start"
export const summary =
  "The network on its schedule until it is stopped: all of it simulated here, or the roles that are named."
export const positionals = "[cloud] [gateway] [device ADDRESS|NAME…]"
export const options = {
  once: { type: "boolean", help: "one collection now; exit 0 if every device was delivered, 1 if not" },
  loopback: { type: "boolean", help: "a named role on this machine's simulated addresses, for a trial" },
  ...COMMON_OPTIONS,
} as const

const STOP_WITHIN_MS = 1800

export async function run(values: Values<typeof options>, words: readonly string[]): Promise<number> {
  const screen = createScreen(values)
  const file = await TopologyFile.open(values.topology ?? "topology.yaml", screen)
  const { topology } = file
  screen.tellTimesIn(topology.timeZone)
  const named = readRoles(withAddresses(words, topology))
  const roles = named ?? EVERYTHING
  checkRoles(roles, topology)
  const addressing = named && !values.loopback ? "declared" : "simulated"
  for (const warning of topology.warnings) screen.warn(...formatProblem(warning, screen.width).split("\n"))
  for (const line of bannerOf(topology, named, addressing)) screen.plain(line)
  if (addressing === "simulated" && !bindsWholeLoopback()) screen.info("This system lends all of them 127.0.0.1.")

  const signals = listenForSignals()
  const view = new CollectionView(screen, topology, roles)
  const failed = Promise.withResolvers<never>()
  failed.promise.catch(() => {}) // while the network starts, its own error tells
  let page: Page | undefined
  const starting = Network.start(topology, {
    roles,
    addressing,
    patient: !values.once,
    signal: signals.asked,
    log: screen,
    print: screen.print,
    listener: (event) => {
      if (event.kind === "disk-failed") failed.reject(event.error)
      view.hear(event)
      if (isNews(event)) page?.changed()
    },
    describe: view.describe,
    readTopology: () => file.read(),
  })
  const network = await starting.catch((error) => {
    if (signals.asked.aborted) return undefined
    throw error
  })
  const tellStopped = () => {
    screen.plain() // below the ^C that the terminal shows
    screen.plain(stoppedText(roles, topology))
  }
  if (!network) {
    tellStopped()
    return values.once ? 1 : 0
  }
  const running = new Running(network, file, roles, screen, view, signals.asked)
  if (!values.once) page = await startPage(topology, roles, network, screen)
  file.follow((topology) => {
    running.update(topology)
    page?.changed()
  })
  listenForHangUp(() => void file.look())
  try {
    return await Promise.race([failed.promise, values.once ? running.once() : running.onSchedule()])
  } finally {
    file.stop()
    page?.stop()
    await Promise.race([network.stop(), pause(systemClock, STOP_WITHIN_MS), signals.insisted])
    if (signals.asked.aborted) tellStopped()
    signals.release()
  }
}

/** A network that runs until its work is done or somebody asks it to end; resolves with the exit code. */
class Running {
  readonly #clock: Clock = systemClock
  #schedule: Schedule | undefined

  constructor(
    private readonly network: Network,
    private readonly file: TopologyFile,
    private readonly roles: Roles,
    private readonly screen: Screen,
    private readonly view: CollectionView,
    private readonly asked: AbortSignal,
  ) {}

  /** 0 only when the collection was complete: one that is cut short is not. */
  async once(): Promise<number> {
    const stopped = untilAborted(this.asked).then(() => false)
    const work = this.#plays ? this.#collectOnce() : this.#receiveOnce()
    const isComplete = await Promise.race([work, stopped])
    // with the next process, perhaps tomorrow, it would be late
    await Promise.race([this.network.finishTelling(), stopped])
    return isComplete ? 0 : 1
  }

  async onSchedule(): Promise<number> {
    this.file.start(this.#clock)
    if (!this.#plays) {
      this.screen.plain("Waiting for the gateway.")
      await untilAborted(this.asked)
      return 0
    }
    const { gateway } = this.roles
    const schedule = new Schedule({
      ...this.#times,
      clock: this.#clock,
      // a gateway that starts within the grace would still be collecting, had it been there
      lookBackMs: gateway ? this.#topology.schedule.grace.total("milliseconds") : 0,
      lastRun: () => this.network.lastCollection,
      firstDoubtful: () => this.network.firstDoubtfulRun,
      run: (scheduledAt, missed, isDoubtful) => this.#runScheduled(schedule, scheduledAt, missed, isDoubtful),
      onSetBack: (now) => this.#setBack(now),
      onWrongClock: (now) => this.#tellWrongClock(now),
      onError: (error) => this.screen.error(`The collection failed, the next one comes all the same: ${error}`),
    })
    this.#schedule = schedule
    // without a ledger of our own, the gateway's tells what was missed
    if (!gateway && !isWrong(this.#clock)) this.#sendWhatIsOwed(schedule.previous)
    schedule.start()
    if (schedule.isIdle && !isWrong(this.#clock)) this.#announce(schedule)
    try {
      await untilAborted(this.asked)
      return 0
    } finally {
      schedule.stop()
    }
  }

  get #topology(): Topology {
    return this.file.topology
  }

  /** Whether this process has a part in collections, or is the cloud alone. */
  get #plays(): boolean {
    return this.roles.gateway || this.roles.devices.length > 0
  }

  get #times() {
    const { schedule, timeZone, gateway } = this.#topology
    return { cron: schedule.cron, timeZone, catchUpMs: gateway.retention.total({ unit: "milliseconds" }) }
  }

  async #collectOnce(): Promise<boolean> {
    const now = this.#clock.now()
    if (isWrong(this.#clock)) {
      this.#tellWrongClock(now)
      return false
    }
    const { complete } = await this.network.collect()
    if (!this.asked.aborted) this.view.hints()
    return complete
  }

  /** The cloud alone: one collection of any gateway, or the grace. */
  async #receiveOnce(): Promise<boolean> {
    const graceMs = this.#topology.schedule.grace.total("milliseconds")
    return (await Promise.race([this.view.nextCollection, pause(this.#clock, graceMs, this.asked)])) ?? false
  }

  async #runScheduled(
    schedule: Schedule,
    scheduledAt: number,
    missed: readonly number[],
    isDoubtful: boolean,
  ): Promise<void> {
    await this.file.apply()
    this.#tellMissed(scheduledAt, missed)
    await this.network.recordMissed(...missed)
    await this.network.collect({ scheduledAt, patient: true, isDoubtful })
    this.#announce(schedule)
  }

  /** Beside the schedule: a run that becomes due meanwhile waits for it. */
  #sendWhatIsOwed(scheduledAt: number): void {
    this.network
      .collect({ scheduledAt, patient: true, owedOnly: true })
      .catch((error) => this.screen.error(`The owed days were not sent: ${error}`))
  }

  #tellMissed(scheduledAt: number, missed: readonly number[]): void {
    const last = this.network.lastCollection?.scheduledAt
    if (last === undefined) return
    const runs = { last, missed, scheduledAt, now: this.#clock.now() }
    const [tooOld, madeUpFor] = [tooOldText(runs, this.#topology), missedText(runs, this.#topology)]
    if (tooOld) this.screen.warn(tooOld)
    if (madeUpFor) this.screen.info(madeUpFor)
  }

  async #setBack(now: number): Promise<void> {
    this.screen.warn(setBackText(now, await this.network.setBack(now), this.#topology))
  }

  #tellWrongClock(now: number | undefined): void {
    if (now === undefined) this.screen.info(rightClockText(this.#clock.now(), this.#topology))
    else this.screen.error(wrongClockText(now, this.#topology))
  }

  /** Goes on with another topology. */
  update(topology: Topology): void {
    this.network.update(topology)
    this.view.update(topology)
    const schedule = this.#schedule
    if (!schedule?.update(this.#times)) return
    schedule.look() // its time may have come
    if (schedule.isIdle) this.#announce(schedule)
  }

  #announce(schedule: Schedule): void {
    const now = this.#clock.now()
    const { next } = schedule
    this.screen.plain(`Next upload ${formatWhen(next, now, this.#topology.timeZone)}, in ${formatWait(next - now)}`)
  }
}

const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener("abort", () => resolve(), { once: true })
  })
