import { afterEach, beforeEach, describe, expect, test } from "bun:test"
import { Code } from "../../../src/coap/code"
import { type Handler, say } from "../../../src/coap/resource"
import { Session } from "../../../src/coap/tcp/session"
import { connectToCloud } from "../../../src/gateway/delivery/connection"
import { silentLog } from "../../../src/log"
import { connectTcp, listenTcp, type TcpListener } from "../../../src/net/tcp"
import { settle, VirtualClock } from "../../virtual-clock"

const ADDRESS = "127.10.10.2"
const PUT = { code: Code.Put, options: [], payload: new Uint8Array(0) }
const never = new AbortController().signal
const random = () => 0.5

let clock: VirtualClock
let cloud: TcpListener
/** What it answers; without one it does not even send its CSM. */
let handler: Handler | undefined
let endings: (Error | undefined)[]

beforeEach(() => {
  clock = new VirtualClock()
  handler = () => say(Code.Changed)
  endings = []
  cloud = listenTcp({
    address: ADDRESS,
    port: 0,
    clock,
    onConnection(opened) {
      const { endpoint } = opened
      const session = new Session({
        send: (bytes) => opened.write(bytes),
        close: () => opened.close(),
        clock,
        random,
        maxMessageSizeBytes: 4096,
        address: opened.remoteAddress,
        endpoint,
        handler: (request) => handler?.(request) ?? say(Code.NotFound),
      })
      return {
        data: (chunk) => handler && session.receive(chunk),
        close(error) {
          session.closed(error?.message)
          endings.push(error)
        },
      }
    },
  })
})
afterEach(() => cloud.stop())

const connect = (signal = never, dial = connectTcp) =>
  connectToCloud(
    {
      address: ADDRESS,
      port: cloud.port,
      localAddress: "127.10.10.1",
      sockets: { connectTcp: dial },
      maxMessageSizeBytes: 4096,
      clock,
      random,
      log: silentLog,
    },
    signal,
  )

/** Until the connection is open and what was sent has arrived. */
async function opened(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await settle()
}

describe("connectToCloud()", () => {
  test("gives up a peer whose CSM does not come for 10 s", async () => {
    handler = undefined
    const connecting = connect()
    connecting.catch(() => {})
    await opened()
    await clock.advance(10_000)
    await expect(connecting).rejects.toThrow(`The connection with ${ADDRESS} ended: it says nothing`)
    expect(clock.pending).toBe(0)
  })

  test("ends at once when it is no longer wanted, also while it waits for the peer's CSM", async () => {
    handler = undefined
    const abort = new AbortController()
    const connecting = connect(abort.signal)
    connecting.catch(() => {})
    await opened()
    abort.abort(new Error("stopping"))
    await expect(connecting).rejects.toThrow(`The connection with ${ADDRESS} ended`)
    expect(clock.pending).toBe(0)
  })

  test("ends at once when it was no longer wanted as soon as it was open", async () => {
    const abort = new AbortController()
    const connecting = connect(abort.signal, async (options) => {
      const connection = await connectTcp(options)
      abort.abort(new Error("stopping"))
      return connection
    })
    await expect(connecting).rejects.toThrow(`The connection with ${ADDRESS} ended`)
    expect(clock.pending).toBe(0)
  })
})

describe("a connection to the cloud", () => {
  test("is given up when nothing has been answered for 30 s", async () => {
    const connection = await connect()
    await clock.advance(29_999)
    expect(await connection.request(PUT)).toMatchObject({ code: Code.Changed })
    handler = () => new Promise(() => {})
    let end = ""
    connection.request(PUT).catch(({ message }) => {
      end = message
    })
    await opened()
    await clock.advance(29_999)
    expect(end).toBe("")
    await clock.advance(1)
    expect(end).toBe(`The connection with ${ADDRESS} ended: it says nothing`)
    expect(clock.pending).toBe(0)
  })

  test("ends when the signal aborts", async () => {
    const abort = new AbortController()
    const connection = await connect(abort.signal)
    handler = () => new Promise(() => {})
    const reply = connection.request(PUT)
    reply.catch(() => {})
    await opened()
    abort.abort(new Error("stopping"))
    await expect(reply).rejects.toThrow(`The connection with ${ADDRESS} ended`)
    expect(clock.pending).toBe(0)
  })

  test("is released when what was asked has been answered, and both ends know that it is over", async () => {
    const connection = await connect()
    const answer = Promise.withResolvers<void>()
    handler = () => answer.promise.then(() => say(Code.Changed))
    const reply = connection.request(PUT)
    await opened()
    const released = connection.release()
    answer.resolve()
    expect(await reply).toMatchObject({ code: Code.Changed })
    await released
    expect(endings).toEqual([undefined])
    expect(clock.pending).toBe(0)
  })
})
