// The gateway's first interface: one UDP port for CoAP and plain text, its datagrams told apart and answered.
import type { Clock, Random } from "../../clock"
import { BlockReceiver, encodeBlock } from "../../coap/block"
import { answeringInBlocks } from "../../coap/block2"
import { Code } from "../../coap/code"
import { findOption, OptionNumber, uintOption } from "../../coap/option"
import { hasOscore } from "../../coap/oscore/message"
import { ContentFormat, contentFormatOf, type Handler, say } from "../../coap/resource"
import { Endpoint } from "../../coap/udp/exchange"
import type { Log } from "../../log"
import type { Datagrams, Sockets } from "../../net/sockets"
import type { Peer } from "../../net/udp"
import { type Addressing, bindAddress, bindsWholeLoopback } from "../../topology/addressing"
import type { Topology } from "../../topology/topology"
import { Admission } from "./admission"
import { isPlainText, type PlainText } from "./plain-text"
import type { Resources } from "./resources"
import { Secure, type SecureOptions } from "./secure"
import type { Senders } from "./senders"

export interface ListenerOptions {
  readonly topology: Topology
  readonly addressing: Addressing
  readonly sockets: Sockets
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly senders: Senders
  readonly resources: Resources
  readonly plainText: PlainText
  /** Without it nothing is said in OSCORE. */
  readonly oscore?: Pick<SecureOptions, "keys" | "randomBytes" | "onStranger"> | undefined
}

const TRANSFER_BYTES = 32 * 1024 * 1024 // of all that are not finished

export class Listener {
  #socket: Datagrams | undefined
  #endpoint: Endpoint | undefined
  #admission: Admission | undefined

  constructor(private readonly options: ListenerOptions) {}

  /** The port that is bound. */
  get port(): number {
    return this.#socket?.port ?? 0
  }

  /** Throws an Error of one clear line when the port or the address cannot be had. */
  async start(): Promise<void> {
    const { topology, addressing, sockets, clock, random, log, senders, resources } = this.options
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
    const blocks = new BlockReceiver(transfers, clock, resources.admit, answeringInBlocks(resources.handle))
    const { oscore } = this.options
    const secured = { topology, clock, log, handler: blocks.handle, perAddress: share.transfers }
    const secure = oscore && new Secure({ ...secured, ...oscore })
    const endpoint = new Endpoint({
      send: (datagram, peer) => this.#socket?.send(datagram, peer),
      clock,
      random,
      transmission: { ackTimeoutMs: ackTimeout.total("milliseconds"), maxRetransmit },
      handler: this.#withinBuffer(secure?.handle ?? blocks.handle),
      isProtected: secure && hasOscore,
      // what is asked; and a survey in one datagram: taking it twice changes nothing, and costs less than remembering every
      // answer. In SenML a time may count from when it came, and would be another one when it comes again. What is protected
      // is taken once: who sends it again is to get the answer that it had
      isIdempotent: (message) =>
        !(secure && hasOscore(message)) &&
        (message.code === Code.Get ||
          (message.code === Code.Put &&
            !findOption(message.options, OptionNumber.Block1) &&
            contentFormatOf(message) !== ContentFormat.Senml)),
      onError: (error) => log.error(`An upload could not be handled: ${error}`),
    })
    this.#endpoint = endpoint
    const admission = new Admission({
      perSecond: { perAddress: share.datagramsPerSecond, overall: overall.datagramsPerSecond },
      senders,
      clock,
      random,
      handle: (datagram, peer) => {
        try {
          if (isPlainText(datagram)) this.#answerText(datagram, peer)
          else endpoint.receive(datagram, peer)
        } catch (error) {
          log.error(`A datagram of ${peer.address} could not be handled: ${error}`)
        }
      },
      warn: log.warn,
    })
    this.#admission = admission
    this.#socket = await sockets.openUdp({
      address: bindAddress(address.ip, addressing),
      port,
      onDatagram: (datagram, peer) => admission.take(datagram, peer),
      onProblem: (error) => log.debug(`UDP: ${error}`),
    })
  }

  /** May be called twice. */
  stop(): void {
    this.#admission?.stop()
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
