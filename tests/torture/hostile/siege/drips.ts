// The attack over TCP: peers that give the cloud a byte a second, or none, for ever; who is dropped comes back.
import type { Socket } from "bun"
import { Code } from "../../../../src/coap/code"
import { OptionNumber, textOption } from "../../../../src/coap/option"
import { encodeFrame } from "../../../../src/coap/tcp/frame"
import { csm } from "../../../../src/coap/tcp/signal"
import type { Peer } from "../../../../src/net/udp"
import { formatAddress } from "../../../../src/topology/address"
import { SITE, strangerAddress } from "../place"

const DRIP_MS = 1000
const AGAIN_MS = 1000
const FROM_ONE_ADDRESS = 10 // every tenth peer comes from the same one
// its handshake has proven where a peer is: our settings and one line may be more than it sent
const SETTINGS_AND_A_LINE_BYTES = 128

export interface DripReport {
  readonly connections: number
  readonly dropped: number
  readonly wrong: readonly string[]
}

const put = encodeFrame({
  code: Code.Put,
  token: Uint8Array.of(1),
  options: ["sites", SITE].map((segment) => textOption(OptionNumber.UriPath, segment)),
  payload: Buffer.alloc(4000, " "),
})
const text = Buffer.from("10.78.0.1 - 08:00 - 20 - 30%\n".repeat(1000))
/** What each says, byte by byte, and over again: a message without end, messages without sense, text, nothing. */
const SPEECHES: readonly Uint8Array[] = [
  put,
  Buffer.concat([encodeFrame(csm(4096)), put]),
  Buffer.concat([encodeFrame(csm(4096)), new Uint8Array(4096)]), // empty messages
  text,
  Uint8Array.of(0x31),
  new Uint8Array(0),
]

/** Where there is TLS: the beginning of a handshake, one that never ends, and a record of a kind that is none. */
const TLS_SPEECHES: readonly Uint8Array[] = [
  Uint8Array.of(0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3),
  Uint8Array.of(0x16, 3, 1, 0x40, 0),
  Uint8Array.of(0x99, 3, 3, 0, 1, 0),
]

export class Drips implements Disposable {
  readonly #peers: Drip[]
  readonly #timer: ReturnType<typeof setInterval>

  constructor(cloud: Peer, count: number, isTls = false) {
    const speeches = isTls ? [...SPEECHES, ...TLS_SPEECHES] : SPEECHES
    this.#peers = Array.from({ length: count }, (_, index) => new Drip(cloud, index, speeches))
    this.#timer = setInterval(() => {
      for (const peer of this.#peers) peer.drip()
    }, DRIP_MS)
  }

  report(): DripReport {
    const sum = (of: (peer: Drip) => number) => this.#peers.reduce((total, peer) => total + of(peer), 0)
    return {
      connections: sum(({ connections }) => connections),
      dropped: sum(({ dropped }) => dropped),
      wrong: [...new Set(this.#peers.flatMap(({ wrong }) => wrong))],
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
    for (const peer of this.#peers) peer.stop()
  }
}

class Drip {
  connections = 0
  dropped = 0
  wrong: string[] = []
  readonly #speech: Uint8Array
  readonly #localAddress: string
  #socket: Socket | undefined
  #sentBytes = 0
  #heardBytes = 0
  #at = 0
  #stopped = false

  constructor(
    private readonly cloud: Peer,
    index: number,
    speeches: readonly Uint8Array[],
  ) {
    this.#speech = speeches[index % speeches.length] ?? new Uint8Array(0)
    this.#localAddress = formatAddress(strangerAddress(index % FROM_ONE_ADDRESS === 0 ? 0 : index))
    this.#connect()
  }

  drip(): void {
    const byte = this.#speech[this.#at++ % this.#speech.length]
    if (byte === undefined || !this.#socket) return
    this.#sentBytes += Math.max(0, this.#socket.write(Uint8Array.of(byte)))
  }

  stop(): void {
    this.#stopped = true
    this.#socket?.terminate()
  }

  async #connect(): Promise<void> {
    const { address, port } = this.cloud
    const source = { localAddress: this.#localAddress } // honoured, though not typed
    const socket = {
      data: (_socket: Socket, chunk: Uint8Array) => this.#hear(chunk.length),
      close: () => this.#comeAgain(),
      error() {},
    }
    try {
      const opened = await Bun.connect({ hostname: address, port, socket, ...source })
      this.connections++
      if (this.#stopped) opened.terminate()
      else this.#socket = opened
    } catch {
      this.#comeAgain()
    }
  }

  #hear(bytes: number): void {
    this.#heardBytes += bytes
    if (this.#heardBytes <= this.#sentBytes + SETTINGS_AND_A_LINE_BYTES) return
    this.wrong = [`a TCP peer sent ${this.#sentBytes} bytes and got ${this.#heardBytes}`]
  }

  #comeAgain(): void {
    this.#socket = undefined
    this.#sentBytes = 0
    this.#heardBytes = 0
    this.#at = 0
    if (this.#stopped) return
    this.dropped++
    setTimeout(() => this.#connect(), AGAIN_MS)
  }
}
