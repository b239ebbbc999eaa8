// The gateway's first interface: one UDP port for CoAP and plain text, its datagrams told apart and answered.
import type { Clock, Random } from "../../clock"
import { BlockReceiver, encodeBlock } from "../../coap/block"
import { Code } from "../../coap/code"
import { findOption, OptionNumber, uintOption } from "../../coap/option"
import { type Handler, say } from "../../coap/resource"
import { Endpoint } from "../../coap/udp/exchange"
import { boundedBy, type Log } from "../../log"
import { Allowance } from "../../net/allowance"
import { Regulars } from "../../net/regulars"
import type { Datagrams, Sockets } from "../../net/sockets"
import { Turns } from "../../net/turns"
import type { Peer } from "../../net/udp"
import { type Addressing, bindAddress, bindsWholeLoopback } from "../../topology/addressing"
import type { Topology } from "../../topology/topology"
import { isPlainText, type PlainText } from "./plain-text"
import type { Uploads } from "./resources"

export interface ListenerOptions {
  readonly topology: Topology
  readonly addressing: Addressing
  readonly sockets: Sockets
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly uploads: Uploads
  readonly plainText: PlainText
}

interface Arrived {
  readonly datagram: Uint8Array
  readonly peer: Peer
}

const TRANSFER_BYTES = 32 * 1024 * 1024 // of all that are not finished

export class Listener {
  #socket: Datagrams | undefined
  #endpoint: Endpoint | undefined
  #turns: Turns<Arrived> | undefined

  constructor(private readonly options: ListenerOptions) {}

  /** The port that is bound. */
  get port(): number {
    return this.#socket?.port ?? 0
  }

  /** Throws an Error of one clear line when the port or the address cannot be had. */
  async start(): Promise<void> {
    const { topology, addressing, sockets, clock, random, log, uploads } = this.options
    const { address, port } = topology.gateway.interfaces.devices
    const { ackTimeout, maxRetransmit } = topology.transmission
    const { survey, perPeer, overall } = topology.limits
    // on a machine that lends all devices one address, that address's share is everybody's
    const share = addressing === "simulated" && !bindsWholeLoopback() ? overall : perPeer
    const transfers = {
      bodyBytes: survey,
      perAddress: share.transfers,
      transfers: overall.transfers,
      totalBytes: TRANSFER_BYTES,
    }
    const blocks = new BlockReceiver(transfers, clock, uploads.admit, uploads.handle)
    const allowance = new Allowance(share.datagramsPerSecond, overall.datagramsPerSecond, clock, random)
    const regulars = new Regulars(clock, random)
    const warn = boundedBy({ perPeer: 1, overall: 20 }, log.warn, clock.now)
    const endpoint = new Endpoint({
      send: (datagram, peer) => {
        const code = datagram[1]
        if (code === Code.Created || code === Code.Changed) regulars.note(peer.address)
        this.#socket?.send(datagram, peer)
      },
      clock,
      random,
      transmission: { ackTimeoutMs: ackTimeout.total("milliseconds"), maxRetransmit },
      handler: this.#withinBuffer(blocks.handle),
      // a survey in one datagram: taking it twice changes nothing, and costs less than remembering every answer
      isIdempotent: ({ code, options }) => code === Code.Put && !findOption(options, OptionNumber.Block1),
      onError: (error) => log.error(`An upload could not be handled: ${error}`),
    })
    this.#endpoint = endpoint
    const turns = new Turns<Arrived>({
      clock,
      handle: ({ datagram, peer }) => {
        try {
          if (isPlainText(datagram)) this.#answerText(datagram, peer)
          else endpoint.receive(datagram, peer)
        } catch (error) {
          log.error(`A datagram of ${peer.address} could not be handled: ${error}`)
        }
      },
      sizeOf: ({ datagram }) => datagram.length,
      isUrgent: ({ peer }) => regulars.has(peer.address),
    })
    this.#turns = turns
    this.#socket = await sockets.openUdp({
      address: bindAddress(address.ip, addressing),
      port,
      onDatagram: (datagram, peer) => {
        if (!allowance.take(peer.address)) {
          warn(
            `${peer.address} sends faster than limits.perPeer.datagramsPerSecond: datagrams are dropped`,
            peer.address,
          )
        } else if (!turns.add({ datagram, peer })) {
          warn("Datagrams come faster than this machine can take them: some are dropped", "")
        }
      },
      onProblem: (error) => log.debug(`UDP: ${error}`),
    })
  }

  /** May be called twice. */
  stop(): void {
    this.#turns?.stop()
    this.#endpoint?.stop()
    this.#socket?.close()
    this.#socket = undefined
  }

  #withinBuffer(handler: Handler): Handler {
    const { bufferSize, limits } = this.options.topology
    const hints = [
      { number: OptionNumber.Block1, value: encodeBlock({ number: 0, more: false, exponent: 6 }) },
      uintOption(OptionNumber.Size1, limits.survey),
    ]
    return (request) =>
      request.sizeBytes > bufferSize
        ? say(Code.RequestEntityTooLarge, `A message has at most ${bufferSize} bytes: send blocks`, hints)
        : handler(request)
  }

  #answerText(datagram: Uint8Array, peer: Peer): void {
    const { log, topology, plainText } = this.options
    const answer = (text: string | undefined) => {
      if (text !== undefined) this.#socket?.send(Buffer.from(text), peer)
    }
    const sender = `${peer.address}:${peer.port}`
    if (datagram.length > topology.bufferSize) {
      const reason = `A message has at most ${topology.bufferSize} bytes`
      return answer(plainText.refuse(datagram, peer.address, sender, reason))
    }
    plainText.handle(datagram, peer.address, sender).then(answer, (error) => {
      log.error(`Plain text from ${peer.address} could not be handled: ${error}`)
    })
  }
}
