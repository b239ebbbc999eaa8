import { afterEach, describe, expect, test } from "bun:test"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { makePair } from "../../src/keys/certificate"
import { type Connection, type ConnectionHandler, connectTcp, listenTcp, type TcpListener } from "../../src/net/tcp"
import { fingerprintOf, type ShownCertificate, type TlsSettings } from "../../src/net/tls"
import { describeWith, findPeer } from "../interop/peers"
import { fingerprintByOpenssl } from "../keys/authority"
import { sayRaw } from "./raw-client"

const ADDRESS = "127.0.0.1"
const ascii = (text: string) => new TextEncoder().encode(text)

const [server, client] = [makePair(ADDRESS), makePair("greenhouse")]
const tlsOf = ({ certificate, key }: typeof server, more: Partial<TlsSettings> = {}): TlsSettings => ({
  certificate,
  key,
  minVersion: "TLSv1.3",
  ...more,
})

const listeners: TcpListener[] = []
afterEach(async () => {
  await Promise.all(listeners.splice(0).map((listener) => listener.stop()))
})

/** An end that notes what happens to it, in order. */
function end(answer = "") {
  const happened: string[] = []
  const shown = Promise.withResolvers<ShownCertificate>()
  const closed = Promise.withResolvers<Error | undefined>()
  let own: Connection | undefined
  const onConnection = (connection: Connection): ConnectionHandler => {
    own = connection
    return {
      secured(peer) {
        happened.push("secured")
        shown.resolve(peer)
      },
      data(chunk) {
        happened.push(`data ${new TextDecoder().decode(chunk)}`)
        if (answer !== "") connection.write(ascii(answer))
        connection.close()
      },
      close(error) {
        happened.push(`close ${error?.message ?? "in order"}`)
        closed.resolve(error)
      },
    }
  }
  return { onConnection, happened, shown: shown.promise, closed: closed.promise, connection: () => own }
}

function listen(onConnection: (connection: Connection) => ConnectionHandler, tls = tlsOf(server)): TcpListener {
  const listener = listenTcp({ address: ADDRESS, port: 0, tls, onConnection })
  listeners.push(listener)
  return listener
}

const connect = (port: number, onConnection: (connection: Connection) => ConnectionHandler, tls = tlsOf(client)) =>
  connectTcp({ address: ADDRESS, port, timeoutMs: 5000, tls: { ...tls, serverName: ADDRESS }, onConnection })

describe("a connection over TLS", () => {
  test("tells each end whom it has before anything that is said, and carries what was written too early", async () => {
    const [there, here] = [end("ok"), end()]
    const { port } = listen(there.onConnection)
    const connecting = connect(port, (connection) => {
      connection.write(ascii("early")) // the handshake has not begun
      return here.onConnection(connection)
    })
    await connecting
    expect((await here.shown).fingerprint).toBe(fingerprintOf(server.publicKey))
    expect((await there.shown).fingerprint).toBe(fingerprintOf(client.publicKey))
    expect([await there.closed, await here.closed]).toEqual([undefined, undefined])
    expect(there.happened).toEqual(["secured", "data early", "close in order"])
    expect(here.happened).toEqual(["secured", "data ok", "close in order"])
  })

  test("carries 4 MB each way, though both read slowly, and close() loses nothing", async () => {
    const sent = Buffer.alloc(
      4_000_000,
      Uint8Array.from({ length: 65_537 }, (_, i) => (i * 31 + (i >> 8)) & 0xff),
    )
    const side = () => {
      const done = Promise.withResolvers<string>()
      const hash = new Bun.CryptoHasher("sha256")
      const onConnection = (connection: Connection): ConnectionHandler => {
        const secured = () => {
          connection.write(sent)
          connection.close()
        }
        return { secured, data() {}, close() {} }
      }
      const reads = (connection: Connection): ConnectionHandler => ({
        data(chunk) {
          hash.update(chunk)
          connection.pause()
          setImmediate(() => connection.resume())
        },
        close: () => done.resolve(hash.digest("hex")),
      })
      return { onConnection, reads, digest: done.promise }
    }
    const expected = new Bun.CryptoHasher("sha256").update(sent).digest("hex")
    const down = side()
    const { port } = listen(down.onConnection)
    await connect(port, down.reads)
    expect(await down.digest).toBe(expected)
    const up = side()
    const { port: other } = listen(up.reads)
    await connect(other, up.onConnection)
    expect(await up.digest).toBe(expected)
  })

  test("that nobody shakes hands for is the owner's to end", async () => {
    const there = end()
    const { port } = listen((connection) => {
      setTimeout(() => connection.close(), 20)
      return there.onConnection(connection)
    })
    await sayRaw({ hostname: ADDRESS, port }, "") // plain, and silent
    await there.closed
    expect(there.happened.filter((what) => what === "secured")).toEqual([])
  })

  test.each([
    ["plain text", undefined, "08:00 - 20 - 30%\n", "it does not speak TLS"],
    ["a client without a certificate", { ALPNProtocols: "\x04coap" }, "hello", "it shows no certificate"],
    ["another protocol", { ALPNProtocols: "\x04http" }, "hello", "it does not speak CoAP (ALPN)"],
  ] as const)("is refused to %s, and nothing of it is read", async (_, tls, said, reason) => {
    const there = end()
    const { port } = listen(there.onConnection)
    await sayRaw({ hostname: ADDRESS, port, tls }, said)
    await there.closed
    expect(there.happened).toEqual([`close No TLS with ${ADDRESS}: ${reason}`])
  })

  test("rejects connectTcp() in one line where the peer speaks none, or hangs up", async () => {
    const plain = listenTcp({
      address: ADDRESS,
      port: 0,
      onConnection: (connection) => ({ data: () => connection.write(ascii("what?")), close() {} }),
    })
    listeners.push(plain)
    await expect(connect(plain.port, end().onConnection)).rejects.toThrow(
      `No TLS with ${ADDRESS}: it does not speak TLS`,
    )
    const rude = listenTcp({
      address: ADDRESS,
      port: 0,
      onConnection: (connection) => ({ data: () => connection.destroy(), close() {} }),
    })
    listeners.push(rude)
    await expect(connect(rude.port, end().onConnection)).rejects.toThrow("hung up")
  })

  test("renew() shows another certificate to who comes next, and keeps who is there", async () => {
    const [first, second] = [end("still here"), end()]
    const ends = [first, second]
    const listener = listen((connection) => (ends.shift() ?? end()).onConnection(connection))
    const [before, after] = [end(), end()]
    const old = await connect(listener.port, before.onConnection)
    await first.shown
    // what cannot be shown leaves what was shown
    expect(() => listener.renew({ ...tlsOf(client), certificate: "noise", ca: "noise" })).toThrow()
    const kept = end()
    ends.unshift(end())
    const again = await connect(listener.port, kept.onConnection)
    expect((await kept.shown).fingerprint).toBe(fingerprintOf(server.publicKey))
    again.close()
    listener.renew(tlsOf(client))
    const next = await connect(listener.port, after.onConnection)
    expect((await before.shown).fingerprint).toBe(fingerprintOf(server.publicKey))
    expect((await after.shown).fingerprint).toBe(fingerprintOf(client.publicKey))
    old.write(ascii("?"))
    await before.closed
    expect(before.happened).toEqual(["secured", "data still here", "close in order"])
    next.close()
  })
})

