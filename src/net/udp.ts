// The UDP edge: Bun's socket, batched sends, and nothing that a peer or its network does ends the process.
import { networkInterfaces } from "node:os"
import type { udp } from "bun"
import { tuneUdpSocket } from "./socket-options"

export interface Peer {
  /** IPv4 text. */
  readonly address: string
  readonly port: number
}

export interface UdpOptions {
  /** IPv4 literal to bind: exactly this one, so that answers come from it. */
  readonly address: string
  /** 0: any free port. */
  readonly port: number
  readonly onDatagram: (datagram: Uint8Array, peer: Peer) => void
  /** A handler threw, or the network said something that nobody waits for; the socket goes on. */
  readonly onProblem?: (error: unknown) => void
}

const PARTS = 3 // of a datagram in Bun's flat list: bytes, port, address
const DATAGRAMS_PER_CALL = 128 // sendmmsg has been seen to drop past about 200
const MAX_QUEUED = 16_384 // datagrams, while the kernel's buffer is full

export class UdpSocket {
  /** Counts since the start. `unsent`: what the kernel refused twice, or had no room for. */
  readonly counts = { received: 0, sent: 0, unsent: 0, problems: 0 }
  #socket: udp.Socket<"uint8array"> | undefined
  #queue: (Uint8Array | number | string)[] = []
  #flushing = false
  readonly #onProblem: (error: unknown) => void

  private constructor(onProblem: (error: unknown) => void) {
    this.#onProblem = onProblem
  }

  /** Throws an Error with one clear line when the address is not on this machine or the port is taken. */
  static async open({ address, port, onDatagram, onProblem = () => {} }: UdpOptions): Promise<UdpSocket> {
    const opened = new UdpSocket(onProblem)
    try {
      opened.#socket = await Bun.udpSocket({
        hostname: address,
        port,
        binaryType: "uint8array", // a Buffer costs more to take apart
        socket: {
          data(_socket, datagram, senderPort, senderAddress) {
            opened.counts.received++
            try {
              onDatagram(datagram, { address: senderAddress, port: senderPort })
            } catch (error) {
              opened.#problem(error)
            }
          },
          drain: () => opened.#flush(),
          // Bun calls this with the error alone, whatever its types say: an ICMP answer to something sent earlier
          error: (...told: unknown[]) => opened.#problem(told.at(-1)),
        },
      })
    } catch (cause) {
      throw bindError("UDP", address, port, cause)
    }
    const { fd } = opened.#socket as unknown as { fd?: number } // there, but not typed
    if (fd !== undefined) tuneUdpSocket(fd)
    return opened
  }

  get port(): number {
    return this.#socket?.port ?? 0
  }

  /** Queues a datagram; all of one turn leave together. What cannot be sent is lost, as UDP may lose anything. */
  send(datagram: Uint8Array, peer: Peer): void {
    if (!this.#socket || this.#queue.length >= PARTS * MAX_QUEUED) {
      this.counts.unsent++
      return
    }
    this.#queue.push(datagram, peer.port, peer.address)
    if (this.#flushing) return
    this.#flushing = true
    queueMicrotask(() => this.#flush())
  }

  /** Sends what is queued and closes. May be called twice. */
  close(): void {
    this.#flush()
    this.#socket?.close()
    this.#socket = undefined
    this.counts.unsent += this.#queue.length / PARTS
    this.#queue = []
  }

  #flush(): void {
    this.#flushing = false
    const queue = this.#queue
    this.#queue = []
    let at = 0
    while (at < queue.length) {
      // a pending error of an unrelated peer throws once: the second try tells whether this datagram is at fault
      const sent = this.#trySend(queue, at, DATAGRAMS_PER_CALL) ?? this.#trySend(queue, at, 1)
      if (sent === 0) break // the kernel's buffer is full: Bun calls drain
      if (sent === undefined) this.counts.unsent++
      else this.counts.sent += sent
      at += PARTS * (sent ?? 1)
    }
    if (at < queue.length) this.#queue = [...queue.slice(at), ...this.#queue]
  }

  /** How many datagrams from `at` on the kernel took; undefined when it reported an error instead. */
  #trySend(queue: (Uint8Array | number | string)[], at: number, datagrams: number): number | undefined {
    if (!this.#socket || this.#socket.closed) return 0
    try {
      return this.#socket.sendMany(queue.slice(at, at + PARTS * datagrams))
    } catch (error) {
      this.#problem(error)
      return undefined
    }
  }

  #problem(error: unknown): void {
    this.counts.problems++
    this.#onProblem(error)
  }
}

/** Undefined when this machine has the address; otherwise the error that says so, as `open()` would throw it. */
export async function canBind(address: string): Promise<Error | undefined> {
  try {
    const socket = await Bun.udpSocket({ hostname: address })
    socket.close()
    return undefined
  } catch (cause) {
    return bindError("UDP", address, 0, cause)
  }
}

function ownAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
  return all.filter(({ family }) => family === "IPv4").map(({ address }) => address)
}

/** What a bind that failed means to the person who wrote the address. Keeps the system's `code`. */
export function bindError(protocol: "UDP" | "TCP", address: string, port: number, cause: unknown): Error {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown error"
  const where = `${protocol} port ${port} of ${address}`
  const told: Record<string, string> = {
    EADDRINUSE: `${where} is in use: stop the other program (ss -lpn | grep ${port}), or choose another port`,
    EADDRNOTAVAIL: `${address} is not an address of this machine, which has ${ownAddresses().join(", ")}`,
    EACCES: `${where} may not be opened: ports below 1024 belong to root`,
  }
  return Object.assign(new Error(told[code] ?? `${where} cannot be opened: ${code}`, { cause }), { code })
}
