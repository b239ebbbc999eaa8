// The cloud: listens on TCP, tells CoAP from plain text, stores, and lists on its console.
import { type Clock, pause, type Random } from "../clock"
import { errorText } from "../format"
import { tlsOf } from "../keys/ends"
import { Renewal } from "../keys/renewal"
import type { Log } from "../log"
import type { Sockets } from "../net/sockets"
import type { TcpListener } from "../net/tcp"
import { StorageUnavailable } from "../storage/errors"
import { type Addressing, bindAddress } from "../topology/addressing"
import type { Topology } from "../topology/topology"
import { Door } from "./door"
import type { CloudEvent } from "./events"
import { Gateways } from "./gateways"
import { Listing } from "./listing"
import { PlainText } from "./plain-text"
import { Receiver } from "./receiver"
import { Watch } from "./rules/watch"
import { watchedBy } from "./rules/watched"
import type { OpenStore, Store } from "./store/contract"
import { openStore, placeOf } from "./store/open"
import { Texts } from "./texts"

export interface CloudOptions {
  readonly topology: Topology
  readonly addressing: Addressing
  readonly sockets: Sockets
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** The console: whole lines; a promise makes the listing wait. */
  readonly print: (lines: string) => void | Promise<void>
  readonly emit: (event: CloudEvent) => void
  /** Wait for a server that cannot be had yet, as on machines that boot together, instead of failing. */
  readonly patient?: boolean
  /** Ends the waiting. */
  readonly signal?: AbortSignal | undefined
}

const WAIT_MS = 5000 // for a server that cannot be had
const ATTEND_EVERY_MS = 5000 // to what another cloud of the same store may have left, or told
const UNREAD_BYTES = 64 * 1024 // of answers to a peer that does not read them, before it is cut off

type Declared = Pick<Topology, "site" | "devices" | "alerts">

export class Cloud {
  readonly #opened: OpenStore
  readonly #store: Store
  readonly #door: Door
  readonly #gateways: Gateways
  readonly #listing: Listing
  /** What the rules say of the sites' days. */
  readonly watch: Watch
  /** What the topology says now; it may change while the cloud runs. */
  readonly #declared: Declared
  #listener: TcpListener | undefined
  #isWatching = false
  #onWatching = () => {}
  #isUnavailable = false
  #attending: Promise<void> = Promise.resolve()
  #cancelAttending: (() => void) | undefined

