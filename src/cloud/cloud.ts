// The cloud: listens on TCP, tells CoAP from plain text, stores, and lists on its console.
import type { Clock, Random } from "../clock"
import { BlockReceiver } from "../coap/block"
import { Session } from "../coap/session"
import type { Sockets } from "../coap/sockets"
import type { Connection, ConnectionHandler, TcpListener } from "../coap/tcp"
import { type Log, sparing } from "../log"
import { DurableDatabase } from "../storage/database"
import { GroupCommit } from "../storage/group-commit"
import type { Day } from "../survey/calendar"
import type { AddressRange } from "../topology/address"
import { type Addressing, bindAddress } from "../topology/addressing"
import type { Topology } from "../topology/topology"
import { lister, printInBatches } from "./listing"
import { isPlainText, PlainText } from "./plain-text"
import { type CollectionReport, Receiver } from "./receiver"
import { STORE } from "./schema"
import { Store, type StoredSurvey } from "./store"

export interface CloudOptions {
  readonly topology: Topology
  readonly addressing: Addressing
  readonly sockets: Sockets
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** The console: whole lines; a promise makes the listing wait. */
  readonly print: (lines: string) => void | Promise<void>
  /** A gateway has closed a day, and the store agrees. */
  readonly onCollection?: (site: string, day: Day, report: CollectionReport) => void
  /** The disk failed: nothing is certain any more. */
  readonly onFatal: (error: unknown) => void
}

const LOOPBACK = "127.0.0.1"
const PAUSE_MS = 200 // after which plain text is complete (DESIGN.md §5)
const PROTOCOL_TIMEOUT_MS = 10_000 // for the two bytes that tell the protocol
const IDLE_TIMEOUT_MS = 300_000 // without a byte either way; a gateway connects anew for each forwarding
const MIB = 1024 * 1024
// a merged survey may be larger than any upload was, and a fleet's account of a collection is
const TRANSFERS = { bodyBytes: 16 * MIB, perAddress: 1024, transfers: 4096, totalBytes: 64 * MIB, bert: true }

export class Cloud {
  readonly #options: CloudOptions
  readonly #database: DurableDatabase
  readonly #commits: GroupCommit
  readonly #store: Store
  readonly #receiver: Receiver
  readonly #plainText: PlainText
  #listener: TcpListener | undefined
  #listing: Promise<void> = Promise.resolve()

