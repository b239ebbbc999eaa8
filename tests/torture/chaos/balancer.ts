// A TCP balancer, as stands in front of clouds that share a store: each connection goes to the next cloud that takes it.
import type { Connection, ConnectionHandler } from "../../../src/net/connection"
import { systemSockets } from "../../../src/net/sockets"
import type { TcpListener } from "../../../src/net/tcp"
import type { Peer } from "../../../src/net/udp"

const ADDRESS = "127.0.0.1"
const CONNECT_TIMEOUT_MS = 2000

export class Balancer implements AsyncDisposable {
  readonly #listener: TcpListener
  #turn = 0

  private constructor(private readonly clouds: readonly Peer[]) {
    this.#listener = systemSockets.listenTcp({
      address: ADDRESS,
      port: 0,
      onConnection: (client) => this.#begin(client),
    })
  }

  static open(clouds: readonly Peer[]): Balancer {
    return new Balancer(clouds)
  }

  get peer(): Peer {
    return { address: ADDRESS, port: this.#listener.port }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#listener.stop()
  }

  #begin(client: Connection): ConnectionHandler {
    const turn = this.#turn++ % this.clouds.length
    const order = [...this.clouds.slice(turn), ...this.clouds.slice(0, turn)]
    let isGone = false
    const given = this.#give(client, order).then((cloud) => {
      if (!cloud) client.destroy()
      else if (isGone) cloud.destroy()
      return cloud
    })
    return {
      // one behind the other, in the order in which they came
      data: (chunk) => void given.then((cloud) => cloud?.write(chunk.slice())),
      end: () => void given.then((cloud) => cloud?.close()),
      close: () => {
        isGone = true
        void given.then((cloud) => cloud?.close())
      },
    }
  }

  /** Undefined where no cloud takes it. */
  async #give(client: Connection, order: readonly Peer[]): Promise<Connection | undefined> {
    for (const peer of order) {
      const connected = systemSockets.connectTcp({
        ...peer,
        timeoutMs: CONNECT_TIMEOUT_MS,
        onConnection: () => ({
          data: (chunk) => client.write(chunk.slice()),
          end: () => client.close(),
          close: (error) => (error ? client.destroy() : client.close()),
        }),
      })
      const cloud = await connected.catch(() => undefined)
      if (cloud) return cloud
    }
    return undefined
  }
}
