// The gateway: takes uploads on its first interface, and forwards what is collected from its second.
import { type Clock, pause, type Random } from "../clock"
import type { Sockets } from "../coap/sockets"
import { type Log, sparing } from "../log"
import { DurableDatabase } from "../storage/database"
import { GroupCommit } from "../storage/group-commit"
import { addDays, type Day, dayOf } from "../survey/calendar"
import { type Addressing, bindAddress } from "../topology/addressing"
import type { Devices } from "../topology/devices"
import { sizeOf } from "../topology/ranges"
import type { Topology } from "../topology/topology"
import { Collector, type OpenCollection } from "./collector"
import { type Forwarded, Forwarder } from "./forwarder"
import { Ledger } from "./ledger"
import { connectToCloud } from "./link"
import { Listener } from "./listener"
import { PlainText } from "./plain-text"
import { Quarantine } from "./quarantine"
import { Resend } from "./resend"
import { SPOOL } from "./schema"
import { Senders } from "./senders"
import { Spool } from "./spool"
import { lineFor, Strangers } from "./strangers"
import { Uploads } from "./uploads"
import { type Warning, warningsOf } from "./warnings"

export interface GatewayOptions {
  readonly topology: Topology
  readonly addressing: Addressing
  readonly sockets: Sockets
  /** Where the cloud listens, which need not be the topology's when that says 0. */
  readonly cloudPort: number
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly onDelivered?: (forwarded: Forwarded) => void
  /** The disk failed: nothing is certain any more. */
  readonly onFatal: (error: unknown) => void
}

/** What the spool knows of one day. */
export interface DaySummary {
  readonly expected: number
  readonly missing: readonly number[]
  readonly readings: number
  readonly warnings: readonly Warning[]
}

const LATE_PAUSE_MS = 1000 // late surveys often come several at a time: one connection serves them all
const DAY_MS = 86_400_000

export class Gateway {
  readonly #options: GatewayOptions
  /** What the topology says now; it may change while the gateway runs. */
  readonly #declared: { devices: Devices }
  readonly #database: DurableDatabase
  readonly #commits: GroupCommit
  readonly #quarantine: Quarantine
  readonly #spool: Spool
  readonly #ledger: Ledger
  readonly #strangers: Strangers
  readonly #resend: Resend
  readonly #collector: Collector
  readonly #forwarder: Forwarder
  readonly #listener: Listener
  readonly #stopping = new AbortController()
  #late: Promise<void> | undefined

