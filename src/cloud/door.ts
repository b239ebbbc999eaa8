// Where peers come in: tells CoAP from plain text, bounds what each may have, and closes whom nothing comes from.
import type { Clock, Random } from "../clock"
import { BlockReceiver } from "../coap/block"
import { isAcknowledgement } from "../coap/code"
import { busy, type Handler, type Response } from "../coap/resource"
import { Session } from "../coap/tcp/session"
import { boundedBy, type Log } from "../log"
import { Guests } from "../net/guests"
import { Silence } from "../net/silence"
import type { Connection, ConnectionHandler } from "../net/tcp"
import type { GroupCommit } from "../storage/group-commit"
import type { Topology } from "../topology/topology"
import type { Gateways } from "./gateways"
import { isPlainText } from "./plain-text"
import type { Receiver } from "./receiver"
import type { Texts } from "./texts"

interface DoorOptions {
  readonly topology: Topology
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly gateways: Pick<Gateways, "rankOf">
  readonly texts: Texts
  readonly receiver: Receiver
  readonly commits: GroupCommit
}

const PROTOCOL_TIMEOUT_MS = 10_000 // for the two bytes that tell the protocol
const IDLE_TIMEOUT_MS = 300_000 // without a byte either way; a gateway connects anew for each forwarding
const MIB = 1024 * 1024
const BODY_BYTES = 16 * MIB // a merged survey may be larger than any upload was, and a fleet's account of a collection is
const TRANSFER_BYTES = 48 * MIB // in all
const COME_AGAIN_SECONDS = 1
const WARNINGS = { perPeer: 5, overall: 60 } // a minute

export class Door {
  readonly #guests: Guests
  readonly #blocks: BlockReceiver
  readonly #warnOfGateways: (text: string, peer: string) => void
  readonly #warnOfOthers: (text: string, peer: string) => void

  constructor(private readonly options: DoorOptions) {
    const { topology, gateways, clock, receiver, log } = options
    const { limits } = topology
    this.#guests = new Guests({
      perPeer: limits.perPeer.connections,
      overall: limits.overall.connections,
      rankOf: (address) => gateways.rankOf(address),
    })
    const transfers = {
      bodyBytes: BODY_BYTES,
      perAddress: limits.perPeer.messages, // a gateway delivers many at a time
      transfers: limits.overall.transfers,
      totalBytes: TRANSFER_BYTES,
      bert: true,
    }
    this.#blocks = new BlockReceiver(transfers, clock, receiver.admit, receiver.handle)
    this.#warnOfGateways = boundedBy(WARNINGS, log.warn, clock.monotonic)
    this.#warnOfOthers = boundedBy(WARNINGS, log.warn, clock.monotonic)
  }

  /** Two bytes tell which protocol it is; until then we say nothing, as RFC 8323 §3.3 allows. */
  accept(connection: Connection): ConnectionHandler {
    if (!this.#guests.admit(connection)) {
      const { remoteAddress } = connection
      this.#warn(
        `Turned away a connection of ${remoteAddress}: gateways have all (limits.overall.connections)`,
        remoteAddress,
      )
      connection.destroy()
      return { data() {}, close() {} }
    }
    let head = new Uint8Array(0)
    let handler: ConnectionHandler | undefined
    const cancel = this.options.clock.after(PROTOCOL_TIMEOUT_MS, () => connection.close())
    return {
      data: (chunk) => {
        if (handler) return handler.data(chunk)
        head = Buffer.concat([head, chunk])
        if (head.length < 2) return
        cancel()
        handler = isPlainText(head) ? this.options.texts.accept(connection) : this.#session(connection)
        handler.data(head)
      },
      end: () => (handler?.end ? handler.end() : connection.close()),
      close: (error) => {
        cancel()
        this.#guests.leave(connection)
        handler?.close(error)
      },
    }
  }

  /** No crowd of others hides what is wrong with a gateway. */
  #warn(text: string, peer: string): void {
    if (this.options.gateways.rankOf(peer) > 0) this.#warnOfGateways(text, peer)
    else this.#warnOfOthers(text, peer)
  }

  #session(connection: Connection): ConnectionHandler {
    const { topology, clock, random } = this.options
    const silence = new Silence(clock, IDLE_TIMEOUT_MS, () => void session.release())
    const session = new Session({
      send: (bytes) => {
        silence.heard()
        connection.write(bytes)
      },
      close: () => connection.close(),
      pause: () => connection.pause(),
      resume: () => connection.resume(),
      clock,
      random,
      maxMessageSizeBytes: topology.bufferSize,
      maxInFlight: topology.limits.perPeer.messages,
      address: connection.remoteAddress,
      endpoint: connection.endpoint,
      handler: this.#handlerOf(connection),
      onProblem: (error) => this.#warn(error.message, connection.remoteAddress),
    })
    return {
      data: (chunk) => {
        silence.heard()
        session.receive(chunk)
      },
      end: () => void session.release(),
      close: (error) => {
        silence.stop()
        session.closed(error?.message)
        this.#blocks.forget(connection.remoteAddress, connection.endpoint)
      },
    }
  }

  #handlerOf(connection: Connection): Handler {
    let hasBrought = false
    const note = (response: Response) => {
      if (isAcknowledgement(response.code)) {
        hasBrought = true
        this.#guests.keep(connection)
      }
      return response
    }
    const { topology, commits } = this.options
    return (request) => {
      if (commits.waiting >= topology.limits.overall.messages) {
        return busy("Too many messages at once", COME_AGAIN_SECONDS)
      }
      const response = this.#blocks.handle(request)
      if (hasBrought) {
        this.#guests.keep(connection)
        return response
      }
      return response instanceof Promise ? response.then(note) : note(response)
    }
  }
}