describeWith(["openssl"], "openssl and our TLS", () => {
  /** What s_client says of one connection. */
  async function sClient(port: number, ...args: string[]): Promise<string> {
    const folder = mkdtempSync(join(tmpdir(), "s-client-"))
    try {
      await Bun.write(join(folder, "c.crt"), client.certificate)
      await Bun.write(join(folder, "c.key"), client.key)
      const own = ["-cert", "c.crt", "-key", "c.key", "-alpn", "coap"]
      const running = Bun.spawn(
        [findPeer("openssl") ?? "", "s_client", "-connect", `${ADDRESS}:${port}`, ...own, ...args],
        { cwd: folder, stdin: "pipe", stdout: "pipe", stderr: "pipe" },
      )
      running.stdin.write("x\n")
      await running.stdin.flush()
      const [out, error] = await Promise.all([new Response(running.stdout).text(), new Response(running.stderr).text()])
      return out + error
    } finally {
      rmSync(folder, { recursive: true })
    }
  }

  test("fingerprintOf() is the SHA-256 of the key that openssl reads from the certificate", async () => {
    const folder = mkdtempSync(join(tmpdir(), "fingerprint-"))
    const file = join(folder, "c.crt")
    await Bun.write(file, server.certificate)
    expect(fingerprintOf(server.publicKey)).toBe(fingerprintByOpenssl(folder, file))
    rmSync(folder, { recursive: true })
  })

  test("TLS 1.3 and ALPN coap are agreed upon, without a ticket that would be let in tomorrow", async () => {
    const said = await sClient(listen(end("ok").onConnection).port)
    expect(said).toContain("New, TLSv1.3")
    expect(said).toContain("ALPN protocol: coap")
    expect(said).not.toContain("New Session Ticket")
  })

  test("TLS 1.2 is refused, unless it is chosen", async () => {
    const there = end("ok")
    expect(await sClient(listen(there.onConnection).port, "-tls1_2")).toContain("alert protocol version")
    await there.closed
    expect(there.happened).toEqual([
      `close No TLS with ${ADDRESS}: it speaks an older TLS than cloud.tls.minVersion allows`,
    ])
    const chosen = listen(end("ok").onConnection, tlsOf(server, { minVersion: "TLSv1.2" }))
    expect(await sClient(chosen.port, "-tls1_2")).toContain("New, TLSv1.2")
    expect(await sClient(chosen.port)).toContain("New, TLSv1.3")
    expect(await sClient(chosen.port, "-tls1_1")).not.toContain("New, TLSv1.1")
  })
})
