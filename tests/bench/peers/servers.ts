// The servers that the load meets, each in a process of its own that ends with its owner.
import { existsSync } from "node:fs"
import { join } from "node:path"
import type { Peer } from "../../../src/net/udp"

export interface Server extends AsyncDisposable {
  readonly address: Peer
  readonly pid: number
}

/** One of ours. */
export interface Script extends Server {
  /** Tells it a line, and resolves with its next one. */
  ask(line: string): Promise<string>
}

/** One of ours by its path, which prints its port as its first line. */
export async function startScript(script: string, address: string, args: string[] = []): Promise<Script> {
  const command = ["bun", script, ...args]
  const child = Bun.spawn(command, { stdin: "pipe", stdout: "pipe", stderr: "inherit" })
  const lines = linesOf(child.stdout)
  const next = async () => (await lines.next()).value ?? ""
  const port = Number(await next())
  if (!(port > 0)) throw new Error(`${script} did not start`)
  return {
    ...serverOf(child, { address, port }),
    ask(line) {
      child.stdin.write(`${line}\n`)
      child.stdin.flush()
      return next()
    },
  }
}

const COAP_SERVER = "coap-server-notls" // Debian: libcoap3-bin
const LOCALHOST = "127.0.0.1"
const READY_WITHIN_MS = 5000
const ASK_AGAIN_MS = 20
const PING_WITHIN_MS = 200
const PING = Uint8Array.of(0x40, 0, 0, 0) // an empty confirmable message: the answer is RST (RFC 7252 §4.3)

/** libcoap's example server; undefined when it is not installed. */
export async function startLibcoap(): Promise<Server | undefined> {
  if (!Bun.which(COAP_SERVER)) return undefined
  const address = { address: LOCALHOST, port: await freePort() }
  return await startPeer([COAP_SERVER, "-A", LOCALHOST, "-p", String(address.port)], { address, isReady: answersPing })
}

/** A server of node-coap, which npm installs globally as "coap"; undefined when it is not there. */
export async function startNodeCoap(): Promise<Server | undefined> {
  if (!Bun.which("npm") || !Bun.which("node")) return undefined
  const modules = (await Bun.$`npm root --global`.quiet().text()).trim()
  if (!existsSync(join(modules, "coap"))) return undefined
  const address = { address: LOCALHOST, port: await freePort() }
  return await startPeer(["node", join(import.meta.dir, "node-coap.cjs"), String(address.port)], {
    address,
    isReady: answersPing,
    variables: { NODE_PATH: modules },
  })
}

export interface PeerOptions {
  readonly address: Peer
  /** Asked until it says so. */
  readonly isReady: (address: Peer) => Promise<boolean>
  readonly variables?: Record<string, string>
}

/** One that somebody else wrote. */
export async function startPeer(command: string[], { address, isReady, variables }: PeerOptions): Promise<Server> {
  const env = { ...process.env, ...variables }
  const server = serverOf(Bun.spawn(command, { env, stdout: "ignore", stderr: "ignore" }), address)
  const giveUpAt = performance.now() + READY_WITHIN_MS
  while (performance.now() < giveUpAt) {
    if (await isReady(address)) return server
    await Bun.sleep(ASK_AGAIN_MS)
  }
  await server[Symbol.asyncDispose]()
  throw new Error(`${command[0]} does not answer`)
}

function serverOf(child: Bun.Subprocess, address: Peer): Server {
  return {
    address,
    pid: child.pid,
    async [Symbol.asyncDispose]() {
      child.kill()
      await child.exited
    },
  }
}

async function* linesOf(stream: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string, undefined> {
  const decoder = new TextDecoder()
  let text = ""
  for await (const chunk of stream) {
    text += decoder.decode(chunk, { stream: true })
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n")) {
      yield text.slice(0, end)
      text = text.slice(end + 1)
    }
  }
}

/** A port that nobody has on 127.0.0.1, over UDP. */
export async function freePort(): Promise<number> {
  const socket = await Bun.udpSocket({ hostname: LOCALHOST })
  const { port } = socket
  socket.close()
  return port
}

/** A port that nobody has on 127.0.0.1, over TCP. */
export function freeTcpPort(): number {
  const listener = Bun.listen({ hostname: LOCALHOST, port: 0, socket: { data() {} } })
  const { port } = listener
  listener.stop()
  return port
}

async function answersPing({ address, port }: Peer): Promise<boolean> {
  const answered = Promise.withResolvers<boolean>()
  const socket = await Bun.udpSocket({
    socket: {
      data: () => answered.resolve(true),
      error: () => answered.resolve(false), // refused: it does not listen yet
    },
  })
  socket.send(PING, port, address)
  const giveUp = setTimeout(() => answered.resolve(false), PING_WITHIN_MS)
  try {
    return await answered.promise
  } finally {
    clearTimeout(giveUp)
    socket.close()
  }
}
