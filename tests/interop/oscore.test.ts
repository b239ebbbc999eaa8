// OSCORE with a second reading of RFC 8613, oscore.py: it has its own CBOR, its own contexts, and OpenSSL's AES-CCM.
import { expect, test } from "bun:test"
import { join } from "node:path"
import { systemClock } from "../../src/clock"
import { OscoreClient } from "../../src/coap/oscore/client"
import { GATEWAY_ID, idOf } from "../../src/coap/oscore/identity"
import { Uploader } from "../../src/device/uploader"
import { deviceKeyOf } from "../../src/keys/device"
import { parseAddress } from "../../src/topology/address"
import { openEndpoint } from "../coap/udp/open-endpoint"
import { DAY, GATEWAY, TestNetwork } from "./network"
import { describeWith, runPeer, startPeer } from "./peers"

const SCRIPT = join(import.meta.dir, "oscore.py")
const IP = "192.168.1.2"
const ADDRESS = parseAddress(IP) ?? 0
const SITE_SECRET = new Uint8Array(32).fill(0x42)
const KEY = deviceKeyOf(SITE_SECRET, ADDRESS, 1)
const CREATED = 0x41
const CHANGED = 0x44
const ARRIVED = { text: "Surveys arrived" }

const lines = (count: number): string[] =>
  Array.from({ length: count }, (_, n) => {
    const time = [Math.floor(n / 60), n % 60].map((part) => String(part).padStart(2, "0")).join(":")
    return `${time} - 20 - 30%`
  })

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, undefined> {
  let rest = ""
  for await (const chunk of stream) {
    const whole = (rest + Buffer.from(chunk).toString()).split("\n")
    rest = whole.pop() ?? ""
    yield* whole
  }
}

describeWith(["cryptography"], "a client of another reading", () => {
  async function speak(network: TestNetwork, name: string, key = KEY): Promise<unknown[]> {
    const args = [SCRIPT, "client", String(network.ports.gateway), name, key.toHex()]
    return JSON.parse((await runPeer("cryptography", args)).stdout)
  }
  const start = () => TestNetwork.start([{ ip: IP }], undefined, SITE_SECRET)

  test("derives a context with our gateway, and its surveys arrive (Appendix B.2)", async () => {
    await using network = await start()
    expect(await speak(network, "derived")).toEqual([
      { code: CREATED, ...ARRIVED, exchanges: 2 },
      { code: CHANGED, ...ARRIVED, exchanges: 1 },
    ])
    await network.collect()
    network.expectStored(IP, lines(2))
  })

  test("begins with a fixed context, proves by Echo that it is there, and its surveys arrive (Appendix B.1.2)", async () => {
    await using network = await start()
    expect(await speak(network, "fixed")).toEqual([
      { code: CREATED, ...ARRIVED, exchanges: 2 },
      { code: CHANGED, ...ARRIVED, exchanges: 1 },
    ])
    await network.collect()
    network.expectStored(IP, lines(2))
  })

  test("need not name its context once it is established (§5.1)", async () => {
    await using network = await start()
    expect(await speak(network, "unnamed")).toMatchObject([{ exchanges: 2 }, { code: CHANGED, exchanges: 1 }])
  })

  test("sends a survey in inner blocks, each of them a message of its own", async () => {
    await using network = await start()
    const heard = await speak(network, "inner")
    expect(heard.length).toBeGreaterThan(20)
    expect(heard.at(-1)).toMatchObject({ code: CREATED })
    await network.collect()
    network.expectStored(IP, lines(400))
  })

  test("has its message cut into outer blocks on the way, and it is put together before it is opened", async () => {
    await using network = await start()
    expect(await speak(network, "outer")).toMatchObject([{ code: CREATED }, { code: CHANGED }])
    await network.collect()
    network.expectStored(IP, lines(300))
  })

  test("is refused what it sends twice, and with another key", async () => {
    await using network = await start()
    expect(await speak(network, "replay")).toMatchObject([
      { code: CREATED },
      { plain: 0x81, text: "Replay detected", maxAge: "" },
    ])
    expect(await speak(network, "wrong", deviceKeyOf(SITE_SECRET, ADDRESS, 2))).toMatchObject([
      { plain: 0x80, text: "Decryption failed" },
      { plain: 0x80, text: "Decryption failed" },
    ])
  })
})

describeWith(["cryptography"], "a gateway of another reading", () => {
  /** Sends a survey as our devices do, and gives what the gateway read. */
  async function upload(name: string, count: number) {
    const server = startPeer("cryptography", [SCRIPT, "server", name, KEY.toHex()])
    try {
      const said = linesOf(server.stdout)
      const port = Number((await said.next()).value)
      const gateway = { address: GATEWAY, port }
      using speaker = await openEndpoint("127.168.1.2", {
        transmission: { ackTimeoutMs: 2000, maxRetransmit: 4 },
        isProtected: () => true,
      })
      const exchange = new OscoreClient({
        exchange: speaker.endpoint,
        masterSecret: KEY,
        senderId: idOf(ADDRESS),
        recipientId: GATEWAY_ID,
        randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
      })
      const uploader = new Uploader({ endpoint: exchange, gateway, ip: IP, clock: systemClock, random: Math.random })
      const body = `${lines(count).join("\n")}\n`
      const answer = await uploader.upload(DAY, new TextEncoder().encode(body), new AbortController().signal)
      return { answer, read: JSON.parse((await said.next()).value ?? "null"), body }
    } finally {
      server.kill()
      await server.exited
    }
  }

  for (const [name, count, what] of [
    ["plain", 20, "takes our first context as it is"],
    ["renew", 20, "asks for another context, with the request's nonce (Appendix B.2)"],
    ["renew-own", 20, "asks for another context, with a Partial IV of its own"],
    ["echo", 20, "asks for Echo first (RFC 9175)"],
    ["own", 20, "answers with Partial IVs of its own"],
    ["plain", 600, "gets a survey in inner blocks"],
    ["renew", 600, "gets a survey in inner blocks under a context that was derived on the way"],
  ] as const) {
    test(what, async () => {
      const { answer, read, body } = await upload(name, count)
      expect(answer).toBe("Survey arrived")
      expect(read).toEqual({ path: `surveys/${IP}/${DAY}`, code: 3, body })
    })
  }
})
