// One of the fuzzer's UDP sockets, and an account of what it sent and got: answers must not be longer than requests.
import type { udp } from "bun"
import { Type } from "../../../../src/coap/udp/message"
import type { Peer } from "../../../../src/net/udp"
import { Reference } from "../reference"

const EMPTY_ANSWER_BYTES = "Surveys arrived".length // to an empty datagram, the one exception
const IDS = 0x1_0000
const RESET_BYTES = 4
const reference = new Reference()

export interface FuzzPeerOptions {
  readonly address: string
  readonly gateway: Peer
  /** Message id of its first datagram; each one's is one more. */
  readonly firstId: number
  /** Whether it sends plain text, so that answers are no messages. */
  readonly isText: boolean
  readonly onWrong: (wrong: string) => void
  /** Who had this address and port before, as far as anybody remembers: its answers may come late. */
  readonly formerAt?: (endpoint: string) => FuzzPeer | undefined
}

export class FuzzPeer {
  #socket: udp.Socket<"buffer"> | undefined
  #endpoint = ""
  /** By how far its message id is from the first one. */
  readonly #lengths: number[] = []
  #pinged = -1
  #answered = Promise.withResolvers<boolean>()
  #sentBytes = 0
  #receivedBytes = 0
  #emptyBytes = 0

  private constructor(private readonly options: FuzzPeerOptions) {}

  static async open(options: FuzzPeerOptions): Promise<FuzzPeer> {
    const peer = new FuzzPeer(options)
    peer.#socket = await Bun.udpSocket({
      hostname: options.address,
      socket: { data: (_socket, datagram) => peer.#receive(datagram), error() {} },
    })
    peer.#endpoint = `${options.address}:${peer.#socket.port}`
    return peer
  }

  /** Address and port, also when it is closed. */
  get endpoint(): string {
    return this.#endpoint
  }

  /** Sends a batch; the message id of each, if it has one, is its place behind the first one. */
  send(datagrams: readonly Uint8Array[]): void {
    const { gateway } = this.options
    const list: (Uint8Array | number | string)[] = []
    for (const [index, datagram] of datagrams.entries()) {
      this.#lengths[index] = datagram.length
      this.#sentBytes += datagram.length
      if (datagram.length === 0) this.#emptyBytes += EMPTY_ANSWER_BYTES
      list.push(datagram, gateway.port, gateway.address)
    }
    this.#socket?.sendMany(list)
  }

  /** Resolves with whether the gateway answers a ping in time, and so has looked at all that came before. */
  async ping(timeoutMs: number): Promise<boolean> {
    const { firstId, gateway } = this.options
    const id = (firstId + this.#lengths.length) % IDS
    this.#lengths.push(RESET_BYTES)
    this.#sentBytes += RESET_BYTES
    this.#pinged = id
    this.#answered = Promise.withResolvers()
    const timer = setTimeout(() => this.#answered.resolve(false), timeoutMs)
    this.#socket?.send(Uint8Array.of(0x40, 0, id >> 8, id & 0xff), gateway.port, gateway.address)
    const answered = await this.#answered.promise
    clearTimeout(timer)
    return answered
  }

  close(): void {
    this.#socket?.close()
    this.#socket = undefined
  }

  #receive(datagram: Uint8Array): void {
    const former = this.options.formerAt?.(this.#endpoint)
    if (former && !this.#isMine(datagram)) former.#account(datagram)
    else this.#account(datagram)
  }

  /** Whether a message answers one of its own, as far as that can be seen. */
  #isMine(datagram: Uint8Array): boolean {
    if (this.options.isText) return true
    if (!reference.readMessage(datagram)) return false
    const { type, id } = headerOf(datagram)
    return !isAnswerById(type) || this.#lengthOf(id) !== undefined
  }

  #account(datagram: Uint8Array): void {
    const { address, isText, onWrong } = this.options
    this.#receivedBytes += datagram.length
    if (this.#receivedBytes > this.#sentBytes + this.#emptyBytes) {
      onWrong(`${address} sent ${this.#sentBytes} bytes and got ${this.#receivedBytes}`)
    }
    const { type, id } = headerOf(datagram)
    if (id === this.#pinged && type === Type.Reset) this.#answered.resolve(true)
    if (!isText) this.#checkMessage(datagram, type, id)
  }

  #lengthOf(id: number): number | undefined {
    return this.#lengths[(id - this.options.firstId + IDS) % IDS]
  }

  #checkMessage(datagram: Uint8Array, type: number, id: number): void {
    const { onWrong } = this.options
    const requestBytes = isAnswerById(type) ? (this.#lengthOf(id) ?? 0) : datagram.length
    // first: one that is too long may be malformed for that reason alone
    if (datagram.length > requestBytes)
      onWrong(`an answer of ${datagram.length} bytes to ${requestBytes}: ${datagram.toHex()}`)
    else if (!reference.readMessage(datagram)) onWrong(`an answer is malformed: ${datagram.toHex()}`)
  }
}

const headerOf = (datagram: Uint8Array) => ({
  type: ((datagram[0] ?? 0) >> 4) & 3,
  id: ((datagram[2] ?? 0) << 8) | (datagram[3] ?? 0),
})

const isAnswerById = (type: number): boolean => type === Type.Acknowledgement || type === Type.Reset
