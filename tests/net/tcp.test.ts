import { afterEach, describe, expect, test } from "bun:test"
import type { Clock } from "../../src/clock"
import type { RawSocket } from "../../src/net/connection"
import { TcpConnection } from "../../src/net/connection"
import {
  type Connection,
  type ConnectionHandler,
  connectTcp,
  listenTcp,
  type TcpListener,
  type TcpOptions,
} from "../../src/net/tcp"

const LOOPBACK = "127.0.0.1"
const MEGABYTE = 1_000_000
const ascii = (text: string) => new TextEncoder().encode(text)
/** No 64 KiB of it are like the next. */
const pattern = (length: number) =>
  Buffer.alloc(
    length,
    Uint8Array.from({ length: 65_537 }, (_, i) => (i * 31 + (i >> 8)) & 0xff),
  )

const listeners: TcpListener[] = []
afterEach(async () => {
  await Promise.all(listeners.splice(0).map((listener) => listener.stop()))
})

function listen(onConnection: TcpOptions["onConnection"], more: Partial<TcpOptions> = {}): number {
  const listener = listenTcp({ address: LOOPBACK, port: 0, onConnection, ...more })
  listeners.push(listener)
  return listener.port
}

/** A handler that keeps what comes, and tells of the end. */
function keeper(more: Partial<ConnectionHandler> = {}) {
  const chunks: Uint8Array[] = []
  const closed = Promise.withResolvers<Error | undefined>()
  const handler: ConnectionHandler = {
    data: (chunk) => void chunks.push(chunk),
    close: (error) => closed.resolve(error),
    ...more,
  }
  return {
    handler,
    closed: closed.promise,
    bytes: () => Buffer.concat(chunks),
    text: () => Buffer.concat(chunks).toString(),
  }
}

const connect = (port: number, handler: ConnectionHandler, more: Partial<Parameters<typeof connectTcp>[0]> = {}) =>
  connectTcp({ address: LOOPBACK, port, timeoutMs: 2000, onConnection: () => handler, ...more })

const echo = (connection: Connection): ConnectionHandler => ({ data: (chunk) => connection.write(chunk), close() {} })

