// The gateway's connection to the cloud: CoAP over TCP from its second interface.
import type { Clock, Random } from "../../clock"
import { Session } from "../../coap/tcp/session"
import type { Log } from "../../log"
import type { Sockets } from "../../net/sockets"
import type { ConnectionHandler } from "../../net/tcp"
import { type Addressing, bindAddress } from "../../topology/addressing"
import type { Topology } from "../../topology/topology"
import type { Link } from "./watch"

export interface LinkOptions {
  /** The cloud's address or host name, and its port. */
  readonly address: string
  readonly port: number
  /** The gateway's own address on that network. */
  readonly localAddress: string
  readonly sockets: Sockets
  readonly maxMessageSizeBytes: number
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

/** What a gateway is started with, as far as it concerns its connection. */
interface LinkPlace extends Pick<LinkOptions, "sockets" | "clock" | "random" | "log"> {
  readonly topology: Topology
  readonly addressing: Addressing
  readonly cloudPort: number
}

const CONNECT_TIMEOUT_MS = 10_000

export function linkOptionsOf({
  topology,
  addressing,
  cloudPort,
  sockets,
  clock,
  random,
  log,
}: LinkPlace): LinkOptions {
  const { cloud, gateway, bufferSize } = topology
  return {
    address: bindAddress(cloud.address, addressing),
    port: cloudPort,
    localAddress: bindAddress(gateway.interfaces.cloud.address.ip, addressing),
    sockets,
    maxMessageSizeBytes: bufferSize,
    clock,
    random,
    log,
  }
}

/** Connects and waits for the cloud's CSM. Rejects with an Error of one clear line. */
export async function connectToCloud(options: LinkOptions, signal: AbortSignal): Promise<Link> {
  const { address, port, localAddress, sockets, clock, random, log, maxMessageSizeBytes } = options
  let session: Session | undefined
  const over = Promise.withResolvers<void>()
  const connection = await sockets.connectTcp({
    address,
    port,
    localAddress,
    timeoutMs: CONNECT_TIMEOUT_MS,
    signal,
    clock,
    onProblem: (error) => log.warn(error.message),
    onConnection: (opened): ConnectionHandler => {
      const started = new Session({
        send: (bytes) => opened.write(bytes),
        close: () => opened.close(),
        pause: () => opened.pause(),
        resume: () => opened.resume(),
        clock,
        random,
        maxMessageSizeBytes,
        address,
        endpoint: opened.endpoint,
        onProblem: (error) => log.warn(error.message),
      })
      session = started
      started.start()
      return {
        data: (chunk) => started.receive(chunk),
        close(error) {
          started.closed(error?.message)
          over.resolve()
        },
      }
    },
  })
  if (!session) throw new Error(`the connection to ${address} has no session`)
  const opened = session
  const cancelTimer = clock.after(CONNECT_TIMEOUT_MS, () => connection.destroy(new Error("it says nothing")))
  const abort = () => connection.destroy()
  signal.addEventListener("abort", abort, { once: true })
  try {
    await opened.ready
  } finally {
    cancelTimer()
    signal.removeEventListener("abort", abort)
  }
  return {
    get peerMaxMessageSizeBytes() {
      return opened.peerMaxMessageSizeBytes
    },
    request: (request) => opened.request(request),
    // until the peer has ended too: a socket that is destroyed before would end the order with a reset
    release: () => opened.release().then(() => over.promise),
    destroy: () => connection.destroy(),
  }
}
