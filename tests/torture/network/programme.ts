// What runs in one life of a machine: the real network's part, on the real schedule, as `start` runs it.
import type { ReadSurvey } from "../../../src/device/source"
import { SurveyMissing } from "../../../src/device/source/missing"
import type { Log } from "../../../src/log"
import type { Sockets } from "../../../src/net/sockets"
import { Network, type Roles } from "../../../src/network"
import { Schedule } from "../../../src/schedule/schedule"
import { DAY_MS, MINUTE_MS } from "./chance"
import type { Ground } from "./host"
import type { Life } from "./life"
import { describe } from "./world"

const SAID_WITHIN_MS = MINUTE_MS

export class Programme {
  #network: Network | undefined
  #schedule: Schedule | undefined

  constructor(
    private readonly life: Life,
    private readonly roles: Roles,
    private readonly ground: Ground,
  ) {}

  async start(): Promise<void> {
    const { life, ground } = this
    const network = await Network.start(ground.topology, {
      roles: this.roles,
      addressing: "declared",
      patient: true,
      clock: life,
      random: life.random,
      sockets: this.#sockets,
      readSurvey: this.#readSurvey,
      log: this.#log,
      listener: (event) => {
        if (life.isAlive && event.kind === "uploaded") ground.fields.acknowledged(event.device.ip, event.day)
        if (event.kind === "disk-failed") life.fail(`the disk failed: ${describe(event.error)}`)
      },
    })
    this.#network = network
    const { gateway, devices } = this.roles
    if (life.isAlive && (gateway || devices.length > 0)) this.#follow(network)
  }

  async collect(scheduledAt: number, owedOnly = false): Promise<void> {
    await this.#network?.collect({ scheduledAt, patient: true, owedOnly })
  }

  async stop(): Promise<void> {
    this.#schedule?.stop()
    await this.#network?.stop()
  }

  /** What `start` does on a schedule, without its screen. */
  #follow(network: Network): void {
    const { life, roles, ground } = this
    const { schedule: times, gateway, timeZone } = ground.topology
    const schedule = new Schedule({
      cron: times.cron,
      timeZone,
      catchUpMs: gateway.retention.total("milliseconds"),
      lookBackMs: roles.gateway ? times.grace.total("milliseconds") : 0,
      clock: {
        now: life.now,
        monotonic: life.monotonic,
        after: (delayMs, look) => life.after(this.#lookAfter(delayMs, network), look),
      },
      lastRun: () => network.lastCollection,
      run: async (scheduledAt, missed) => {
        life.after(MINUTE_MS, () => schedule.look())
        await network.recordMissed(...missed)
        await this.collect(scheduledAt)
      },
      onSetBack: async () => life.fail("its clock was not set back"),
      onWrongClock: () => life.fail("its clock is not wrong"),
      onError: (error) => life.fail(`a collection failed: ${describe(error)}`),
    })
    this.#schedule = schedule
    if (!roles.gateway) {
      this.collect(schedule.previous, true).catch((error) => life.fail(`nothing owed was sent: ${describe(error)}`))
    }
    schedule.start()
  }

  /** Between two runs a look finds nothing: the next that can is that of the next run. */
  #lookAfter(delayMs: number, network: Network): number {
    const isUnderWay = this.#schedule?.isIdle === false || network.lastCollection?.closed === false
    if (isUnderWay) return delayMs
    const now = this.life.now()
    const next = this.ground.instants.find((instant) => instant > now) ?? now
    return Math.max(delayMs, next - now)
  }

  readonly #readSurvey: ReadSurvey = async ({ device: { ip }, day, clock }) => {
    const { fields, history } = this.ground
    const ageDays = (clock.now() - Date.parse(day)) / DAY_MS
    if (ageDays <= (history.get(ip) ?? Number.POSITIVE_INFINITY)) return { bytes: Buffer.from(fields.read(ip, day)) }
    fields.account(ip, day).gone = true
    throw new SurveyMissing(`${ip} has ${day} no more`)
  }

  get #sockets(): Sockets {
    const { lan, wan, fixedPorts } = this.ground
    return {
      openUdp: async (options) => lan.open(this.life, options, fixedPorts.get(options.address)),
      listenTcp: (options) => wan.listen(this.life, options),
      connectTcp: (options) => wan.connect(this.life, options),
      listenUnix: () => ({ stop: async () => {} }),
      canBind: async () => undefined,
    }
  }

  /** Whoever cannot reach the server may say so. */
  #logged(text: string): void {
    const { way } = this.ground.engine
    if (way && this.life.now() < way.cutUntil + SAID_WITHIN_MS) return
    this.life.fail(`an error was logged: ${text}`)
  }

  get #log(): Log {
    return { debug() {}, info() {}, warn() {}, error: (text) => this.#logged(text) }
  }
}
