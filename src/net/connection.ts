// One TCP connection: writes gathered and kept until they are taken, an end that loses nothing, bounds. No sockets.
import type { Clock } from "../clock"
import type { ShownCertificate } from "./tls"

export interface Connection {
  /** The peer's address, IPv4 text where it is one. */
  readonly remoteAddress: string
  /** A text that no other connection of this process has. */
  readonly endpoint: string
  /** Bytes written that the socket has not taken. */
  readonly queuedBytes: number
  /** Queues bytes, which must not change afterwards; all of one turn leave together. After an end they are dropped. */
  write(bytes: Uint8Array): void
  /** Sends what is queued, then ends; after a second without the peer's end it is over anyhow. During a handshake at once. */
  close(): void
  /** Ends at once and drops what is queued; the peer sees a reset. */
  destroy(error?: Error): void
  /** Stops reading: the peer's data stays in the network. */
  pause(): void
  resume(): void
}

/** What its owner does with a connection; `close` comes last and once. */
export interface ConnectionHandler {
  /** Under TLS, before anything else: the handshake is over, and nothing that the peer says has been read. */
  secured?(peer: ShownCertificate): void
  data(chunk: Uint8Array): void
  /** The peer sends no more but still reads. Without this method the connection is closed then. */
  end?(): void
  /** With an error unless both sides ended in order. */
  close(error?: Error): void
  /** All that had to wait for a slow peer has been taken. */
  drained?(): void
}

/** What a connection needs of a socket; Bun's has it. `write` returns how many bytes it took, or −1. */
export interface RawSocket {
  write(bytes: Uint8Array): number
  shutdown(): void
  end(): void
  terminate(): void
  pause(): void
  resume(): void
}

export interface ConnectionSettings {
  readonly remoteAddress: string
  readonly endpoint: string
  readonly clock: Clock
  /** A peer that leaves more than this unread is cut off. */
  readonly maxQueuedBytes: number
  /** Under TLS: what is written waits for the handshake. */
  readonly shakesHands?: boolean
  /** A handler threw: its connection has been destroyed. */
  readonly onProblem: (error: Error) => void
  readonly onClosed: () => void
}

const CLOSE_TIMEOUT_MS = 1000
const BATCH_BYTES = 64 * 1024

export class TcpConnection implements Connection {
  readonly remoteAddress: string
  readonly endpoint: string
  readonly #socket: RawSocket
  readonly #settings: ConnectionSettings
  #handler: ConnectionHandler | undefined
  #state: "open" | "closing" | "closed" = "open"
  #queue: Uint8Array[] = []
  #queuedBytes = 0
  #flushScheduled = false
  #blocked = false
  #isShakingHands: boolean
  #shut = false
  #peerEnded = false
  #error: Error | undefined
  #cancelTimer = () => {}

  constructor(socket: RawSocket, settings: ConnectionSettings) {
    this.remoteAddress = settings.remoteAddress
    this.endpoint = settings.endpoint
    this.#socket = socket
    this.#settings = settings
    this.#isShakingHands = settings.shakesHands ?? false
  }

  get queuedBytes(): number {
    return this.#queuedBytes
  }

  write(bytes: Uint8Array): void {
    if (this.#state !== "open" || bytes.length === 0) return
    this.#queue.push(bytes)
    this.#queuedBytes += bytes.length
    if (this.#queuedBytes >= BATCH_BYTES) this.#flush()
    else if (!this.#flushScheduled) {
      this.#flushScheduled = true
      queueMicrotask(() => this.#flush())
    }
    const { maxQueuedBytes } = this.#settings
    if (this.#queuedBytes <= maxQueuedBytes) return
    this.destroy(new Error(`${this.remoteAddress} does not read: more than ${maxQueuedBytes} bytes wait for it`))
  }

  close(): void {
    if (this.#state !== "open") return
    if (this.#isShakingHands) return this.destroy() // there is nobody yet to take leave of
    this.#state = "closing"
    this.#cancelTimer = this.#settings.clock.after(CLOSE_TIMEOUT_MS, () => this.destroy(this.#error))
    this.#socket.resume() // what still comes is read and dropped: unread data would turn our end into a reset
    this.#flush()
  }

  destroy(error?: Error): void {
    if (this.#state === "closed") return
    this.#error ??= error
    this.#socket.terminate()
    this.socketClosed()
  }

  pause(): void {
    if (this.#state === "open") this.#socket.pause()
  }

  resume(): void {
    if (this.#state === "open") this.#socket.resume()
  }

  /** Why it was ended, if not in order. */
  get error(): Error | undefined {
    return this.#error
  }

  /** The socket is open: asks the owner for its handler. It may be over then. */
  begin(onConnection: (connection: Connection) => ConnectionHandler): void {
    this.#guard(() => {
      this.#handler = onConnection(this)
    })
  }

  /** The handshake is over, or has failed. */
  shookHands(peer: ShownCertificate | Error): void {
    if (this.#state === "closed") return
    if (peer instanceof Error) {
      return this.destroy(new Error(`No TLS with ${this.remoteAddress}: ${peer.message}`, { cause: peer }))
    }
    this.#isShakingHands = false
    this.#guard(() => this.#handler?.secured?.(peer))
    this.#flush()
  }

  received(chunk: Uint8Array): void {
    if (this.#state === "open" && !this.#isShakingHands) this.#guard(() => this.#handler?.data(chunk))
  }

  peerEnded(): void {
    this.#peerEnded = true
    if (this.#shut) this.#socket.end()
    else if (this.#state === "open" && this.#handler?.end) this.#guard(() => this.#handler?.end?.())
    else this.close()
  }

  writable(): void {
    this.#blocked = false
    this.#flush()
    if (this.#state === "open" && this.#queuedBytes === 0) this.#guard(() => this.#handler?.drained?.())
  }

  socketClosed(error?: Error): void {
    if (this.#state === "closed") return
    this.#state = "closed"
    this.#cancelTimer()
    this.#queue = []
    this.#queuedBytes = 0
    this.#guard(() => this.#handler?.close(this.#error ?? error))
    this.#settings.onClosed()
  }

  #flush(): void {
    this.#flushScheduled = false
    if (this.#isShakingHands) return
    while (this.#state !== "closed" && !this.#blocked && this.#queue.length > 0) {
      const batch = this.#takeBatch()
      const taken = Math.max(0, this.#socket.write(batch))
      this.#queuedBytes -= taken
      if (taken === batch.length) continue
      this.#queue.unshift(batch.subarray(taken))
      this.#blocked = true
    }
    if (this.#state === "closing" && this.#queue.length === 0) this.#shutdown()
  }

  /** Bun's own `end(bytes)` drops what does not fit, so ours comes after the last byte is taken. */
  #shutdown(): void {
    if (this.#shut) return
    this.#shut = true
    if (this.#peerEnded) this.#socket.end()
    else this.#socket.shutdown()
  }

  /** Many small writes as one; a large one as it is. */
  #takeBatch(): Uint8Array {
    let count = 0
    let bytes = 0
    while (bytes < BATCH_BYTES && count < this.#queue.length) bytes += this.#queue[count++]?.length ?? 0
    const [first = new Uint8Array(0), ...more] = this.#queue.splice(0, count)
    return more.length === 0 ? first : Buffer.concat([first, ...more])
  }

  #guard(work: () => void): void {
    try {
      work()
    } catch (cause) {
      const text = `the connection with ${this.remoteAddress} was cut off, its handler threw: ${cause}`
      const error = new Error(text, { cause })
      this.#settings.onProblem(error)
      this.destroy(error)
    }
  }
}
