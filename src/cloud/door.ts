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
import { HungUp, isTlsRecord } from "../net/tls"
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
  readonly gateways: Pick<Gateways, "rankOf" | "identify">
  readonly texts: Texts
  readonly receiver: Receiver
  /** Surveys that wait to be stored. */
  readonly waiting: () => number
}

const PROTOCOL_TIMEOUT_MS = 10_000 // for the two bytes that tell the protocol
const IDLE_TIMEOUT_MS = 300_000 // without a byte either way; a gateway connects anew for each forwarding
const MIB = 1024 * 1024
const BODY_BYTES = 16 * MIB // a merged survey may be larger than any upload was, and a fleet's account of a collection is
const TRANSFER_BYTES = 48 * MIB // in all
const COME_AGAIN_SECONDS = 1
const NOT_TRUSTED = "ended at once behind the TLS handshake: does its gateway know this cloud's certificate?"
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
    return this.options.topology.cloud.tls ? this.#acceptKeyed(connection) : this.#acceptPlain(connection)
  }

  /** Under TLS: CoAP alone, and nothing of it is read before a key has told who it is. */
  #acceptKeyed(connection: Connection): ConnectionHandler {
    const { clock, gateways } = this.options
    const { remoteAddress } = connection
    let opened: { session: Session; handler: ConnectionHandler } | undefined
    let identity: string | undefined
    let isSilent = true
    const cancel = clock.after(PROTOCOL_TIMEOUT_MS, () => connection.close())
    return {
      secured: (shown) => {
        const known = gateways.identify(shown, clock.now())
        if ("refusal" in known) {
          isSilent = false
          this.#warn(`Refused a connection of ${remoteAddress}: ${known.refusal}`, remoteAddress)
          // its people learn of it too: with TLS 1.3 its own handshake was good
          opened = this.#open(connection)
          opened.session.abort(`This cloud does not trust this gateway: ${known.refusal}`)
          return
        }
        identity = known.identity
        this.#guests.identify(connection, identity, known.rank)
        opened = this.#open(connection, identity)
      },
      data: (chunk) => {
        isSilent = false
        cancel()
        opened?.handler.data(chunk)
      },
      end: () => (opened?.handler.end ? opened.handler.end() : connection.close()),
      close: (error) => {
        cancel()
        this.#guests.leave(connection)
        if (isSilent && opened) this.#warn(`${remoteAddress} ${NOT_TRUSTED}`, remoteAddress, identity)
        else if (!opened && error) this.#tellHandshake(error, remoteAddress)
        opened?.handler.close(error)
      },
    }
  }

  /** A peer that hangs up may only have looked whether the port is open, as balancers do: that warns nobody. */
  #tellHandshake(error: Error, peer: string): void {
    if (error.cause instanceof HungUp) this.options.log.debug(error.message)
    else this.#warn(error.message, peer)
  }

  /** Two bytes tell which protocol it is; until then we say nothing, as RFC 8323 §3.3 allows. */
  #acceptPlain(connection: Connection): ConnectionHandler {
    let head = new Uint8Array(0)
    let handler: ConnectionHandler | undefined
    const cancel = this.options.clock.after(PROTOCOL_TIMEOUT_MS, () => connection.close())
    return {
      data: (chunk) => {
        if (handler) return handler.data(chunk)
        head = Buffer.concat([head, chunk])
        if (head.length < 2) return
        cancel()
        if (isTlsRecord(head)) {
          const { remoteAddress } = connection
          this.#warn(`${remoteAddress} speaks TLS, and this cloud does not: it has no cloud.tls`, remoteAddress)
          return this.#open(connection).session.abort("There is no TLS here") // to TLS a version that is none
        }
        handler = isPlainText(head) ? this.options.texts.accept(connection) : this.#open(connection).handler
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

  /**
   * No crowd of others hides what is wrong with a gateway.
   * @param identity under TLS, of one that is known
   */
  #warn(text: string, address: string, identity?: string): void {
    if (identity !== undefined || this.options.gateways.rankOf(address) > 0)
      this.#warnOfGateways(text, identity ?? address)
    else this.#warnOfOthers(text, address)
  }

  /** @param identity under TLS */
  #open(connection: Connection, identity?: string): { session: Session; handler: ConnectionHandler } {
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
      identity,
      endpoint: connection.endpoint,
      handler: this.#handlerOf(connection),
      onProblem: (error) => this.#warn(error.message, connection.remoteAddress, identity),
    })
    const handler: ConnectionHandler = {
      data: (chunk) => {
        silence.heard()
        session.receive(chunk)
      },
      end: () => void session.release(),
      close: (error) => {
        silence.stop()
        session.closed(error?.message)
        this.#blocks.forget({ address: connection.remoteAddress, identity }, connection.endpoint)
      },
    }
    return { session, handler }
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
    const { topology, waiting } = this.options
    return (request) => {
      if (waiting() >= topology.limits.overall.messages) {
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
