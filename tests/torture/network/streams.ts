// The cloud's network: TCP as streams of bytes that are cut anywhere, wait, and die half way.
import type { Clock, Random } from "../../../src/clock"
import { type Connection, TcpConnection } from "../../../src/net/connection"
import type { ConnectOptions, TcpListener, TcpOptions } from "../../../src/net/tcp"
import { End } from "./end"
import type { Life } from "./life"
import { type Net, type StreamFaults, Wire } from "./wire"

interface Listening {
  readonly life: Life
  readonly options: TcpOptions
  readonly open: Set<TcpConnection>
  /** One of them has ended. */
  settle: () => void
}

const MAX_QUEUED_BYTES = 16 * 1024 * 1024

export class Wan implements Net {
  cutUntil = 0
  readonly dark = new Set<string>()
  readonly #listening = new Map<string, Listening>()
  #connections = 0

  constructor(
    readonly clock: Clock,
    readonly random: Random,
    public faults: StreamFaults,
  ) {}

  listen(life: Life, options: TcpOptions): TcpListener {
    const { address, port } = options
    const key = `${address}:${port}`
    if (this.#listening.has(key)) throw new Error(`TCP port ${port} of ${address} is in use`)
    const open = new Set<TcpConnection>()
    const allEnded = Promise.withResolvers<void>()
    let isStopping = false
    const settle = () => {
      if (isStopping && open.size === 0) allEnded.resolve()
    }
    this.#listening.set(key, { life, options, open, settle })
    const end = () => this.#listening.delete(key)
    const disown = life.own({ end })
    return {
      port,
      renew() {},
      stop() {
        if (!isStopping) end()
        isStopping = true
        disown()
        for (const connection of open) connection.close()
        settle()
        return allEnded.promise
      },
    }
  }

  connect(life: Life, options: ConnectOptions): Promise<Connection> {
    const { address, port, timeoutMs, signal } = options
    const opened = Promise.withResolvers<Connection>()
    let isOver = false
    const settle = (how: () => void) => {
      if (isOver) return
      isOver = true
      cancelTimer()
      signal?.removeEventListener("abort", abort)
      how()
    }
    const fail = (code: string) => {
      const error = new Error(`TCP port ${port} of ${address} cannot be reached: ${code}`)
      settle(() => opened.reject(Object.assign(error, { code })))
    }
    const abort = () => settle(() => opened.reject(signal?.reason))
    const cancelTimer = life.after(timeoutMs, () => fail("ETIMEDOUT"))
    signal?.addEventListener("abort", abort, { once: true })
    if (signal?.aborted) abort()

    const delayMs = this.random() * this.faults.delayMs
    this.clock.after(delayMs, () => {
      if (this.clock.now() < this.cutUntil || this.dark.has(address)) return
      const listening = this.#listening.get(`${address}:${port}`)
      if (!listening || this.random() < this.faults.refused) {
        life.after(delayMs, () => fail("ECONNREFUSED"))
        return
      }
      const end = this.#accept(listening, life, options)
      this.clock.after(delayMs, () => {
        if (!life.isAlive) end.abandon(false)
        else if (isOver) life.perform(() => end.terminate())
        else life.perform(() => settle(() => this.#begin(end, options, opened)))
      })
    })
    return opened.promise
  }

  #begin(end: End, options: ConnectOptions, opened: PromiseWithResolvers<Connection>): void {
    end.connection.begin(options.onConnection)
    end.resume()
    const { error } = end.connection
    if (error) opened.reject(error)
    else opened.resolve(end.connection)
  }

  /** The connecting side's end of a connection that the other side has just taken. */
  #accept({ life, options, open, settle }: Listening, client: Life, asked: ConnectOptions): End {
    const number = ++this.#connections
    const wire = new Wire(this)
    const ownAddress = asked.localAddress ?? "0.0.0.0"
    const near = new End(wire, client, ownAddress, (socket) => connectionOver(socket, asked.address, client, asked))
    const closed = () => {
      open.delete(far.connection)
      settle()
    }
    const far = new End(wire, life, asked.address, (socket) =>
      connectionOver(socket, ownAddress, life, options, closed),
    )
    near.peer = far
    far.peer = near
    open.add(far.connection)
    life.perform(() => {
      far.connection.begin(options.onConnection)
      far.resume()
    })
    return near

    function connectionOver(socket: End, remote: string, clock: Life, given: TcpOptions, onClosed = () => {}) {
      const { maxQueuedBytes = MAX_QUEUED_BYTES, onProblem = () => {} } = given
      const endpoint = `tcp:${remote}#${number}`
      return new TcpConnection(socket, { remoteAddress: remote, endpoint, clock, maxQueuedBytes, onProblem, onClosed })
    }
  }
}
