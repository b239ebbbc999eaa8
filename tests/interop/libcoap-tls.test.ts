// libcoap over TLS, with OpenSSL and with GnuTLS: as a gateway of our cloud, and as the cloud of our gateway.
import { afterAll, beforeAll, describe, expect, test } from "bun:test"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { MONDAY_AT_SIX, until } from "../end-to-end/fixture"
import { type Host, startCloud, startGateway } from "../end-to-end/tls/hosts"
import { byKey, own, pairIn } from "../end-to-end/tls/keys"
import { Authority, type Issued, selfSigned } from "../keys/authority"
import { Capture, captureRefused } from "./capture"
import { describeSkipped, describeWith, type Peer, runPeer, startPeer } from "./peers"

const CLOUD = "127.10.10.2"
const DAY = "2026-11-22"
const LINE = "08:00 - 20 - 30%"

let folder: string
let survey: string
let cloud: Issued
let gateway: Issued
let ca: Authority
const wrong: Record<string, Issued> = {}
let good: Issued

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "libcoap-tls-"))
  survey = join(folder, "survey.txt")
  await writeFile(survey, `${LINE}\n`)
  ca = await Authority.make(folder, "authority")
  const other = await Authority.make(folder, "stranger")
  const names = "DNS:greenhouse"
  cloud = await ca.issue("cloud", { names: `IP:10.10.10.2,IP:${CLOUD}` })
  good = await ca.issue("gateway", { names })
  gateway = pairIn(folder, "greenhouse")
  wrong["another CA"] = await other.issue("gateway", { names })
  wrong.expired = await ca.issue("expired", { names, to: "20210101000000Z" })
  wrong["not yet valid"] = await ca.issue("early", { names, from: "20900101000000Z" })
  wrong["self-signed"] = selfSigned(folder, "self", names)
  wrong["wrong name"] = await ca.issue("name", { names: "DNS:farm-b" })
  wrong["wrong use"] = await ca.issue("use", { names, use: "serverAuth" })
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const byAuthority = (): Host => ({ cloudTls: own(cloud, { ca: ca.certificate }), gatewayTls: { ca: ca.certificate } })
const pinned = (): Host => ({ cloudTls: own(cloud, byKey(cloud)), gatewayTls: byKey(gateway) })

/** Delivers with libcoap; resolves with what it says. It exits with 0 whatever becomes of it. */
async function put(peer: Peer, port: number, shown?: Issued): Promise<string> {
  const url = `coaps+tcp://${CLOUD}:${port}/sites/greenhouse/surveys/192.168.1.2/${DAY}`
  const keys = shown ? ["-c", shown.certificate, "-j", shown.key] : []
  // -R trusts the cloud's authority; what the client itself shows is for the cloud to judge
  const options = ["-m", "put", "-B", "5", "-R", ca.certificate, ...keys, "-f", survey, url]
  const { stdout, stderr } = await runPeer(peer, options)
  return `${stdout}${stderr}`.trim()
}

describeWith(
  ["coap-client-openssl", "coap-client-gnutls", "openssl"],
  "libcoap's clients and our cloud over TLS",
  () => {
    describe.each(["coap-client-openssl", "coap-client-gnutls"] as const)("%s", (peer) => {
      test("delivers with a certificate of the authority", async () => {
        await using running = await startCloud(byAuthority())
        expect(await put(peer, running.network.ports.cloud, good)).toContain("Surveys received")
        expect([await running.stored(), running.warned]).toEqual([1, []])
      })

      test("delivers with the key that is named", async () => {
        await using running = await startCloud(pinned())
        expect(await put(peer, running.network.ports.cloud, gateway)).toContain("Surveys received")
        expect([await running.stored(), running.warned]).toEqual([1, []])
      })

      test.each([
        "another CA",
        "expired",
        "not yet valid",
        "self-signed",
        "wrong name",
        "wrong use",
      ])("is refused with one that is %s, by the authority and by its key", async (name) => {
        for (const host of [byAuthority(), pinned()]) {
          await using running = await startCloud(host)
          expect(await put(peer, running.network.ports.cloud, wrong[name])).not.toContain("Surveys received")
          expect(await running.stored()).toBe(0)
          // GnuTLS shows none to a cloud that asks for those of an authority which has not given it
          expect(running.warned).toEqual([expect.stringMatching(/127\.0\.0\.1: (its |it shows no certificate)/)])
        }
      })

      test("is refused without one", async () => {
        await using running = await startCloud(pinned())
        expect(await put(peer, running.network.ports.cloud)).not.toContain("Surveys received")
        expect(await running.stored()).toBe(0)
        expect(running.warned).toEqual(["No TLS with 127.0.0.1: it shows no certificate"])
      })
    })
  },
)

