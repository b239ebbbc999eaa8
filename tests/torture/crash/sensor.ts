// A sensor of its own, not the programme's: sends a survey over CoAP until it is acknowledged (RFC 7252, RFC 7959).
import type { Random } from "../../../src/clock"
import { encodeBlock } from "../../../src/coap/block"
import { Code, formatCode } from "../../../src/coap/code"
import { type Option, OptionNumber, textOption } from "../../../src/coap/option"
import { decodeMessage, encodeMessage, type Message, Type } from "../../../src/coap/udp/message"
import { type Datagrams, systemSockets } from "../../../src/net/sockets"
import type { Peer } from "../../../src/net/udp"
import type { Day } from "../../../src/survey/calendar"
import { bindAddress } from "../../../src/topology/addressing"
import type { Book } from "./book"
import { type Reading, textOf } from "./readings"

const RESEND_MS = 30
const BLOCK_BYTES = 1024
const BLOCK_EXPONENT = 6

interface Exchange {
  readonly id: number
  readonly token: Uint8Array
  readonly resolve: (answer: Message) => void
  readonly reject: (reason: Error) => void
}

export class Sensor {
  #socket: Datagrams | undefined
  #exchange: Exchange | undefined
  #nextId: number
  #closed = false

  private constructor(
    readonly ip: string,
    private readonly gateway: Peer,
    private readonly book: Book,
    random: Random,
  ) {
    this.#nextId = Math.floor(random() * 0x1_0000)
  }

  /** @param ip its declared address; it sends from the simulated one */
  static async open(ip: string, gateway: Peer, book: Book, random: Random): Promise<Sensor> {
    const sensor = new Sensor(ip, gateway, book, random)
    const address = bindAddress(ip, "simulated")
    const onDatagram = (datagram: Uint8Array) => sensor.#receive(decodeMessage(datagram))
    sensor.#socket = await systemSockets.openUdp({ address, port: 0, onDatagram })
    return sensor
  }

  /** Resolves when it is acknowledged. Rejects for any answer but those of a restart, and when the sensor is closed. */
  async upload(day: Day, readings: readonly Reading[]): Promise<void> {
    const sent = this.book.send(this.ip, day, readings)
    const body = new TextEncoder().encode(textOf(readings))
    const path = ["surveys", this.ip, day].map((segment) => textOption(OptionNumber.UriPath, segment))
    for (;;) {
      const { code } = await this.#put(path, body)
      if (code === Code.Created || code === Code.Changed) return this.book.acknowledge(sent)
      // whoever was killed has forgotten the first blocks
      if (code !== Code.RequestEntityIncomplete) throw new Error(`${this.ip} was answered ${formatCode(code)}`)
    }
  }

  /** Gives up what is under way. May be called twice. */
  close(): void {
    this.#closed = true
    this.#exchange?.reject(new Error("the sensor is closed"))
    this.#socket?.close()
  }

  /** The answer to the last block, or the first that ends the transfer. */
  async #put(path: readonly Option[], body: Uint8Array): Promise<Message> {
    for (let number = 0; ; number++) {
      const end = (number + 1) * BLOCK_BYTES
      const more = end < body.length
      const value = encodeBlock({ number, more, exponent: BLOCK_EXPONENT })
      const block = body.length > BLOCK_BYTES ? [{ number: OptionNumber.Block1, value }] : []
      const answer = await this.#ask([...path, ...block], body.subarray(number * BLOCK_BYTES, end))
      if (answer.code !== Code.Continue || !more) return answer
    }
  }

  /** The same datagram again and again until it is answered. */
  async #ask(options: readonly Option[], payload: Uint8Array): Promise<Message> {
    if (this.#closed) throw new Error("the sensor is closed")
    const id = this.#nextId
    this.#nextId = (id + 1) & 0xffff
    const token = Uint8Array.of(id >> 8, id & 0xff)
    const datagram = encodeMessage({ type: Type.Confirmable, code: Code.Put, id, token, options, payload })
    const { promise, resolve, reject } = Promise.withResolvers<Message>()
    this.#exchange = { id, token, resolve, reject }
    const send = () => this.#socket?.send(datagram, this.gateway)
    const timer = setInterval(send, RESEND_MS)
    send()
    return promise.finally(() => clearInterval(timer))
  }

  #receive(message: Message): void {
    const exchange = this.#exchange
    if (!exchange || message.type !== Type.Acknowledgement || message.id !== exchange.id) return
    if (Buffer.compare(message.token, exchange.token) === 0) exchange.resolve(message)
  }
}
