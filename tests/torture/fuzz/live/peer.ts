// One of the fuzzer's UDP sockets, and an account of what it sent and got: answers must not be longer than requests.
import type { udp } from "bun"
import type { Peer } from "../../../../src/coap/exchange"
import { Type } from "../../../../src/coap/message"
import { Reference } from "../reference"

const EMPTY_ANSWER_BYTES = "Surveys arrived".length // to an empty datagram, the one exception
const IDS = 0x1_0000
const RESET_BYTES = 4
const reference = new Reference()

export class FuzzPeer {
  #socket: udp.Socket<"buffer"> | undefined
  /** By how far its message id is from the first one. */
  readonly #lengths: number[] = []
  #pinged = -1
  #answered = Promise.withResolvers<boolean>()
  #sentBytes = 0
  #receivedBytes = 0
  #emptyBytes = 0

  private constructor(
    readonly address: string,
    private readonly gateway: Peer,
    private readonly firstId: number,
    /** Whether it sends plain text, so that answers are no messages. */
    private readonly isText: boolean,
    private readonly onWrong: (wrong: string) => void,
  ) {}

  static async open(
    address: string,
    gateway: Peer,
    firstId: number,
    isText: boolean,
    onWrong: (wrong: string) => void,
  ): Promise<FuzzPeer> {
    const peer = new FuzzPeer(address, gateway, firstId, isText, onWrong)
    peer.#socket = await Bun.udpSocket({
      hostname: address,
      socket: { data: (_socket, datagram) => peer.#receive(datagram), error() {} },
    })
    return peer
  }

  /** Sends a batch; the message id of each, if it has one, is its place behind the first one. */
  send(datagrams: readonly Uint8Array[]): void {
    const list: (Uint8Array | number | string)[] = []
    for (const [index, datagram] of datagrams.entries()) {
      this.#lengths[index] = datagram.length
      this.#sentBytes += datagram.length
      if (datagram.length === 0) this.#emptyBytes += EMPTY_ANSWER_BYTES
      list.push(datagram, this.gateway.port, this.gateway.address)
    }
    this.#socket?.sendMany(list)
  }

  /** Resolves with whether the gateway answers a ping in time, and so has looked at all that came before. */
  async ping(timeoutMs: number): Promise<boolean> {
    const id = (this.firstId + this.#lengths.length) % IDS
    this.#lengths.push(RESET_BYTES)
    this.#sentBytes += RESET_BYTES
    this.#pinged = id
    this.#answered = Promise.withResolvers()
    const timer = setTimeout(() => this.#answered.resolve(false), timeoutMs)
    this.#socket?.send(Uint8Array.of(0x40, 0, id >> 8, id & 0xff), this.gateway.port, this.gateway.address)
    const answered = await this.#answered.promise
    clearTimeout(timer)
    return answered
  }

  close(): void {
    this.#socket?.close()
    this.#socket = undefined
  }

  #receive(datagram: Uint8Array): void {
    this.#receivedBytes += datagram.length
    if (this.#receivedBytes > this.#sentBytes + this.#emptyBytes) {
      this.onWrong(`${this.address} sent ${this.#sentBytes} bytes and got ${this.#receivedBytes}`)
    }
    const id = ((datagram[2] ?? 0) << 8) | (datagram[3] ?? 0)
    const type = ((datagram[0] ?? 0) >> 4) & 3
    if (id === this.#pinged && type === Type.Reset) this.#answered.resolve(true)
    if (!this.isText) this.#checkMessage(datagram, type, id)
  }

  #checkMessage(datagram: Uint8Array, type: number, id: number): void {
    if (!reference.readMessage(datagram)) return this.onWrong(`an answer is malformed: ${datagram.toHex()}`)
    if (type !== Type.Acknowledgement && type !== Type.Reset) return
    const requestBytes = this.#lengths[(id - this.firstId + IDS) % IDS] ?? 0
    if (datagram.length > requestBytes) {
      this.onWrong(`an answer of ${datagram.length} bytes to ${requestBytes}: ${datagram.toHex()}`)
    }
  }
}