describeWith(["coap-server-openssl", "openssl"], "our gateway and libcoap's server over TLS", () => {
  test("delivers, with nothing left in the spool, to the one that it trusts alone", async () => {
    await using server = await startServer()
    const known = { ca: ca.certificate }
    const host: Host = { cloudTls: known, gatewayTls: own(good, known) }
    {
      await using running = await startGateway(host, server.port)
      expect(await running.network.collect({ scheduledAt: MONDAY_AT_SIX })).toMatchObject({ complete: true, stored: 8 })
      expect([running.waiting, running.warned]).toEqual([0, []])
    }
    {
      await using running = await startGateway({ ...host, cloudTls: byKey(gateway) }, server.port)
      const run = running.network.collect({ scheduledAt: MONDAY_AT_SIX })
      await until(() => running.warned.length > 0)
      expect(running.warned[0]).toStartWith(
        `Not delivered: The cloud at ${CLOUD} is not trusted: its key is ${cloud.fingerprint}`,
      )
      expect(running.waiting).toBe(2)
      await running.network.stop()
      await run
    }
  })

  test("is told what may be wrong where that one refuses its certificate without a word", async () => {
    await using server = await startServer()
    const stranger = wrong["another CA"] ?? good
    const host: Host = { cloudTls: { ca: ca.certificate }, gatewayTls: own(stranger, byKey(stranger)) }
    await using running = await startGateway(host, server.port)
    const run = running.network.collect({ scheduledAt: MONDAY_AT_SIX })
    await until(() => running.warned.length > 0)
    expect(running.warned[0]).toContain("does the cloud know this gateway's certificate?")
    expect(running.waiting).toBe(2)
    await running.network.stop()
    await run
  })
})

/** libcoap's cloud, which keeps what is PUT to it; its TLS port is the one behind the plain one. */
async function startServer() {
  const [plain, tls] = [listen(0), listen(0)]
  const port = Math.max(plain.port, tls.port)
  for (const listener of [plain, tls]) listener.stop(true)
  const keys = ["-c", cloud.certificate, "-j", cloud.key, "-C", ca.certificate, "-R", ca.certificate]
  const running = startPeer("coap-server-openssl", ["-A", CLOUD, "-p", String(port), "-d", "20", ...keys])
  const isThere = () =>
    Bun.connect({ hostname: CLOUD, port: port + 1, socket: { data() {} } }).then(
      (socket) => socket.end(),
      () => undefined,
    )
  while ((await isThere()) === undefined) await new Promise((resolve) => setTimeout(resolve, 20))
  return {
    port: port + 1,
    async [Symbol.asyncDispose]() {
      running.kill()
      await running.exited
    },
  }
}

const listen = (port: number) => Bun.listen({ hostname: CLOUD, port, socket: { data() {} } })

const refused = captureRefused()
const describeCapture = (name: string, body: () => void) =>
  refused ? describeSkipped(name, refused, body) : describeWith(["dumpcap", "tshark"], name, body)

describeCapture("tshark", () => {
  test("finds TLS and nothing else on the cloud's leg, and no survey, name or site in clear", async () => {
    const gatewayHost: Host = { cloudTls: byKey(cloud), gatewayTls: own(gateway, byKey(gateway)) }
    await using running = await startCloud(pinned())
    await using delivering = await startGateway(gatewayHost, running.network.ports.cloud)
    await using capture = await Capture.start({ udp: 1, tcp: running.network.ports.cloud })
    expect(await delivering.network.collect({ scheduledAt: MONDAY_AT_SIX })).toMatchObject({ complete: true })
    await delivering.network.stop()
    const { protocols, bytes } = await capture.dissectTls()
    expect([new Set(protocols), protocols.length > 4]).toEqual([new Set(["tls"]), true])
    for (const clear of [LINE, "20 - 30", "surveys", "tomatoes", "Europe/Rome"])
      expect(bytes.includes(clear)).toBe(false)
  }, 15_000)

  test("finds them all in clear where the leg is plain, so that it would find them above", async () => {
    await using running = await startCloud({})
    await using delivering = await startGateway({}, running.network.ports.cloud)
    await using capture = await Capture.start({ udp: 1, tcp: running.network.ports.cloud })
    expect(await delivering.network.collect({ scheduledAt: MONDAY_AT_SIX })).toMatchObject({ complete: true })
    const { bytes } = await capture.dissectTls()
    for (const clear of [LINE, "surveys", "tomatoes", "Europe/Rome"]) expect(bytes.includes(clear)).toBe(true)
  }, 15_000)
})
