// Sockets in memory: nothing is lost and everything takes a while, so that a seed alone decides what happens when.
import type { Clock, Random } from "../../../src/clock"
import { type Connection, type RawSocket, TcpConnection } from "../../../src/net/connection"
import type { Datagrams, Sockets } from "../../../src/net/sockets"
import type { ConnectOptions, TcpListener, TcpOptions } from "../../../src/net/tcp"
import type { Peer, UdpOptions } from "../../../src/net/udp"
import type { UnixListener } from "../../../src/net/unix"

/** Sees everything at the moment at which it leaves. */
export interface Observer {
  datagram(datagram: Uint8Array, from: Peer, to: Peer): void
  /** Part of one direction of a connection. */
  stream(bytes: Uint8Array, connection: number, fromServer: boolean): void
}

const BATCH_MS = 5
const LATEST_BATCH = 4
const TCP_MS = 10
const FIRST_FREE_PORT = 50_000
const MAX_QUEUED_BYTES = 16 * 1024 * 1024

const nameOf = ({ address, port }: Peer) => `${address}:${port}`

export class Links implements Sockets {
  readonly #udp = new Map<string, UdpOptions>()
  readonly #tcp = new Map<string, TcpOptions>()
  readonly #batches = new Map<number, (() => void)[]>()
  #nextPort = FIRST_FREE_PORT
  #connections = 0

  constructor(
    private readonly clock: Clock,
    private readonly random: Random,
    private readonly observer: Observer,
  ) {}

  async openUdp(options: UdpOptions): Promise<Datagrams> {
    const own = { address: options.address, port: options.port || this.#nextPort++ }
    this.#udp.set(nameOf(own), options)
    return {
      port: own.port,
      send: (datagram, peer) => {
        this.observer.datagram(datagram, own, peer)
        const copy = datagram.slice()
        this.#batch(() => this.#udp.get(nameOf(peer))?.onDatagram(copy, own))
      },
      close: () => void this.#udp.delete(nameOf(own)),
    }
  }

  listenTcp(options: TcpOptions): TcpListener {
    const name = nameOf(options)
    this.#tcp.set(name, options)
    return { port: options.port, renew() {}, stop: async () => void this.#tcp.delete(name) }
  }

  async connectTcp(options: ConnectOptions): Promise<Connection> {
    const server = this.#tcp.get(nameOf(options))
    if (!server) throw new Error(`TCP port ${options.port} of ${options.address} cannot be reached`)
    const connection = ++this.#connections
    const near = this.#end(options, connection, false)
    const far = this.#end(server, connection, true)
    near.socket.far = far.connection
    far.socket.far = near.connection
    far.connection.begin(server.onConnection)
    near.connection.begin(options.onConnection)
    return near.connection
  }

  /** Nobody asks. */
  listenUnix(): UnixListener {
    return { stop: async () => {} }
  }

  async canBind(): Promise<undefined> {}

  /** Datagrams reach their readers a few at a time, so that uploads share commits. */
  #batch(deliver: () => void): void {
    const at = (Math.floor(this.clock.now() / BATCH_MS) + 1 + Math.floor(this.random() * LATEST_BATCH)) * BATCH_MS
    const batch = this.#batches.get(at) ?? []
    batch.push(deliver)
    if (batch.length > 1) return
    this.#batches.set(at, batch)
    this.clock.after(at - this.clock.now(), () => {
      this.#batches.delete(at)
      for (const each of batch) each()
    })
  }

  #end({ onProblem = () => {} }: TcpOptions, id: number, isServer: boolean) {
    const { clock } = this
    const socket = new Wire(clock, (bytes) => this.observer.stream(bytes, id, isServer))
    const endpoint = `${isServer ? "server" : "client"}#${id}`
    const settings = { endpoint, clock, maxQueuedBytes: MAX_QUEUED_BYTES, onProblem, onClosed: () => {} }
    const connection = new TcpConnection(socket, { remoteAddress: "127.0.0.1", ...settings })
    socket.near = connection
    return { socket, connection }
  }
}

/** One end's socket: what is written comes out of the other in the same order. */
class Wire implements RawSocket {
  near: TcpConnection | undefined
  far: TcpConnection | undefined
  #finished = false

  constructor(
    private readonly clock: Clock,
    private readonly observe: (bytes: Uint8Array) => void,
  ) {}

  write(bytes: Uint8Array): number {
    this.observe(bytes)
    const copy = bytes.slice()
    this.#later(() => this.far?.received(copy))
    return bytes.length
  }

  shutdown(): void {
    if (this.#finished) return
    this.#finished = true
    this.#later(() => this.far?.peerEnded())
  }

  end(): void {
    this.shutdown()
    this.#later(() => this.near?.socketClosed())
  }

  terminate(): void {
    this.#later(() => this.far?.socketClosed(new Error("reset by the peer")))
  }

  pause(): void {}
  resume(): void {}

  #later(callback: () => void): void {
    this.clock.after(TCP_MS, callback)
  }
}
