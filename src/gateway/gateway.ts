// The gateway: takes uploads on its first interface, and forwards what is collected from its second.
import { type Clock, isWrong, type Random } from "../clock"
import type { RandomBytes } from "../coap/oscore/challenges"
import type { DeviceKeys } from "../coap/oscore/identity"
import { type GatewaySecurity, keepingSecurity } from "../keys/ends"
import type { Log } from "../log"
import type { Sockets } from "../net/sockets"
import { addDays, type Day, dayOf } from "../survey/calendar"
import { formatRange } from "../topology/address"
import { type Addressing, bindAddress } from "../topology/addressing"
import type { Devices } from "../topology/devices"
import type { Topology } from "../topology/topology"
import { type CarryOutOptions, carryOut } from "./control/carry-out"
import { Control } from "./control/control"
import type { ControlRequest } from "./control/request"
import { accountOf } from "./delivery/account"
import { BetweenRuns } from "./delivery/between-runs"
import { connectToCloud } from "./delivery/connection"
import { Forwarder } from "./delivery/forwarder"
import type { Forwarded, GatewayEvent } from "./events"
import { Collector, type OpenCollection } from "./intake/collector"
import { Listener } from "./intake/listener"
import { PlainText } from "./intake/plain-text"
import { Resources } from "./intake/resources"
import { Room } from "./intake/room"
import { type KeyPolicy, Senders } from "./intake/senders"
import { Strangers } from "./intake/strangers"
import type { Ledger, MissedRun } from "./ledger/ledger"
import { oldestKept, retentionDays } from "./ledger/retention"
import { RefusedMessages } from "./quarantine/refused-messages"
import { type DaySummary, summarizeDay } from "./report/day-summary"
import { NeverComes } from "./report/never-comes"
import { identify } from "./spool/notes/identity"
import { hasChanged } from "./spool/warnings"
import { GatewayStorage } from "./storage"

export interface GatewayOptions {
  readonly topology: Topology
  readonly addressing: Addressing
  readonly sockets: Sockets
  /** Where the cloud listens, which need not be the topology's when that says 0. */
  readonly cloudPort: number
  readonly clock: Clock
  readonly random: Random
  /** Devices' keys, and random bytes that are fit for keys; without them nothing is said in OSCORE. */
  readonly oscore?: { readonly keys: DeviceKeys & KeyPolicy; readonly randomBytes: RandomBytes } | undefined
  readonly log: Log
  readonly emit: (event: GatewayEvent) => void
  /**
   * A person waits for something that depends on the topology: `declare()` it as it is now. Resolves with what changed, in
   * words; rejects with a TopologyError where the file is not sound.
   */
  readonly readTopology?: (() => Promise<string>) | undefined
}

const DAY_MS = 86_400_000

export class Gateway {
  readonly #options: GatewayOptions
  readonly #retentionDays: number
  /** What the topology says now; it may change while the gateway runs. */
  readonly #declared: { devices: Devices }
  readonly #storage: GatewayStorage
  #id = ""
  readonly #neverComes: NeverComes
  readonly #strangers: Strangers
  readonly #refusedMessages: RefusedMessages
  readonly #control: Control
  readonly #collector: Collector
  readonly #forwarder: Forwarder
  readonly #listener: Listener
  readonly #security: () => GatewaySecurity | undefined
  readonly #stopping = new AbortController()
  readonly #betweenRuns: BetweenRuns

