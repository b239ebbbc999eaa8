// The cloud: listens on TCP, tells CoAP from plain text, stores, and lists on its console.
import type { Clock, Random } from "../clock"
import { errorText } from "../format"
import { tlsOf } from "../keys/ends"
import { Renewal } from "../keys/renewal"
import type { Log } from "../log"
import type { Sockets } from "../net/sockets"
import type { TcpListener } from "../net/tcp"
import { DurableDatabase } from "../storage/database"
import { GroupCommit } from "../storage/group-commit"
import type { Day } from "../survey/calendar"
import type { AddressRange } from "../topology/address"
import { type Addressing, bindAddress } from "../topology/addressing"
import type { Topology } from "../topology/topology"
import { Door } from "./door"
import type { CloudEvent } from "./events"
import { Gateways } from "./gateways"
import { lister, printInBatches } from "./listing"
import { PlainText } from "./plain-text"
import { Receiver } from "./receiver"
import { Watch } from "./rules/watch"
import { watchedBy } from "./rules/watched"
import type { Store, StoredSurvey } from "./store/contract"
import { STORE } from "./store/sqlite/schema"
import { SqliteStore } from "./store/sqlite/store"
import { WritableSqliteTables } from "./store/sqlite/tables"
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
}

const UNREAD_BYTES = 64 * 1024 // of answers to a peer that does not read them, before it is cut off

type Pages = Iterable<readonly StoredSurvey[]> | AsyncIterable<readonly StoredSurvey[]>

type Declared = Pick<Topology, "site" | "devices" | "alerts">

export class Cloud {
  readonly #database: DurableDatabase
  readonly #commits: GroupCommit
  readonly #store: Store
  readonly #door: Door
  /** What the rules say of the sites' days. */
  readonly watch: Watch
  /** What the topology says now; it may change while the cloud runs. */
  readonly #declared: Declared
  #listener: TcpListener | undefined
  #listing: Promise<void> = Promise.resolve()

  private constructor(private readonly options: CloudOptions) {
    const { topology, addressing, clock, random, log, emit } = options
    const { site, devices, alerts } = topology
    this.#declared = { site, devices, alerts }
    const onFatal = (error: unknown) => emit({ kind: "disk-failed", error })
    this.#database = DurableDatabase.open(topology.cloud.store, STORE, addressing, onFatal)
    this.#commits = new GroupCommit(this.#database, onFatal, clock)
    this.#store = new SqliteStore(this.#database, this.#commits, clock.now)
    const gateways = new Gateways(topology, addressing)
    this.watch = new Watch({
      tables: new WritableSqliteTables(this.#database.sqlite, this.#commits),
      clock,
      log,
      watched: () => watchedBy(this.#declared),
      serves: (site) => gateways.serves(site),
      onChange: (site) => emit({ kind: "rules-changed", site }),
    })
    const receiver = new Receiver({
      store: this.#store,
      gateways,
      now: clock.now,
      emit: (event) => {
        if (event.kind === "collection-closed") {
          const { site, day, report, toList } = event
          if (toList) this.#list(site, day, report.run ? undefined : report.changed)
          this.watch.closed(site, day, report)
        }
        emit(event)
      },
    })
    const plainText = new PlainText({
      store: this.#store,
      topology,
      declared: this.#declared,
      gateways,
      clock,
      emit,
      onStored: (surveys) => this.#queueListing(() => this.#printAll(topology.site, [surveys])),
    })
    const texts = new Texts(plainText, topology.limits.survey, clock, log.error)
    this.#door = new Door({ topology, gateways, clock, random, log, texts, receiver, commits: this.#commits })
  }

  /** Throws StorageError or an Error of one clear line when the store or the port cannot be had. */
  static async start(options: CloudOptions): Promise<Cloud> {
    const cloud = new Cloud(options)
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

  /** From now on these devices' plain text is taken, and these rules are looked at. */
  declare({ devices, alerts }: Pick<Topology, "devices" | "alerts">): void {
    this.#declared.devices = devices
    this.#declared.alerts = alerts
  }

  /** Resolves when everything that has been received is listed. */
  async listed(): Promise<void> {
    await this.#listing
  }

  /** Stops listening, finishes what is under way, closes the store. May be called twice. */
  async stop(): Promise<void> {
    await this.#listener?.stop()
    this.#listener = undefined
    await this.#listing
    await this.watch.finish()
    this.#commits.flush()
    this.#database.close()
  }

  async #begin(): Promise<void> {
    const { topology, addressing, sockets, clock, log } = this.options
    const { site, timeZone, cloud, devices } = topology
    if (!(await this.#store.site(site))) {
      await this.#store.describeSite(site, { timeZone, devices: devices.labels(), spool: "" })
    }
    for (const { site: name, day } of await this.#store.unlisted()) this.#list(name, day)
    await this.watch.start()
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

  /** @param only addresses to list; all of the day without it */
  #list(site: string, day: Day, only?: readonly AddressRange[]): void {
    this.#queueListing(async () => {
      await this.#printAll(site, this.#store.surveys(site, day, only))
      await this.#store.markListed(site, day)
    })
  }

  async #printAll(site: string, pages: Pages): Promise<void> {
    const { topology, print } = this.options
    if (topology.cloud.console === "off") return // a fleet's day is not read for nothing
    const list = lister(topology.cloud.console, await this.#store.site(site))
    const lines = async function* () {
      for await (const surveys of pages) yield surveys.map(list).join("")
    }
    await printInBatches(lines(), print)
  }

  /** One listing after the other, so that days do not mix. */
  #queueListing(work: () => Promise<void>): void {
    this.#listing = this.#listing.then(work).catch((error) => this.options.log.error(`The listing failed: ${error}`))
  }
}