  private constructor(options: GatewayOptions) {
    const { topology, addressing, clock, random, log, onFatal } = options
    const { site, timeZone } = topology
    this.#options = options
    this.#declared = { devices: topology.devices }
    this.#database = DurableDatabase.open(topology.gateway.spool, SPOOL, addressing)
    this.#commits = new GroupCommit(this.#database, onFatal)
    this.#quarantine = new Quarantine(this.#database)
    this.#spool = new Spool(this.#database, this.#commits, this.#quarantine, site, timeZone, clock)
    this.#ledger = new Ledger(this.#database, this.#commits, clock.now)
    const complain = sparing(log.error, clock.now)
    const onRefused = (error: Error) => complain(`${error.message}: uploads are refused until there is room`)
    this.#collector = new Collector({
      spool: this.#spool,
      ledger: this.#ledger,
      quarantine: this.#quarantine,
      commits: this.#commits,
      timeZone,
      retentionDays: this.#retentionDays,
      now: clock.now,
      onLate: () => this.#forwardLate(),
      onRefused,
    })
    this.#forwarder = new Forwarder({
      site,
      siteInfo: () => ({
        timeZone,
        devices: this.#declared.devices.labels(),
      }),
      connect: (signal) => connectToCloud(this.#linkOptions, signal),
      spool: this.#spool,
      ledger: this.#ledger,
      clock,
      random,
      ...(options.onDelivered && { onDelivered: options.onDelivered }),
      onRetry: (error, delayMs) => {
        log.warn(`Not delivered: ${error.message}. Again in ${Math.ceil(delayMs / 1000)} s; the surveys are safe here`)
      },
    })
    this.#strangers = new Strangers({
      database: this.#database,
      commits: this.#commits,
      clock,
      onNew: (stranger) => {
        const line = lineFor(stranger, { ...topology, ...this.#declared }, addressing)
        const hint = line ? `. To take it in, add to ${topology.file}:  ${line}` : ""
        log.warn(`Refused: ${stranger.reason}${hint}`)
      },
      onRefused,
    })
    this.#resend = new Resend({
      file: topology.gateway.spool,
      sqlite: this.#database.sqlite,
      spool: this.#spool,
      ledger: this.#ledger,
      clock,
      log,
      onDue: () => this.resume(),
    })
    const senders = new Senders(this.#declared, addressing, this.#strangers.note)
    this.#listener = new Listener({
      ...options,
      uploads: new Uploads(senders, this.#collector, timeZone),
      plainText: new PlainText(senders, this.#collector, timeZone, clock.now),
    })
  }

  /** Throws StorageError or an Error of one clear line when the spool or the port cannot be had. */
  static async start(options: GatewayOptions): Promise<Gateway> {
    const gateway = new Gateway(options)
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
    return this.#ledger
  }

  /** From now on these are the declared devices: what comes, is expected and owed follows them. */
  declare(devices: Devices): void {
    this.#declared.devices = devices
  }

  /** Opens the collection of a day. */
  async open(day: Day, scheduledAt: number): Promise<OpenCollection> {
    const { clock, topology } = this.#options
    const oldest = addDays(dayOf(clock.now(), topology.timeZone), -this.#retentionDays)
    await this.#commits.add(() => {
      this.#spool.prune(oldest)
      this.#ledger.prune(oldest)
      this.#quarantine.prune()
      this.#strangers.prune(clock.now() - this.#retentionDays * DAY_MS)
    })
    return this.#collector.open(day, scheduledAt, this.#expected)
  }

  /** Records days on which nothing was collected, so that they are owed. */
  async openMissed(day: Day, scheduledAt: number): Promise<void> {
    if (this.#ledger.get(day)) return
    await this.#ledger.open(day, scheduledAt, this.#expected)
    await this.#ledger.close(day)
  }

  /** Ends the waiting and delivers what has come. Throws the signal's reason; what is left is delivered later. */
  async close(day: Day, signal: AbortSignal): Promise<Forwarded> {
    await this.#collector.close(day)
    return this.#forwarder.forward(day, AbortSignal.any([signal, this.#stopping.signal]))
  }

  /** Delivers what became due while nobody was looking, as after a restart, and closes what was not confirmed. */
  resume(): void {
    if (this.#isDue || this.#ledger.all().some(({ closed, confirmed }) => closed && !confirmed)) this.#forwardLate()
  }

  summary({ day, missing }: OpenCollection): DaySummary {
    return {
      expected: sizeOf(this.#expected),
      missing: missing(),
      readings: this.#spool.readings(day),
      warnings: warningsOf(this.#database.sqlite, day),
    }
  }

  /** Stops listening and forwarding; what is not delivered stays in the spool. May be called twice. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error("the gateway is stopping"))
    await this.#resend.stop()
    await this.#late
    this.#strangers.stop()
    this.#spool.stop()
    this.#commits.flush()
    this.#listener.stop()
    this.#database.close()
  }

  get #isDue(): boolean {
    const { lastClosedDay } = this.#ledger
    return lastClosedDay !== undefined && this.#spool.due(lastClosedDay, 1).length > 0
  }

  get #retentionDays(): number {
    return Math.ceil(this.#options.topology.gateway.retention.total({ unit: "milliseconds" }) / DAY_MS)
  }

  get #expected() {
    return this.#declared.devices.entries.filter(({ paused }) => !paused).map(({ ip }) => ip)
  }

  get #linkOptions() {
    const { topology, addressing, sockets, cloudPort, clock, random, log } = this.#options
    return {
      address: bindAddress(topology.cloud.address, addressing),
      port: cloudPort,
      localAddress: bindAddress(topology.gateway.interfaces.cloud.address.ip, addressing),
      sockets,
      maxMessageSizeBytes: topology.bufferSize,
      clock,
      random,
      log,
    }
  }

  async #begin(): Promise<void> {
    await this.#listener.start()
    this.#resend.start()
  }

  #forwardLate(): void {
    this.#late ??= this.#forwardAfterPause().finally(() => {
      this.#late = undefined
      // something may have come for a day that had been looked through already
      if (!this.#stopping.signal.aborted && this.#isDue) this.#forwardLate()
    })
  }

  async #forwardAfterPause(): Promise<void> {
    const { clock, log } = this.#options
    await pause(clock, LATE_PAUSE_MS, this.#stopping.signal)
    try {
      const { surveys, readings } = await this.#forwarder.forward(undefined, this.#stopping.signal)
      if (surveys > 0) log.info(`Delivered later, readings: ${readings}`)
    } catch (error) {
      if (!this.#stopping.signal.aborted) log.error(`The delivery failed: ${error}`)
    }
  }
}