  private constructor(options: GatewayOptions, storage: GatewayStorage) {
    const { topology, addressing, clock, random, log, emit, oscore } = options
    const { site, timeZone } = topology
    const { database, commits, quarantine, spool, ledger } = storage
    const { sqlite } = database
    this.#options = options
    this.#security = keepingSecurity(topology, log.warn)
    this.#retentionDays = retentionDays(topology)
    this.#declared = { devices: topology.devices }
    this.#storage = storage
    this.#neverComes = new NeverComes({
      sqlite,
      ledger,
      timeZone,
      retentionDays: this.#retentionDays,
      now: clock.now,
      log,
    })
    this.#refusedMessages = new RefusedMessages({ quarantine, commits, clock, emit })
    this.#collector = new Collector({
      spool,
      ledger,
      refusals: this.#refusedMessages,
      room: new Room({
        database,
        limitBytes: topology.limits.spool,
        maxWaiting: topology.limits.overall.messages,
        spool,
        ledger,
        commits,
        clock,
        log,
        emit,
      }),
      timeZone,
      retentionDays: this.#retentionDays,
      now: clock.now,
      isClockWrong: () => isWrong(clock),
      onLate: () => this.#betweenRuns.begin(),
      emit,
    })
    const cloudEnd = {
      ...options,
      address: bindAddress(topology.cloud.address, addressing),
      port: options.cloudPort,
      localAddress: bindAddress(topology.gateway.interfaces.cloud.address.ip, addressing),
      maxMessageSizeBytes: topology.bufferSize,
      security: this.#security,
    }
    this.#forwarder = new Forwarder({
      site,
      siteInfo: () => ({ spool: this.#id, timeZone, devices: this.#described }),
      account: (collection) => accountOf(sqlite, spool, collection),
      connect: (signal) => connectToCloud(cloudEnd, signal),
      spool,
      ledger,
      clock,
      random,
      emit,
    })
    this.#betweenRuns = new BetweenRuns({
      spool,
      ledger,
      forwarder: this.#forwarder,
      clock,
      log,
      emit,
      signal: this.#stopping.signal,
    })
    this.#strangers = new Strangers({ database, commits, clock, emit })
    const parts: CarryOutOptions = {
      ...storage,
      collector: this.#collector,
      declared: this.#declared,
      senders: new Senders(this.#declared, addressing, { keys: oscore?.keys }),
      timeZone,
      readTopology: options.readTopology,
      onDue: () => this.resume(),
    }
    this.#control = new Control({
      ...options,
      spool: topology.gateway.spool,
      carryOut: (request) => this.#carryOut(request, parts),
    })
    const onStranger = this.#strangers.note
    const senders = new Senders(this.#declared, addressing, { onStranger, keys: oscore?.keys })
    this.#listener = new Listener({
      ...options,
      senders,
      resources: new Resources(senders, this.#collector, timeZone),
      plainText: new PlainText(senders, this.#collector, timeZone, clock.now),
      oscore: oscore && { ...oscore, onStranger },
    })
  }

  /** Throws StorageError or an Error of one clear line when the spool or the port cannot be had. */
  static async start(options: GatewayOptions): Promise<Gateway> {
    const gateway = new Gateway(options, GatewayStorage.open(options))
    try {
      await gateway.#begin()
      return gateway
    } catch (error) {
      await gateway.stop()
      throw error
    }
  }

  /** The UDP port that is bound. */
  get port(): number {
    return this.#listener.port
  }

  /** Counts since the start. */
  get counts() {
    return this.#collector.counts
  }

  get ledger(): Ledger {
    return this.#storage.ledger
  }

  /** From now on these are the declared devices: what comes, is expected and owed follows them. */
  declare(devices: Devices): void {
    this.#declared.devices = devices
    Promise.all([this.#noteDevices(), this.#collector.declare(this.#expected)]).catch((error) =>
      this.#options.log.error(`The devices could not be noted: ${error}`),
    )
  }

  /** Opens the collection of a day. */
  async open(day: Day, scheduledAt: number): Promise<OpenCollection> {
    const { clock, topology } = this.#options
    const { commits, spool, ledger, known, quarantine } = this.#storage
    await spool.settle()
    this.#neverComes.tell(day, this.#declared.devices)
    await this.#noteDevices()
    const today = dayOf(clock.now(), topology.timeZone)
    const oldest = oldestKept(today, ledger.lastConfirmedDay, this.#retentionDays)
    await commits.add(() => {
      ledger.prune(oldest) // before its surveys: what is left of a day must not be compared
      known.prune(oldest)
      quarantine.prune()
      this.#strangers.prune(clock.now() - this.#retentionDays * DAY_MS)
    })
    // with what a crash has left of a day that had to make room: by now it is certain which
    const { releasedUpTo } = ledger
    const released = releasedUpTo ? addDays(releasedUpTo, 1) : oldest
    await spool.prune(released > oldest ? released : oldest)
    const { devices } = this.#declared
    const collection = await this.#collector.open(day, scheduledAt, this.#expected)
    if (this.#declared.devices !== devices) await this.#collector.declare(this.#expected)
    return collection
  }

  /** Records runs that did not take place, so that what is not too long ago of them is owed. */
  async recordMissed(runs: readonly MissedRun[]): Promise<void> {
    const taken = runs.filter(({ day }) => !this.#collector.refuseDay(day))
    await this.#storage.ledger.miss(taken, this.#expected)
  }

  /**
   * The clock was set back to this instant: runs that are later are to come again, and so are their surveys. Resolves, once
   * durable, with their days.
   */
  async setBack(now: number): Promise<Day[]> {
    const { spool, ledger } = this.#storage
    const days = await ledger.setBack(now, (early) => spool.expectAgain(early))
    this.#neverComes.begin()
    return days
  }

  /** Ends the waiting and delivers what has come. Throws the signal's reason; what is left is delivered later. */
  async close(day: Day, signal: AbortSignal): Promise<Forwarded> {
    try {
      await this.#collector.close(day)
      return await this.#forwarder.forward(day, AbortSignal.any([signal, this.#stopping.signal]))
    } finally {
      this.#collector.end()
    }
  }

  /** Delivers what became due while nobody was looking, as after a restart, and closes what was not confirmed. */
  resume(): void {
    this.#betweenRuns.resume()
  }

  async summary({ day, expected, missing }: OpenCollection): Promise<DaySummary> {
    await this.#storage.spool.settle() // with who came a moment ago
    return summarizeDay(this.#storage, day, expected(), missing())
  }

  /** Whether any survey of this day is another one than on the day before. */
  hasChanged(day: Day): boolean {
    return hasChanged(this.#storage.database.sqlite, day)
  }

  /** Stops listening and forwarding; what is not delivered stays in the spool. May be called twice. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error("the gateway is stopping"))
    await this.#control.stop()
    await this.#betweenRuns.finished
    this.#strangers.stop()
    this.#refusedMessages.stop()
    this.#listener.stop()
    this.#storage.close()
  }

  get #expected() {
    return this.#declared.devices.entries.filter(({ paused }) => !paused).map(({ ip }) => ip)
  }

  /** The devices as the cloud is told of them: with those that are not declared any more, and whose surveys are here. */
  get #described() {
    const { devices } = this.#declared
    return [...devices.labels(), ...this.#storage.known.former(devices).map((range) => ({ ip: formatRange(range) }))]
  }

  /** Nothing is filed under a clock that is wrong. */
  async #noteDevices(): Promise<void> {
    const { clock, topology } = this.#options
    if (!isWrong(clock)) await this.#storage.known.note(dayOf(clock.now(), topology.timeZone), this.#declared.devices)
  }

  async #begin(): Promise<void> {
    const { topology, log, random } = this.#options
    this.#security() // a key that is missing is told now, and not at the first delivery
    const { database, commits, ledger } = this.#storage
    const { id, formerSite } = await identify(database, commits, topology.site, random)
    this.#id = id
    if (formerSite !== undefined) {
      ledger.recall() // none of its days is confirmed any more
      const { spool } = topology.gateway
      log.warn(`${spool} is of the site ${formerSite}: the days that it keeps go to the cloud as ${topology.site} too`)
    }
    await this.#noteDevices()
    await this.#listener.start()
    this.#control.start()
  }

  async #carryOut(request: ControlRequest, parts: CarryOutOptions): Promise<string> {
    if (request.ask === "counters") return JSON.stringify(this.counts)
    if (request.ask === "reload") return (await parts.readTopology?.()) ?? "No file is read here"
    const done = await carryOut(request, parts)
    if (request.ask !== "zones") this.#options.log.info(done)
    return done
  }
}