describe("a TCP connection", () => {
  test("carries 8 MB each way at once, though both read slowly, and close() loses nothing", async () => {
    const sent = pattern(8 * MEGABYTE)
    const side = () => {
      const all = Promise.withResolvers<void>()
      let received = 0
      const hash = new Bun.CryptoHasher("sha256")
      let drained = 0
      const open = (connection: Connection): ConnectionHandler => ({
        data(chunk) {
          hash.update(chunk)
          received += chunk.length
          connection.pause()
          setImmediate(() => connection.resume())
          if (received === sent.length) all.resolve()
        },
        drained: () => void drained++,
        close: () => all.resolve(),
      })
      return { open, all: all.promise, digest: () => hash.digest("hex"), drained: () => drained }
    }
    const [server, client] = [side(), side()]
    const port = listen((connection) => {
      connection.write(sent)
      return server.open(connection)
    })
    const connection = await connectTcp({ address: LOOPBACK, port, timeoutMs: 2000, onConnection: client.open })
    for (let at = 0; at < sent.length; at += 100_000) connection.write(sent.subarray(at, at + 100_000))
    expect(connection.queuedBytes).toBeGreaterThan(0)
    await Promise.all([server.all, client.all])
    const expected = new Bun.CryptoHasher("sha256").update(sent).digest("hex")
    expect([server.digest(), client.digest()]).toEqual([expected, expected])
    expect(connection.queuedBytes).toBe(0)
    expect(client.drained()).toBeGreaterThan(0)
    connection.close()
  })

  test("close() sends what is queued first", async () => {
    const server = keeper()
    const port = listen(() => server.handler)
    const client = keeper()
    const connection = await connect(port, client.handler)
    const sent = pattern(6 * MEGABYTE)
    connection.write(sent)
    connection.close()
    connection.write(ascii("too late"))
    expect(await server.closed).toBeUndefined()
    expect(await client.closed).toBeUndefined()
    expect(server.bytes().equals(sent)).toBe(true)
  })

  test("a last word arrives although the peer's data was never read", async () => {
    const accepted = Promise.withResolvers<Connection>()
    const port = listen((connection) => {
      connection.pause()
      accepted.resolve(connection)
      return keeper().handler
    })
    const client = keeper()
    const connection = await connect(port, client.handler)
    connection.write(new Uint8Array(200_000))
    const server = await accepted.promise
    server.write(ascii("Abort"))
    server.close()
    expect(await client.closed).toBeUndefined()
    expect(client.text()).toBe("Abort")
  })

  test("a peer that has ended its side still gets its answer", async () => {
    const server = keeper()
    const port = listen((connection) => ({
      ...server.handler,
      end() {
        connection.write(ascii(`got ${server.text()}`))
        connection.close()
      },
    }))
    const client = keeper()
    const connection = await connect(port, client.handler)
    connection.write(ascii("08:00 - 20 - 30%"))
    connection.close()
    await server.closed
    expect(server.text()).toBe("08:00 - 20 - 30%")

    const answered = Promise.withResolvers<string>()
    const raw = await Bun.connect({
      hostname: LOOPBACK,
      port,
      allowHalfOpen: true,
      socket: { data: (_socket, chunk) => answered.resolve(chunk.toString()) },
    })
    raw.write("hello")
    raw.shutdown()
    expect(await answered.promise).toEndWith("hello")
  })

  test("knows its peer and has an endpoint of its own", async () => {
    const seen: Connection[] = []
    const port = listen((connection) => {
      seen.push(connection)
      return echo(connection)
    })
    for (const localAddress of ["127.10.10.1", "127.10.10.2"]) {
      const answered = Promise.withResolvers<void>()
      const connection = await connect(port, { data: () => answered.resolve(), close() {} }, { localAddress })
      connection.write(ascii("x"))
      await answered.promise
      connection.close()
    }
    expect(seen.map(({ remoteAddress }) => remoteAddress)).toEqual(["127.10.10.1", "127.10.10.2"])
    expect(new Set(seen.map(({ endpoint }) => endpoint)).size).toBe(2)
  })

  test("destroy() is a reset for the peer, and close() comes once on both sides", async () => {
    const server = keeper()
    const port = listen(() => server.handler)
    let closes = 0
    const connection = await connect(port, { data() {}, close: () => void closes++ })
    connection.destroy()
    connection.destroy()
    connection.write(ascii("x"))
    connection.pause()
    connection.resume()
    connection.close()
    expect((await server.closed)?.message).toContain("ECONNRESET")
    expect(closes).toBe(1)
  })

  test("of a peer that does not read ends when too much waits for it", async () => {
    const port = listen((connection) => {
      connection.pause()
      return keeper().handler
    })
    const client = keeper()
    const connection = await connect(port, client.handler, { maxQueuedBytes: MEGABYTE })
    const chunk = new Uint8Array(100_000)
    for (let i = 0; i < 300 && connection.queuedBytes <= MEGABYTE; i++) connection.write(chunk)
    expect((await client.closed)?.message).toBe("127.0.0.1 does not read: more than 1000000 bytes wait for it")
    expect(connection.queuedBytes).toBe(0)
  })

  test.each([
    "data",
    "end",
    "drained",
    "close",
  ] as const)("a handler whose %s throws costs its own connection only", async (which) => {
    const problem = Promise.withResolvers<string>()
    let first = true
    const port = listen(
      (connection) => {
        if (!first) return echo(connection)
        first = false
        if (which === "drained") connection.write(new Uint8Array(8 * MEGABYTE))
        return {
          ...echo(connection),
          [which]: () => {
            throw new Error("a fault of ours")
          },
        }
      },
      { onProblem: (error) => problem.resolve(error.message) },
    )
    const victim = keeper()
    const connection = await connect(port, victim.handler)
    connection.write(ascii("x"))
    if (which === "end" || which === "close") connection.close()
    await victim.closed
    expect(await problem.promise).toContain("a fault of ours")

    const healthy = Promise.withResolvers<void>()
    const second = await connect(port, { data: () => healthy.resolve(), close() {} })
    second.write(ascii("x"))
    await healthy.promise
    second.close()
  })

  test("onConnection that throws costs the connection, and rejects connectTcp()", async () => {
    const problems: string[] = []
    const port = listen(
      () => {
        throw new Error("not today")
      },
      { onProblem: (error) => problems.push(error.message) },
    )
    const client = keeper()
    await connect(port, client.handler)
    await client.closed
    expect(problems).toHaveLength(1)
    const refused = connectTcp({
      address: LOOPBACK,
      port,
      timeoutMs: 2000,
      onConnection: () => {
        throw new Error("nor here")
      },
    })
    await expect(refused).rejects.toThrow("nor here")
  })
})