  private constructor(
    private readonly options: CloudOptions,
    opened: OpenStore,
  ) {
    const { topology, addressing, clock, random, log, print, emit } = options
    const { site, devices, alerts } = topology
    this.#declared = { site, devices, alerts }
    this.#opened = opened
    this.#store = opened.store
    const gateways = (this.#gateways = new Gateways(topology, addressing))
    this.watch = new Watch({
      tables: opened.tables,
      clock,
      log,
      watched: () => watchedBy(this.#declared),
      serves: (site) => gateways.serves(site),
      onChange: (site) => emit({ kind: "rules-changed", site }),
    })
    this.#listing = new Listing({ store: this.#store, mode: topology.cloud.console, print, log })
    const receiver = new Receiver({
      store: this.#store,
      gateways,
      now: clock.now,
      emit: (event) => {
        if (event.kind === "collection-closed") {
          const { site, day, report, toList } = event
          if (toList) this.#listing.list(site, day, report.run ? undefined : report.changed)
          this.#attend()
        }
        emit(event)
      },
      holdDay: (site, day) => this.#listing.hold(site, day),
    })
    const plainText = new PlainText({
      store: this.#store,
      topology,
      declared: this.#declared,
      gateways,
      clock,
      emit,
      onStored: (surveys) => this.#listing.listSurveys(topology.site, surveys),
    })
    const texts = new Texts(plainText, topology.limits.survey, clock, log.error)
    this.#door = new Door({ topology, gateways, clock, random, log, texts, receiver, waiting: opened.waiting })
  }

  /** Throws StorageError or an Error of one clear line when the store or the port cannot be had. */
  static async start(options: CloudOptions): Promise<Cloud> {
    const { clock, log, patient = false, signal } = options
    for (let isTold = false; ; isTold = true) {
      try {
        return await Cloud.#tryToStart(options)
      } catch (error) {
        if (!patient || !(error instanceof StorageUnavailable)) throw error
        if (!isTold) log.warn(`Waiting for its store: ${error.message}`)
        await pause(clock, WAIT_MS, signal)
        signal?.throwIfAborted()
      }
    }
  }

  static async #tryToStart(options: CloudOptions): Promise<Cloud> {
    const { topology, addressing, clock, emit } = options
    const { address, port } = topology.cloud
    const onFatal = (error: unknown) => emit({ kind: "disk-failed", error })
    const opened = await openStore(placeOf(topology), { addressing, clock, onFatal, cloud: `${address}:${port}` })
    const cloud = new Cloud(options, opened)
    try {
      await cloud.#begin()
      return cloud
    } catch (error) {
      await cloud.stop()
      throw error
    }
  }

  /** The TCP port that is bound. */
  get port(): number {
    return this.#listener?.port ?? 0
  }

  /** From now on these devices' plain text is taken, these rules are looked at, and these sites may deliver. */
  declare({ devices, alerts, cloud }: Pick<Topology, "devices" | "alerts" | "cloud">): void {
    this.#declared.devices = devices
    this.#declared.alerts = alerts
    this.#gateways.serve(cloud.sites)
  }

  /** Whether it is the one that watches the rules and tells, of several that share a store. */
  get isWatching(): boolean {
    return this.#isWatching
  }

  /** Calls back whenever it becomes that one. */
  onWatching(callback: () => void): void {
    this.#onWatching = callback
    if (this.#isWatching) callback()
  }

  /** Resolves when everything that has been received is listed. */
  async listed(): Promise<void> {
    await this.#listing.finished
  }

  /** Stops listening, finishes what is under way, closes the store. May be called twice. */
  async stop(): Promise<void> {
    await this.#listener?.stop()
    this.#listener = undefined
    this.#cancelAttending?.()
    await this.#attending
    await this.#listing.finished
    if (this.#isWatching) await this.watch.finish()
    await this.#opened.close()
  }

  async #begin(): Promise<void> {
    const { topology, addressing, sockets, clock, log } = this.options
    const { site, timeZone, cloud, devices } = topology
    if (!(await this.#store.site(site))) {
      await this.#store.describeSite(site, { timeZone, devices: devices.labels(), spool: "" })
    }
    await this.#attendNow()
    if (this.#opened.isShared) this.#attendAgain()
    const tls = tlsOf("cloud", topology)
    const renewal = tls && new Renewal("cloud", topology, clock)
    this.#listener = sockets.listenTcp({
      address: bindAddress(cloud.address, addressing),
      port: cloud.port,
      onConnection: (connection) => {
        if (renewal) this.#renew(renewal)
        return this.#door.accept(connection)
      },
      maxQueuedBytes: UNREAD_BYTES,
      onProblem: (error) => log.warn(error.message),
      tls,
    })
  }

  /** What was changed of the key's files is shown to who comes next. */
  #renew(renewal: Renewal): void {
    const { log } = this.options
    try {
      const tls = renewal.look()
      if (!tls) return
      this.#listener?.renew(tls)
      log.info("The cloud's certificate is another one: it is shown from now on")
    } catch (error) {
      log.error(`The cloud's certificate of before is still shown: ${errorText(error)}`)
    }
  }

  #attendAgain(): void {
    this.#cancelAttending = this.options.clock.after(ATTEND_EVERY_MS, () => {
      this.#attend()
      void this.#attending.then(() => this.#cancelAttending && this.#attendAgain())
    })
  }

  #attend(): void {
    this.#attending = this.#attending
      .then(() => this.#attendNow())
      .then(
        () => this.#notice(undefined),
        (error) => this.#notice(error),
      )
  }

  /** Lists what nobody lists, and has the rules watched if nobody does. */
  async #attendNow(): Promise<void> {
    await this.#listing.resume()
    const isWatching = await this.#store.watches()
    const begins = isWatching && !this.#isWatching
    this.#isWatching = isWatching
    if (begins) {
      await this.watch.start()
      this.#onWatching()
    }
    if (!isWatching) return this.watch.rest()
    for (const closed of await this.#store.closings()) this.watch.closed(closed)
  }

  /** Says once that the store cannot be had, and once that it can. */
  #notice(error: unknown): void {
    const { log } = this.options
    if (error !== undefined && !this.#isUnavailable) log.warn(errorText(error))
    if (error === undefined && this.#isUnavailable) log.info("The store answers again")
    this.#isUnavailable = error !== undefined
  }
}
