import { afterEach, describe, expect, test } from "bun:test"
import { readFileSync } from "node:fs"
import { tuneUdpSocket } from "../../src/net/socket-options"
import type { Peer } from "../../src/net/udp"
import { type UdpOptions, UdpSocket } from "../../src/net/udp"

const LOOPBACK = "127.0.0.1"
const opened: UdpSocket[] = []
afterEach(() => {
  for (const socket of opened.splice(0)) socket.close()
})

interface Received {
  readonly text: string
  readonly from: Peer
}

/** A socket on 127.0.0.1 that notes what comes; `got(n)` resolves once n datagrams have. */
async function listen(options: Partial<UdpOptions> = {}) {
  const received: Received[] = []
  let wanted = Number.POSITIVE_INFINITY
  let enough = () => {}
  const socket = await UdpSocket.open({
    address: LOOPBACK,
    port: 0,
    onDatagram(datagram, from) {
      received.push({ text: Buffer.from(datagram).toString(), from })
      if (received.length >= wanted) enough()
    },
    ...options,
  })
  opened.push(socket)
  const got = (count: number) =>
    new Promise<Received[]>((resolve) => {
      enough = () => resolve(received)
      wanted = count
      if (received.length >= count) enough()
    })
  const peer: Peer = { address: options.address ?? LOOPBACK, port: socket.port }
  return { socket, received, got, peer }
}

/** A port that answers every datagram with an ICMP error. */
async function closedPort(): Promise<Peer> {
  const { socket, peer } = await listen()
  socket.close()
  return peer
}

const bytes = (text: string) => Buffer.from(text)

/** A server that answers "ok" from the handler, and another socket to talk to it. */
async function conversation(onDatagram: (reply: (to: Peer) => void, datagram: Uint8Array, from: Peer) => void) {
  const problems: unknown[] = []
  const server = await listen({
    onDatagram: (datagram, from) => onDatagram((to) => server.socket.send(bytes("ok"), to), datagram, from),
    onProblem: (error) => problems.push(error),
  })
  const client = await listen()
  return { server, client, problems }
}

describe("UdpSocket", () => {
  test("carries datagrams both ways and tells who sent them", async () => {
    const { server, client } = await conversation((reply, _, from) => reply(from))
    client.socket.send(bytes("hello"), server.peer)
    expect(await client.got(1)).toEqual([{ text: "ok", from: server.peer }])
    expect([client.socket.counts, server.socket.counts]).toEqual(
      Array(2).fill({ received: 1, sent: 1, unsent: 0, problems: 0 }),
    )
  })

  test("answers from the very address that it is bound to", async () => {
    const server = await listen({ address: "127.168.1.1" })
    const client = await listen({ address: "127.168.1.2" })
    client.socket.send(bytes("hello"), server.peer)
    const [hello] = await server.got(1)
    expect(hello?.from).toEqual(client.peer)
    server.socket.send(bytes("ok"), hello?.from ?? client.peer)
    expect((await client.got(1))[0]?.from).toEqual(server.peer)
  })

  test("carries the largest datagram whole", async () => {
    const [a, b] = [await listen(), await listen()]
    a.socket.send(bytes("x".repeat(65_507)), b.peer)
    expect((await b.got(1))[0]?.text.length).toBe(65_507)
  })

  test("lives on after a port that has closed, and loses nothing for its healthy peers", async () => {
    const closed = await closedPort()
    const { server, client } = await conversation((reply, _, from) => {
      for (let i = 0; i < 5; i++) {
        reply(closed)
        reply(from)
        reply(closed)
      }
    })
    for (let round = 1; round <= 10; round++) {
      client.socket.send(bytes("hello"), server.peer)
      await client.got(5 * round)
    }
    expect(client.received.length).toBe(50)
    expect(server.socket.counts).toMatchObject({ received: 10, sent: 150, unsent: 0 })
  })

  test("lives on after a handler that throws, and tells", async () => {
    const { server, client, problems } = await conversation((reply, datagram, from) => {
      if (bytes("bad").equals(datagram)) throw new Error("a bad datagram")
      reply(from)
    })
    for (const text of ["bad", "good", "bad", "good"]) client.socket.send(bytes(text), server.peer)
    expect((await client.got(2)).length).toBe(2)
    expect(problems.map(String)).toEqual(Array(2).fill("Error: a bad datagram"))
    expect(server.socket.counts).toMatchObject({ received: 4, problems: 2 })
  })

  test.each<[string, Uint8Array, Partial<Peer>]>([
    ["a datagram that is too large", new Uint8Array(65_508), {}],
    ["port 0, which only a forger sends from", bytes("x"), { port: 0 }],
    ["an address that is none", bytes("x"), { address: "nowhere" }],
  ])("loses %s and nothing else of the batch", async (_, datagram, bad) => {
    const [a, b] = [await listen(), await listen()]
    for (let i = 0; i < 200; i++) {
      if (i === 150) a.socket.send(datagram, { ...b.peer, ...bad })
      a.socket.send(bytes(`${i}`), b.peer)
    }
    const received = await b.got(200)
    expect(received.map(({ text }) => text)).toEqual(Array.from({ length: 200 }, (_, i) => `${i}`))
    expect(a.socket.counts).toMatchObject({ sent: 200, unsent: 1 })
  })

  test.skipIf(!holdsBurst())("takes a burst of 5,000 while its process is busy", async () => {
    const [a, b] = [await listen(), await listen()]
    for (let i = 0; i < 5000; i++) a.socket.send(bytes(`08:00 - 20 - 30% ${i}`), b.peer)
    expect((await b.got(5000)).length).toBe(5000)
    expect(a.socket.counts).toMatchObject({ sent: 5000, unsent: 0 })
  })
})

/** Whether the system lets a socket ask for a buffer of 4 MB. */
function holdsBurst(): boolean {
  if (process.platform !== "linux") return false
  return Number(readFileSync("/proc/sys/net/core/rmem_max", "utf8")) >= 4 * 1024 * 1024
}

describe("UdpSocket.close()", () => {
  test("sends what is queued; a second time it does nothing, and later sends are counted, not thrown", async () => {
    const [a, b] = [await listen(), await listen()]
    a.socket.send(bytes("last words"), b.peer)
    a.socket.close()
    a.socket.close()
    a.socket.send(bytes("too late"), b.peer)
    expect((await b.got(1)).map(({ text }) => text)).toEqual(["last words"])
    expect([a.socket.counts, a.socket.port]).toEqual([{ received: 0, sent: 1, unsent: 1, problems: 0 }, 0])
  })

  test("frees the port", async () => {
    const first = await listen()
    first.socket.close()
    const second = await listen({ port: first.peer.port })
    expect(second.peer).toEqual(first.peer)
  })
})

describe("UdpSocket.open() says in one line", () => {
  test("that the port is in use", async () => {
    const { peer } = await listen()
    await expect(listen({ port: peer.port })).rejects.toMatchObject({
      code: "EADDRINUSE",
      message: `UDP port ${peer.port} of 127.0.0.1 is in use: stop the other program (ss -lpn | grep ${peer.port}), or choose another port`,
    })
  })

  test("that the address is not this machine's", async () => {
    await expect(listen({ address: "203.0.113.1" })).rejects.toMatchObject({
      code: "EADDRNOTAVAIL",
      message: expect.stringMatching(/^203\.0\.113\.1 is not an address of this machine, which has .*127\.0\.0\.1/),
    })
  })
})

test.skipIf(process.platform !== "linux")("tuneUdpSocket() says whether it took", () => {
  expect(tuneUdpSocket(-1)).toBe(false)
})