describe("connectTcp()", () => {
  const nothing = keeper().handler
  const closedPort = async () => {
    const listener = listenTcp({ address: LOOPBACK, port: 0, onConnection: echo })
    await listener.stop()
    return listener.port
  }

  test("to a closed port rejects in one line", async () => {
    const port = await closedPort()
    await expect(connect(port, nothing)).rejects.toMatchObject({
      code: "ECONNREFUSED",
      message: `TCP port ${port} of 127.0.0.1 cannot be reached: nothing listens there, or no way leads there`,
    })
  })

  test("from an address that is not ours rejects in one line", async () => {
    const refused = connect(await closedPort(), nothing, { localAddress: "192.0.2.1" })
    await expect(refused).rejects.toMatchObject({
      code: "EADDRNOTAVAIL",
      message: expect.stringContaining("192.0.2.1"),
    })
  })

  test("to a host that is not known rejects in one line", async () => {
    const refused = connect(8001, nothing, { address: "cloud.invalid" })
    await expect(refused).rejects.toMatchObject({
      code: "ENOTFOUND",
      message: "cloud.invalid is not a host that is known here, so its TCP port 8001 cannot be reached: check the name",
    })
  })

  test("gives up after timeoutMs, and ends the connection that comes too late", async () => {
    const server = keeper()
    const port = listen(() => server.handler)
    const impatient: Clock = {
      now: () => 0,
      monotonic: () => 0,
      after(_delayMs, callback) {
        queueMicrotask(callback)
        return () => {}
      },
    }
    await expect(connect(port, nothing, { clock: impatient, timeoutMs: 250 })).rejects.toMatchObject({
      code: "ETIMEDOUT",
      message: `TCP port ${port} of 127.0.0.1 did not answer within 250 ms`,
    })
    await server.closed
  })

  test("rejects with the reason of its signal, before or during the connect", async () => {
    const port = listen(echo)
    const stopped = AbortSignal.abort(new Error("stopping"))
    await expect(connect(port, nothing, { signal: stopped })).rejects.toThrow("stopping")
    const controller = new AbortController()
    const connecting = connect(port, nothing, { signal: controller.signal })
    controller.abort(new Error("stopping now"))
    await expect(connecting).rejects.toThrow("stopping now")
  })
})