  private constructor(options: CloudOptions) {
    const { topology, addressing, clock, log, onFatal } = options
    this.#options = options
    this.#database = DurableDatabase.open(topology.cloud.store, STORE, addressing)
    this.#commits = new GroupCommit(this.#database, onFatal)
    this.#store = new Store(this.#database, this.#commits, clock.now)
    const complain = sparing(log.error, clock.now)
    const onRefusedLine = (text: string) => log.warn(`Refused: ${text}`)
    this.#receiver = new Receiver({
      store: this.#store,
      sites: topology.cloud.sites,
      onCollection: (site, day, report) => {
        this.#list(site, day, report.run ? undefined : report.changed)
        options.onCollection?.(site, day, report)
      },
      onRefusedLine,
      onRefused: (error) => complain(`${error.message}: deliveries are refused until there is room`),
    })
    this.#plainText = new PlainText({
      store: this.#store,
      site: topology.site,
      timeZone: topology.timeZone,
      devices: topology.devices,
      now: clock.now,
      maySend: (sender, ip) => this.#maySend(sender, ip),
      onRefusedLine,
      onStored: (surveys) => this.#queueListing(() => this.#printAll(topology.site, surveys)),
    })
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

  /** Resolves when everything that has been received is listed. */
  async listed(): Promise<void> {
    await this.#listing
  }

  /** Stops listening, finishes what is under way, closes the store. May be called twice. */
  async stop(): Promise<void> {
    await this.#listener?.stop()
    this.#listener = undefined
    await this.#listing
    this.#commits.flush()
    this.#database.close()
  }

  async #begin(): Promise<void> {
    const { topology, addressing, sockets, log } = this.#options
    const { site, timeZone, cloud, devices } = topology
    if (!this.#store.siteInfo(site)) {
      await this.#store.putSite(site, { timeZone, devices: devices.labels() })
    }
    for (const { site: name, day } of this.#store.unlisted()) this.#list(name, day)
    this.#listener = sockets.listenTcp({
      address: bindAddress(cloud.address, addressing),
      port: cloud.port,
      onConnection: (connection) => this.#accept(connection),
      onProblem: (error) => log.warn(error.message),
    })
  }

  /** Two bytes tell which protocol it is (DESIGN.md §5); until then we say nothing, as RFC 8323 §3.3 allows. */
  #accept(connection: Connection): ConnectionHandler {
    let head = new Uint8Array(0)
    let handler: ConnectionHandler | undefined
    const cancel = this.#options.clock.after(PROTOCOL_TIMEOUT_MS, () => connection.close())
    return {
      data: (chunk) => {
        if (handler) return handler.data(chunk)
        head = Buffer.concat([head, chunk])
        if (head.length < 2) return
        cancel()
        handler = isPlainText(head) ? this.#text(connection) : this.#session(connection)
        handler.data(head)
      },
      end: () => (handler?.end ? handler.end() : connection.close()),
      close: (error) => {
        cancel()
        handler?.close(error)
      },
    }
  }

  #session(connection: Connection): ConnectionHandler {
    const { topology, clock, random, log } = this.#options
    const blocks = new BlockReceiver(TRANSFERS, clock, this.#receiver.admit, this.#receiver.handle)
    let cancel = () => {}
    const stayOpen = () => {
      cancel()
      cancel = clock.after(IDLE_TIMEOUT_MS, () => void session.release()) // which finishes what is outstanding
    }
    const session = new Session({
      send: (bytes) => {
        stayOpen()
        connection.write(bytes)
      },
      close: () => connection.close(),
      pause: () => connection.pause(),
      resume: () => connection.resume(),
      clock,
      random,
      maxMessageSizeBytes: topology.bufferSize,
      address: connection.remoteAddress,
      endpoint: connection.endpoint,
      handler: blocks.handle,
      onProblem: (error) => log.warn(error.message),
    })
    return {
      data: (chunk) => {
        stayOpen()
        session.receive(chunk)
      },
      end: () => void session.release(),
      close: (error) => {
        cancel()
        session.closed(error?.message)
      },
    }
  }

  #text(connection: Connection): ConnectionHandler {
    const { topology, clock, log } = this.#options
    const chunks: Uint8Array[] = []
    let sizeBytes = 0
    let cancel = () => {}
    let finished = false
    const finish = async () => {
      if (finished) return
      finished = true
      cancel()
      connection.pause()
      connection.write(Buffer.from(await this.#plainText.take(Buffer.concat(chunks), connection.remoteAddress)))
      connection.close()
    }
    const end = () => {
      finish().catch((error) => {
        log.error(`Plain text from ${connection.remoteAddress} could not be stored: ${error}`)
        connection.destroy()
      })
    }
    return {
      data: (chunk) => {
        cancel()
        sizeBytes += chunk.length
        if (sizeBytes > topology.limits.survey) {
          connection.write(Buffer.from(`More than ${topology.limits.survey} bytes`))
          connection.close()
          return
        }
        chunks.push(chunk)
        cancel = clock.after(PAUSE_MS, end)
      },
      end,
      close: () => cancel(),
    }
  }

  /** Whether this address may deliver plain text of a device: the device itself and the gateway may. */
  #maySend(sender: string, ip: string): boolean {
    const { topology, addressing } = this.#options
    if (addressing === "simulated" && sender === LOOPBACK) return true
    const gateway = topology.gateway.interfaces.cloud.address.ip
    return [ip, gateway].some((declared) => bindAddress(declared, addressing) === sender)
  }

  /** @param only addresses to list; all of the day without it */
  #list(site: string, day: Day, only?: readonly AddressRange[]): void {
    this.#queueListing(async () => {
      await this.#printAll(site, this.#store.surveys(site, day, only))
      await this.#store.markListed(site, day)
    })
  }

  async #printAll(site: string, surveys: Iterable<StoredSurvey>): Promise<void> {
    const { topology, print } = this.#options
    const list = lister(topology.cloud.console, this.#store.siteInfo(site))
    await printInBatches(Iterator.from(surveys).map(list), print)
  }

  /** One listing after the other, so that days do not mix. */
  #queueListing(work: () => Promise<void>): void {
    this.#listing = this.#listing.then(work).catch((error) => this.#options.log.error(`The listing failed: ${error}`))
  }
}
