// A Redis stream that syncs every append before it answers: the durable queue that a person might use instead.
import { formatAddress } from "../../../src/topology/address"
import type { FleetReport } from "../load/fleet"
import { surveyOf } from "../load/surveys"
import { decodeReply, encodeCommand, type Reply } from "./resp"
import { freeTcpPort, type Server, startPeer } from "./servers"

const REDIS = "redis-server" // Debian: redis-server
const STREAM = "surveys"
const PING = encodeCommand(["PING"])
const XLEN = encodeCommand(["XLEN", STREAM])

/** Its files are in this folder; undefined when it is not installed. */
export async function startRedis(folder: string): Promise<Server | undefined> {
  if (!Bun.which(REDIS)) return undefined
  const port = freeTcpPort()
  const durable = ["--save", "", "--appendonly", "yes", "--appendfsync", "always"]
  const place = ["--bind", "127.0.0.1", "--port", String(port), "--dir", folder]
  return await startPeer([REDIS, ...place, ...durable, "--loglevel", "warning"], {
    address: { address: "127.0.0.1", port },
    isReady: isAnswering,
  })
}

/** So many clients, each with a connection that stays open and one append in flight. */
export class StreamClients implements Disposable {
  #appended = 0

  private constructor(private readonly connections: readonly Connection[]) {}

  static async open(server: Server, count: number): Promise<StreamClients> {
    const connections: Connection[] = []
    // one after the other: Redis lets 511 wait to be accepted, and the kernel would make the rest try again
    for (let n = 0; n < count; n++) connections.push(await Connection.open(server.address))
    return new StreamClients(connections)
  }

  /** Appends every device's survey. Throws when the stream does not hold as many as it has acknowledged. */
  async append(devices: readonly number[]): Promise<FleetReport> {
    const acknowledged: number[] = []
    const refused = new Map<string, number>()
    const queue = devices.values()
    const startedAt = performance.now()
    const work = async (connection: Connection) => {
      for (const device of queue) {
        const { isError, text } = await connection.ask(appendOf(device))
        if (isError) refused.set(text, (refused.get(text) ?? 0) + 1)
        else acknowledged.push(device)
      }
    }
    await Promise.all(this.connections.map(work))
    const elapsedMs = performance.now() - startedAt
    this.#appended += acknowledged.length
    const length = await this.connections[0]?.ask(XLEN)
    if (Number(length?.text) !== this.#appended) {
      throw new Error(`Redis acknowledged ${this.#appended} surveys and holds ${length?.text}`)
    }
    return { acknowledged, refused, resent: 0, waitsMs: [], elapsedMs }
  }

  [Symbol.dispose](): void {
    for (const connection of this.connections) connection[Symbol.dispose]()
  }
}

const appendOf = (device: number): Uint8Array =>
  encodeCommand(["XADD", STREAM, "*", formatAddress(device), surveyOf(device)])

async function isAnswering(address: Server["address"]): Promise<boolean> {
  try {
    using connection = await Connection.open(address)
    return (await connection.ask(PING)).text === "PONG"
  } catch {
    return false // refused: it does not listen yet
  }
}

/** One question at a time. */
class Connection implements Disposable {
  #socket: Bun.Socket | undefined
  #received = ""
  #waiting: PromiseWithResolvers<Reply> | undefined

  static async open({ address, port }: Server["address"]): Promise<Connection> {
    const connection = new Connection()
    connection.#socket = await Bun.connect({
      hostname: address,
      port,
      socket: {
        data: (_socket, bytes) => connection.#receive(bytes),
        close: () => connection.#waiting?.reject(new Error("Redis closed the connection")),
      },
    })
    return connection
  }

  ask(command: Uint8Array): Promise<Reply> {
    this.#waiting = Promise.withResolvers()
    const written = this.#socket?.write(command)
    if (written !== command.length) throw new Error(`Redis took ${written} of ${command.length} bytes`)
    return this.#waiting.promise
  }

  #receive(bytes: Buffer): void {
    this.#received += bytes.toString("latin1")
    const reply = decodeReply(this.#received)
    if (!reply) return
    this.#received = ""
    this.#waiting?.resolve(reply)
  }

  [Symbol.dispose](): void {
    this.#socket?.end()
  }
}
