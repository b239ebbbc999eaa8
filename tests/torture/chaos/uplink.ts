// A site's way to the clouds, by the gateway's own code: whatever is not answered, or answered with "come again", is asked
// once more on a new connection or the same one, until it is.
import { pause, type Random, systemClock } from "../../../src/clock"
import { asksForLater } from "../../../src/coap/code"
import type { Reply } from "../../../src/coap/udp/exchange"
import { type CloudConnection, connectToCloud } from "../../../src/gateway/delivery/connection"
import { CloudRequests } from "../../../src/gateway/delivery/requests"
import { silentLog } from "../../../src/log"
import { systemSockets } from "../../../src/net/sockets"
import type { Peer } from "../../../src/net/udp"
import { PROTOCOL } from "../../../src/survey/protocol"

const PAUSE_MS = 100
const LOCAL = "127.0.0.1"

interface Link {
  readonly connection: CloudConnection
  readonly requests: CloudRequests
}

export interface UplinkOptions {
  readonly site: string
  /** Of its devices, as ranges. */
  readonly devices: readonly string[]
  readonly cloud: Peer
  readonly random: Random
  /** Called at each answer that says that something was done. */
  readonly onAcknowledged: () => void
}

export class Uplink {
  #link: Promise<Link> | undefined
  readonly #end = new AbortController()

  constructor(private readonly options: UplinkOptions) {}

  /** Resolves with an answer that is not "come again". Throws when it was ended. */
  async ask(request: (requests: CloudRequests) => Promise<Reply>): Promise<Reply> {
    for (;;) {
      this.#end.signal.throwIfAborted()
      const linking = (this.#link ??= this.#connect())
      try {
        const { requests } = await linking
        const reply = await request(requests)
        if (!asksForLater(reply.code)) {
          this.options.onAcknowledged()
          return reply
        }
      } catch (error) {
        if (!(error instanceof Error)) throw error
        if (this.#link === linking) this.#link = undefined
      }
      await pause(systemClock, PAUSE_MS * (1 + this.options.random()), this.#end.signal)
    }
  }

  /** Ends the connection in order: the next one may be with another cloud. */
  async release(): Promise<void> {
    const linking = this.#link
    this.#link = undefined
    await linking?.then(({ connection }) => connection.release()).catch(() => {}) // it is gone already
  }

  /** Gives up. */
  end(): void {
    this.#end.abort(new Error("the site was ended before it was answered"))
  }

  async #connect(): Promise<Link> {
    const { site, devices, cloud, random } = this.options
    const connection = await connectToCloud(
      {
        ...cloud,
        localAddress: LOCAL,
        sockets: systemSockets,
        maxMessageSizeBytes: 4096,
        clock: systemClock,
        random,
        log: silentLog,
      },
      this.#end.signal,
    )
    const requests = new CloudRequests(connection, site)
    const description = { protocol: PROTOCOL, spool: site, timeZone: "UTC", devices: devices.map((ip) => ({ ip })) }
    const { code } = await requests.describe(description)
    if (!asksForLater(code)) return { connection, requests }
    connection.destroy()
    throw new Error("the cloud does not take the description for now")
  }
}
