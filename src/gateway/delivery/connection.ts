// The gateway's connection to the cloud, CoAP over TCP from its second interface, and when it is given up.
import type { Clock, Random } from "../../clock"
import { Session } from "../../coap/tcp/session"
import type { Outgoing, Reply } from "../../coap/udp/exchange"
import type { GatewaySecurity } from "../../keys/ends"
import { refusalOf } from "../../keys/trust"
import type { Log } from "../../log"
import { Silence } from "../../net/silence"
import type { Sockets } from "../../net/sockets"
import type { ConnectionHandler } from "../../net/tcp"
import { isTlsRecord } from "../../net/tls"

export interface CloudConnection {
  readonly peerMaxMessageSizeBytes: number
  request(request: Outgoing): Promise<Reply>
  /** Finishes what is under way and ends in order. */
  release(): Promise<void>
  /** Ends at once. May be called twice. */
  destroy(): void
}

export interface ConnectionOptions {
  /** The cloud's address or host name, and its port. */
  readonly address: string
  readonly port: number
  /** The gateway's own address on that network. */
  readonly localAddress: string
  readonly sockets: Pick<Sockets, "connectTcp">
  readonly maxMessageSizeBytes: number
  /** Asked at each connection; undefined where the leg is plain. Throws KeyError. */
  readonly security?: () => GatewaySecurity | undefined
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

const CONNECT_TIMEOUT_MS = 10_000
const SILENCE_MS = 30_000 // a peer that answers nothing for this long is gone, whatever TCP still hopes

// with TLS 1.3 a client's handshake is over before the server has judged it, and a foreign one tells no more
const REFUSED_AT_ONCE = "it ended at once behind the handshake: does the cloud know this gateway's certificate?"
const WANTS_TLS = "it speaks TLS, and there is no cloud.tls here"

/** Why a cloud may have ended before it said anything. */
function endedAtOnce(security: GatewaySecurity | undefined, error: Error | undefined): string | undefined {
  if (!security) return error && "code" in error ? `${error.message} (it may want TLS: see cloud.tls)` : error?.message
  return !error || /SSL routines/.test(error.message) ? REFUSED_AT_ONCE : error.message
}

/**
 * Connects and waits for the cloud's CSM. The connection ends by itself when nothing has been answered for 30 s, and when
 * the signal aborts. Rejects with an Error of one clear line.
 */
export async function connectToCloud(options: ConnectionOptions, signal: AbortSignal): Promise<CloudConnection> {
  const { address, port, localAddress, sockets, clock, random, log, maxMessageSizeBytes } = options
  const security = options.security?.()
  let isReady = false
  const onProblem = (error: Error) => {
    if (isReady) log.warn(error.message) // before that it is why there is no connection
  }
  let refusal: string | undefined
  const started = Promise.withResolvers<Session>()
  const over = Promise.withResolvers<void>()
  const connection = await sockets.connectTcp({
    address,
    port,
    localAddress,
    timeoutMs: CONNECT_TIMEOUT_MS,
    signal,
    clock,
    onProblem,
    tls: security?.tls,
    onConnection: (opened): ConnectionHandler => {
      const session = new Session({
        send: (bytes) => opened.write(bytes),
        close: () => opened.close(),
        pause: () => opened.pause(),
        resume: () => opened.resume(),
        clock,
        random,
        maxMessageSizeBytes,
        address,
        endpoint: opened.endpoint,
        onProblem,
      })
      if (!security) session.start()
      started.resolve(session)
      let hasSpoken = false
      return {
        secured(peer) {
          refusal = security && refusalOf(peer, security.trust, clock.now())
          if (refusal === undefined) session.start()
          else session.abort(`This gateway does not trust this cloud: ${refusal}`) // its people learn of it too
        },
        data: (chunk) => {
          if (!hasSpoken && isTlsRecord(chunk)) return opened.destroy(new Error(WANTS_TLS))
          hasSpoken = true
          session.receive(chunk)
        },
        close(error) {
          session.closed(hasSpoken ? error?.message : endedAtOnce(security, error))
          over.resolve()
        },
      }
    },
  })
  if (refusal !== undefined) throw new Error(`The cloud at ${address} is not trusted: ${refusal}`)
  const session = await started.promise
  const destroy = () => connection.destroy()
  const giveUp = () => connection.destroy(new Error("it says nothing"))
  signal.addEventListener("abort", destroy, { once: true })
  if (signal.aborted) destroy()
  const cancelTimer = clock.after(CONNECT_TIMEOUT_MS, giveUp)
  void over.promise.then(() => signal.removeEventListener("abort", destroy))
  await session.ready.finally(cancelTimer)
  isReady = true
  const silence = new Silence(clock, SILENCE_MS, giveUp)
  void over.promise.then(() => silence.stop())
  return {
    get peerMaxMessageSizeBytes() {
      return session.peerMaxMessageSizeBytes
    },
    request: (request) =>
      session.request(request).then((reply) => {
        silence.heard()
        return reply
      }),
    // until the peer has ended too: a socket that is destroyed before would end the order with a reset
    release: () => session.release().then(() => over.promise),
    destroy,
  }
}