describe("listenTcp()", () => {
  test("on a port in use throws one line that says what to do", () => {
    const port = listen(echo)
    expect(() => listenTcp({ address: LOOPBACK, port, onConnection: echo })).toThrow(
      `TCP port ${port} of 127.0.0.1 is in use`,
    )
  })

  test("on an address that is not ours throws one line and keeps the code", () => {
    try {
      listenTcp({ address: "192.0.2.1", port: 0, onConnection: echo })
      expect.unreachable()
    } catch (error) {
      expect(error).toMatchObject({
        code: "EADDRNOTAVAIL",
        message: expect.stringContaining("192.0.2.1 is not an address"),
      })
    }
  })

  test("stop() closes what is open, frees the port, and may be called twice", async () => {
    const accepted = Promise.withResolvers<void>()
    const onConnection = (connection: Connection) => {
      accepted.resolve()
      return echo(connection)
    }
    const listener = listenTcp({ address: LOOPBACK, port: 0, onConnection })
    const client = keeper()
    await connect(listener.port, client.handler)
    await accepted.promise
    await Promise.all([listener.stop(), listener.stop()])
    await client.closed
    await expect(connect(listener.port, client.handler)).rejects.toThrow("nothing listens there")
    await listenTcp({ address: LOOPBACK, port: listener.port, onConnection: echo }).stop()
  })
})

/** A socket that takes as many bytes as it is told to. */
class FakeSocket implements RawSocket {
  taken: number[] = []
  calls: string[] = []
  room = Number.POSITIVE_INFINITY
  write(bytes: Uint8Array) {
    const taken = Math.min(bytes.length, this.room)
    this.room -= taken
    this.taken.push(taken)
    return taken
  }
  shutdown = () => void this.calls.push("shutdown")
  end = () => void this.calls.push("end")
  terminate = () => void this.calls.push("terminate")
  pause = () => void this.calls.push("pause")
  resume = () => void this.calls.push("resume")
}

describe("TcpConnection", () => {
  function make(room = Number.POSITIVE_INFINITY) {
    const socket = new FakeSocket()
    socket.room = room
    const timers: (() => void)[] = []
    const clock: Clock = {
      now: () => 0,
      monotonic: () => 0,
      after(_delayMs, callback) {
        timers.push(callback)
        return () => void timers.splice(timers.indexOf(callback), 1)
      },
    }
    const settings = {
      remoteAddress: LOOPBACK,
      endpoint: "tcp:1",
      clock,
      maxQueuedBytes: 1e6,
      onProblem() {},
      onClosed() {},
    }
    const connection = new TcpConnection(socket, settings)
    const owner = keeper()
    connection.begin(() => owner.handler)
    return { socket, timers, connection, owner }
  }

  test("sends the writes of one turn together, large ones at once", async () => {
    const { socket, connection } = make()
    for (let i = 0; i < 10; i++) connection.write(new Uint8Array(100))
    expect(socket.taken).toEqual([])
    await Promise.resolve()
    expect(socket.taken).toEqual([1000])
    connection.write(new Uint8Array(300_000))
    expect(socket.taken).toEqual([1000, 300_000])
  })

  test("keeps what the socket does not take, whatever it takes, and asks again only when it may", async () => {
    const { socket, connection } = make(150)
    for (let i = 0; i < 3; i++) connection.write(new Uint8Array(100))
    await Promise.resolve()
    connection.write(new Uint8Array(50))
    await Promise.resolve()
    expect([socket.taken, connection.queuedBytes]).toEqual([[150], 200])
    socket.room = 120
    connection.writable()
    expect([socket.taken, connection.queuedBytes]).toEqual([[150, 120], 80])
    socket.room = 1000
    connection.writable()
    expect(connection.queuedBytes).toBe(0)
  })

  test("close() ends after the last byte, and after a second in any case", async () => {
    const { socket, timers, connection, owner } = make(50)
    connection.write(new Uint8Array(100))
    connection.close()
    expect(socket.calls).toEqual(["resume"])
    socket.room = 1000
    connection.writable()
    expect(socket.calls).toEqual(["resume", "shutdown"])
    connection.received(ascii("dropped"))
    timers[0]?.()
    expect(socket.calls).toEqual(["resume", "shutdown", "terminate"])
    expect([await owner.closed, owner.text(), timers.length]).toEqual([undefined, "", 0])
  })
})
