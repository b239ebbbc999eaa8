// The only file that touches Bun's TCP sockets: listening and connecting, with errors in plain words.
import type { Socket, SocketHandler } from "bun"
import { type Clock, systemClock } from "../clock"
import { type Connection, type ConnectionHandler, TcpConnection } from "./connection"
import { bunTlsOptions, shownBy, type TlsSettings } from "./tls"
import { bindError } from "./udp"

export type { Connection, ConnectionHandler } from "./connection"

export interface TcpOptions {
  readonly address: string
  readonly port: number
  /** Called when a connection is open; nothing is read before it returns. */
  readonly onConnection: (connection: Connection) => ConnectionHandler
  /** A handler threw: its connection has been destroyed, all else goes on. */
  readonly onProblem?: (error: Error) => void
  /** A peer that leaves more than this unread is cut off. */
  readonly maxQueuedBytes?: number
  readonly clock?: Clock
  /** Both ends show certificates; `secured()` of the handler judges the peer's. */
  readonly tls?: TlsSettings | undefined
}

export interface ConnectOptions extends TcpOptions {
  /** Source address. */
  readonly localAddress?: string
  readonly timeoutMs: number
  readonly signal?: AbortSignal
}

export interface TcpListener {
  readonly port: number
  /** Shows another certificate from the next connection on; those that are open stay. Throws as listenTcp() does. */
  renew(tls: TlsSettings): void
  /** Takes no more connections and closes those that are open. Resolves when all have ended; may be called twice. */
  stop(): Promise<void>
}

const MAX_QUEUED_BYTES = 16 * 1024 * 1024
const KEEP_ALIVE_MS = 60_000 // a peer that lost its power is noticed, though it said nothing

type TcpSocket = Socket<TcpConnection | undefined>

/** `address` is an IPv4 literal of this machine, port 0 any free port. Throws an Error with one clear line and `code`. */
export function listenTcp(options: TcpOptions): TcpListener {
  const { address, port } = options
  const open = new Set<TcpConnection>()
  const whenEmpty = Promise.withResolvers<void>()
  let connections = 0
  let stopping = false
  const settle = () => {
    if (stopping && open.size === 0) whenEmpty.resolve()
  }
  const socket = socketHandler(options, (socket) => {
    const connection = adopt(socket, options, ++connections, () => {
      open.delete(connection)
      settle()
    })
    open.add(connection)
    connection.begin(options.onConnection)
  })
  const listenOn = (port: number, tls: TlsSettings | undefined) =>
    Bun.listen<TcpConnection | undefined>({
      hostname: address,
      port,
      allowHalfOpen: true,
      socket,
      ...(tls && { tls: bunTlsOptions(tls) }),
    })
  try {
    let shown = options.tls
    let listener = listenOn(port, shown)
    const bound = listener.port
    return {
      port: bound,
      renew(tls) {
        listener.stop() // its own reload() keeps the certificate that it has
        try {
          listener = listenOn(bound, tls)
          shown = tls
        } catch (cause) {
          listener = listenOn(bound, shown)
          throw cause
        }
      },
      stop() {
        stopping = true
        listener.stop()
        for (const connection of open) connection.close()
        settle()
        return whenEmpty.promise
      },
    }
  } catch (cause) {
    throw bindError("TCP", address, port, cause)
  }
}

/**
 * `address` is an IPv4 literal or a host name. Rejects with an Error of one clear line (with the system's `code`) when
 * there is no connection within `timeoutMs`, and with the signal's reason.
 */
