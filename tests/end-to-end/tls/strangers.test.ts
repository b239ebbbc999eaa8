// Who knocks at the cloud's port without being a gateway of it: nothing is stored, nothing is read, and nobody is held up.
import { afterAll, beforeAll, expect, test } from "bun:test"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { TLSOptions } from "bun"
import type { Issued } from "../../keys/authority"
import { sayRaw } from "../../net/raw-client"
import { until } from "../fixture"
import { type Host, startCloud, startGateway } from "./hosts"
import { byKey, own, pairIn } from "./keys"

const CLOUD = "127.10.10.2"
const SURVEY = "192.168.1.2 - 08:00 - 20 - 30%\n"

let folder: string
let cloudHost: Host
let gatewayHost: Host
let stranger: Issued

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tls-strangers-"))
  const [cloud, gateway] = [pairIn(folder, "10.10.10.2"), pairIn(folder, "greenhouse")]
  stranger = pairIn(folder, "stranger")
  cloudHost = { cloudTls: own(cloud, byKey(cloud)), gatewayTls: byKey(gateway) }
  gatewayHost = { cloudTls: byKey(cloud), gatewayTls: own(gateway, byKey(gateway)) }
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** Says something to the cloud, from the gateway's own address; resolves with the answer once it has ended. */
const say = (port: number, said: Uint8Array, tls?: TLSOptions): Promise<string> =>
  sayRaw(
    { hostname: CLOUD, port, localAddress: "127.10.10.1", tls: tls && { ALPNProtocols: "\x04coap", ...tls } },
    said,
  )

test("plain text, no certificate, and a certificate of one's own bring nothing into the store", async () => {
  await using cloud = await startCloud(cloudHost)
  const port = cloud.network.ports.cloud
  const text = new TextEncoder().encode(SURVEY)
  const shown = { cert: Bun.file(stranger.certificate), key: Bun.file(stranger.key) }
  const [plain, none, strange] = [await say(port, text), await say(port, text, {}), await say(port, text, shown)]
  expect(plain).not.toContain("received")
  expect(none).toBe("")
  expect(strange).toContain(`This cloud does not trust this gateway: its key is ${stranger.fingerprint}`)
  expect(await cloud.stored()).toBe(0)
  expect(cloud.warned).toEqual([
    "No TLS with 127.10.10.1: it does not speak TLS",
    "No TLS with 127.10.10.1: it shows no certificate",
    `Refused a connection of 127.10.10.1: its key is ${stranger.fingerprint}, which is not named here: bun run pair cloud prints it there`,
  ])
})

test("a crowd that never shakes hands is bounded, and does not keep the gateway out", async () => {
  await using cloud = await startCloud({
    ...cloudHost,
    limits: { perPeer: { connections: 4 }, overall: { connections: 8 } },
  })
  const port = cloud.network.ports.cloud
  let open = 0
  const knock = (localAddress: string) =>
    Bun.connect({
      hostname: CLOUD,
      port,
      ...{ localAddress },
      socket: { open: () => void open++, data() {}, close: () => void open--, error() {} },
    })
  for (let n = 0; n < 40; n++) await knock(`127.20.0.${n % 10}`)
  await until(() => open <= 8)
  await using gateway = await startGateway(gatewayHost, port)
  expect(await gateway.network.collect()).toMatchObject({ complete: true, stored: 8 })
})

test("who never shakes hands is gone after the time that two bytes have without TLS", async () => {
  await using cloud = await startCloud({ ...cloudHost, speed: 200 })
  await say(cloud.network.ports.cloud, new Uint8Array(0))
  expect(cloud.warned).toEqual([])
})