export async function connectTcp(options: ConnectOptions): Promise<Connection> {
  const { address, port, localAddress, timeoutMs, signal, clock = systemClock } = options
  signal?.throwIfAborted()
  const { promise: stopped, reject: stop } = Promise.withResolvers<never>()
  const abort = () => stop(signal?.reason)
  signal?.addEventListener("abort", abort, { once: true })
  const cancelTimer = clock.after(timeoutMs, () => stop(connectError(options, "ETIMEDOUT")))
  let abandoned = false
  const opened = Promise.withResolvers<TcpConnection>()
  const socket = socketHandler(
    options,
    (socket) => {
      if (abandoned) {
        socket.terminate() // Bun cannot take back a connect that is under way
        return
      }
      const connection = adopt(socket, options, 1, () => {
        opened.reject(connection.error ?? connectError(options, "ECONNRESET"))
      })
      connection.begin(options.onConnection)
      if (!options.tls) opened.resolve(connection)
    },
    opened.resolve,
  )
  const failed = Bun.connect<TcpConnection | undefined>({
    hostname: address,
    port,
    allowHalfOpen: true,
    socket,
    ...(options.tls && { tls: bunTlsOptions(options.tls) }),
    ...(localAddress && { localAddress }), // honoured, though not typed
  }).then(
    () => opened.promise,
    (cause) => Promise.reject(connectError(options, codeOf(cause), cause)),
  )
  try {
    return await Promise.race([opened.promise, failed, stopped])
  } catch (error) {
    abandoned = true
    throw error
  } finally {
    cancelTimer()
    signal?.removeEventListener("abort", abort)
  }
}

/** @param nth of its listener: a peer's port may come again */
function adopt(socket: TcpSocket, options: TcpOptions, nth: number, onClosed: () => void): TcpConnection {
  const { clock = systemClock, maxQueuedBytes = MAX_QUEUED_BYTES, onProblem = () => {} } = options
  const remoteAddress = socket.remoteAddress?.replace(/^::ffff:/, "") ?? "a peer that has gone"
  const endpoint = `tcp:${remoteAddress}:${socket.remotePort}#${nth}`
  const shakesHands = options.tls !== undefined
  const settings = { remoteAddress, endpoint, clock, maxQueuedBytes, shakesHands, onProblem, onClosed }
  const connection = new TcpConnection(socket, settings)
  socket.data = connection
  socket.setNoDelay(true) // writes are gathered already; Nagle would hold back the last one
  socket.setKeepAlive(true, KEEP_ALIVE_MS)
  return connection
}

/** @param onSecured the handshake is over, and the peer has been judged; it may be over already */
const socketHandler = (
  { tls }: TcpOptions,
  open: (socket: TcpSocket) => void,
  onSecured: (connection: TcpConnection) => void = () => {},
): SocketHandler<TcpConnection | undefined> => ({
  binaryType: "uint8array", // a Buffer costs more to take apart
  open,
  ...(tls && {
    handshake: (socket, _isOver, problem) => {
      const { data: connection } = socket
      if (!connection) return
      connection.shookHands(shownBy(socket, problem))
      onSecured(connection)
    },
  }),
  data: (socket, chunk) => socket.data?.received(chunk),
  end: (socket) => socket.data?.peerEnded(),
  drain: (socket) => socket.data?.writable(),
  close: (socket, error) => socket.data?.socketClosed(error),
  error: (socket, error) => socket.data?.destroy(error),
})

const codeOf = (cause: unknown): string =>
  cause instanceof Error && "code" in cause ? String(cause.code) : "unknown error"

/** What a connect that failed means to the person who wrote the address. */
function connectError(options: ConnectOptions, code: string, cause?: unknown): Error {
  const { address, port, localAddress, timeoutMs } = options
  const where = `TCP port ${port} of ${address}`
  const source = localAddress ?? "the source address"
  const told: Record<string, string> = {
    // what Bun says of every connect that fails, also of a cable that was pulled
    ECONNREFUSED: `${where} cannot be reached: nothing listens there, or no way leads there`,
    ENOTFOUND: `${address} is not a host that is known here, so its TCP port ${port} cannot be reached: check the name`,
    EADDRNOTAVAIL: `${where} cannot be reached from ${source}: that is not an address of this machine, see ip address`,
    EINVAL: `${where} cannot be reached from ${source}: it belongs to another network`,
    EHOSTUNREACH: `${where} cannot be reached: the host does not answer on this network`,
    ENETUNREACH: `${where} cannot be reached: there is no way to its network, see ip route`,
    ECONNRESET: `${where} hung up at once`,
    ETIMEDOUT: `${where} did not answer within ${timeoutMs} ms`,
  }
  return Object.assign(new Error(told[code] ?? `${where} cannot be reached: ${code}`, { cause }), { code })
}
