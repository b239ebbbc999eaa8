// Devices with keys: what they send nobody reads, nobody else can send, and nobody can send again.
import { Database } from "bun:sqlite"
import { expect, test } from "bun:test"
import { chmod, cp, mkdir, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { Code } from "../../src/coap/code"
import { type Content, type Option, OptionNumber, textOption } from "../../src/coap/option"
import { type Exchange, OscoreClient } from "../../src/coap/oscore/client"
import { GATEWAY_ID, idOf } from "../../src/coap/oscore/identity"
import { textOf } from "../../src/coap/resource"
import { deviceKeyOf, formatSecret } from "../../src/keys/device"
import { systemSockets } from "../../src/net/sockets"
import { Network, type NetworkOptions, type Roles, type Topology } from "../../src/network"
import { parseAddress } from "../../src/topology/address"
import { openEndpoint } from "../coap/udp/open-endpoint"
import { DAY_MS, SAMPLE, Site } from "./fixture"

const NOBODY: Roles = { cloud: false, gateway: false, devices: [] }
const SENSORS: Roles = { ...NOBODY, devices: [{ first: 0, last: 0xffff_ffff }] }
const SITE_SECRET = new Uint8Array(32).fill(0x51)
const TOMATOES = parseAddress("192.168.1.2") ?? 0
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const MORNING = bytesOf("08:00 - 20 - 30%\n")
const FORGED = "09:00 - 45 - 9%\n"
const randomBytes = (length: number) => crypto.getRandomValues(new Uint8Array(length))

/** As `bun run pair` leaves it where the gateway is. */
async function pair(folder: string, devices = "192.168.1.2-192.168.1.3 1\n"): Promise<void> {
  await mkdir(join(folder, "keys"), { recursive: true })
  await writeFile(join(folder, "keys", "devices"), devices)
  await secret(join(folder, "keys", "site.secret"), SITE_SECRET)
}

async function secret(path: string, bytes: Uint8Array): Promise<void> {
  await mkdir(join(path, ".."), { recursive: true })
  await writeFile(path, formatSecret(bytes))
  await chmod(path, 0o600)
}

/** A site's sensors on a host of their own, with their surveys and without the site's secret. */
async function sensorsOf(site: Site, gatewayPort: number): Promise<Topology> {
  const folder = join(site.folder, "sensors")
  await cp(join(site.folder, "surveys"), join(folder, "surveys"), { recursive: true })
  const { devices, cloud } = site.topology.gateway.interfaces
  const interfaces = { devices: { ...devices, port: gatewayPort }, cloud }
  return { ...site.topology, folder, gateway: { ...site.topology.gateway, interfaces } }
}

/** Somebody at this address who speaks with the gateway. */
async function speaker(address: string, port: number) {
  const opened = await openEndpoint(address, { isProtected: () => true })
  const gateway = { address: "127.168.1.1", port }
  return {
    ...opened,
    put: async (exchange: Exchange, path: string, body: Uint8Array) => exchange.request(gateway, put(path, body)),
    send: (datagram: Uint8Array) => opened.socket.send(datagram, gateway),
  }
}

function put(path: string, payload: Uint8Array): Content {
  const options: Option[] = path.split("/").map((segment) => textOption(OptionNumber.UriPath, segment))
  return { code: Code.Put, options, payload }
}

const keyed = (exchange: Exchange, masterSecret: Uint8Array): OscoreClient =>
  new OscoreClient({ exchange, masterSecret, senderId: idOf(TOMATOES), recipientId: GATEWAY_ID, randomBytes })

/** Surveys in the spool, as text. */
function surveysOf({ topology }: Site): string[] {
  using spool = new Database(topology.gateway.spool, { readonly: true })
  return spool
    .query<{ body: string }, []>("SELECT CAST(body AS TEXT) AS body FROM surveys")
    .all()
    .map(({ body }) => body)
}

/** What arrives at the gateway, datagram by datagram, whatever it is. */
function listening(captured: Uint8Array[]): Pick<NetworkOptions, "sockets"> {
  const openUdp: typeof systemSockets.openUdp = (options) =>
    systemSockets.openUdp({
      ...options,
      onDatagram: (datagram, peer) => {
        if (options.address === "127.168.1.1") captured.push(Uint8Array.from(datagram))
        options.onDatagram(datagram, peer)
      },
    })
  return { sockets: { ...systemSockets, openUdp } }
}

const contain = (datagrams: readonly Uint8Array[], text: string): boolean =>
  datagrams.some((datagram) => Buffer.from(datagram).includes(text))

for (const isKeyed of [true, false]) {
  test(`${isKeyed ? "with keys nobody on the way reads" : "without keys everybody on the way reads"} what devices send`, async () => {
    await using site = await Site.make()
    if (isKeyed) await pair(site.folder)
    const captured: Uint8Array[] = []
    await using network = await Network.start(site.topology, { ...site.options, ...listening(captured) })
    expect(await network.collect()).toMatchObject({ expected: 2, missing: [], readings: 8, stored: 8, complete: true })
    expect(await site.stored()).toHaveLength(8)
    expect(captured.length).toBeGreaterThan(1)
    for (const word of ["surveys", "2026-11-22", "20 - 30%"]) expect(contain(captured, word)).toBe(!isKeyed)
  })

  test(`a capture of yesterday ${isKeyed ? "is worth nothing" : "is taken where there are no keys"} after a restart and at a restored gateway`, async () => {
    await using site = await Site.make()
    if (isKeyed) await pair(site.folder)
    const captured: Uint8Array[] = []
    {
      await using network = await Network.start(site.topology, { ...site.options, ...listening(captured) })
      await network.collect()
      expect(await site.stored()).toHaveLength(8)
    }
    // restored from a backup of before the first upload
    const { spool } = site.topology.gateway
    for (const suffix of ["", "-wal", "-shm"]) await rm(`${spool}${suffix}`, { force: true })
    await using gateway = await Network.start(site.topology, { ...site.options, roles: { ...NOBODY, gateway: true } })
    using forger = await speaker("127.168.1.2", gateway.ports.gateway)
    for (let times = 0; times < 2; times++) for (const datagram of captured) forger.send(datagram)
    // whatever came before it was handled
    await expect(forger.put(forger.endpoint, "nothing", MORNING)).resolves.toMatchObject({ code: Code.NotFound })
    await gateway.stop() // what was taken is durable
    expect(surveysOf(site).length).toBe(isKeyed ? 0 : 1) // its own
  })
}

test("a device without its key is refused with a line that teaches, and its readings arrive when it has one", async () => {
  await using site = await Site.make({ grace: "300ms" })
  await pair(site.folder)
  await using network = await Network.start(site.topology, { ...site.options, roles: { ...EVERYTHING_BUT_SENSORS } })
  const sensors = await sensorsOf(site, network.ports.gateway)
  {
    const collecting = network.collect()
    await using devices = await Network.start(sensors, { ...site.options, roles: SENSORS })
    const { missing } = await devices.collect()
    expect(missing.map(({ device, reason }) => `${device.ip}: ${reason}`)).toEqual([
      "192.168.1.2: the gateway does not take it: 192.168.1.2 has a key, and without it nothing is taken: bun run pair 192.168.1.2 shows it",
      "192.168.1.3: the gateway does not take it: 192.168.1.3 has a key, and without it nothing is taken: bun run pair 192.168.1.3 shows it",
    ])
    expect(await collecting).toMatchObject({ complete: false, stored: 0 })
  }
  for (const ip of ["192.168.1.2", "192.168.1.3"]) {
    const key = deviceKeyOf(SITE_SECRET, parseAddress(ip) ?? 0, 1)
    await secret(join(sensors.folder, "keys", `${ip}.key`), key)
  }
  await using devices = await Network.start(sensors, { ...site.options, roles: SENSORS })
  expect(await devices.collect({ owedOnly: true })).toMatchObject({ missing: [], readings: 8, complete: true })
})

const EVERYTHING_BUT_SENSORS: Roles = { cloud: true, gateway: true, devices: [] }

test("a forger at the device's address, and at 127.0.0.1, has no way in: plain CoAP, plain text, another key", async () => {
  await using site = await Site.make()
  await pair(site.folder)
  await using network = await Network.start(site.topology, { ...site.options, roles: EVERYTHING_BUT_SENSORS })
  const port = network.ports.gateway
  for (const address of ["127.168.1.2", "127.0.0.1"]) {
    using forger = await speaker(address, port)
    const refused = await forger.put(forger.endpoint, "surveys/192.168.1.2/2026-11-22", bytesOf(FORGED))
    expect(refused.code).toBe(Code.Unauthorized)
    expect(textOf(refused)).toStartWith("192.168.1.2 has a key")
    forger.send(new TextEncoder().encode(`192.168.1.2 ${FORGED}`))
    const other = deviceKeyOf(new Uint8Array(32), TOMATOES, 1)
    const path = "surveys/192.168.1.2/2026-11-22"
    await expect(forger.put(keyed(forger.endpoint, other), path, bytesOf(FORGED))).rejects.toThrow("Decryption failed")
  }
  {
    using stranger = await speaker("127.0.0.8", port)
    const client = keyed(stranger.endpoint, deviceKeyOf(new Uint8Array(32), TOMATOES, 1))
    await expect(stranger.put(client, "surveys/192.168.1.2/2026-11-22", MORNING)).rejects.toThrow("Decryption failed")
    expect(site.logged).toContain(
      "warn Refused: 192.168.1.2 has another key than the one that this was sent with: bun run pair 192.168.1.2 shows it",
    )
  }
  // the same with the key is taken, wherever it comes from
  using device = await speaker("127.0.0.9", port)
  const client = keyed(device.endpoint, deviceKeyOf(SITE_SECRET, TOMATOES, 1))
  expect((await device.put(client, "surveys/192.168.1.2/2026-11-22", MORNING)).code).toBe(Code.Created)
  // and for no other device
  const others = await device.put(client, "surveys/192.168.1.3/2026-11-22", MORNING)
  expect([others.code, textOf(others)]).toEqual([Code.Forbidden, "192.168.1.2 may not speak for 192.168.1.3"])
  await network.stop()
  expect(surveysOf(site)).toEqual(["08:00 - 20 - 30%\n"])
})

test("the next epoch ends the key of before, while the gateway runs", async () => {
  await using site = await Site.make({ speed: 10 })
  await pair(site.folder)
  await using network = await Network.start(site.topology, { ...site.options, roles: EVERYTHING_BUT_SENSORS })
  using device = await speaker("127.168.1.2", network.ports.gateway)
  const path = "surveys/192.168.1.2/2026-11-22"
  const before = keyed(device.endpoint, deviceKeyOf(SITE_SECRET, TOMATOES, 1))
  expect((await device.put(before, path, MORNING)).code).toBe(Code.Created)
  await pair(site.folder, "192.168.1.2 2\n192.168.1.3 1\n")
  site.clock.forward(DAY_MS)
  while ((await device.put(before, path, MORNING).catch((error) => error)) instanceof Error === false)
    await Bun.sleep(20)
  await expect(device.put(before, path, MORNING)).rejects.toThrow("Decryption failed")
  const after = keyed(device.endpoint, deviceKeyOf(SITE_SECRET, TOMATOES, 2))
  expect((await device.put(after, path, MORNING)).code).toBe(Code.Changed)
})

test("a survey of a hundred blocks arrives whole, each block protected", async () => {
  const lines = Array.from({ length: 6000 }, (_, index) => {
    const [hours, minutes, seconds] = [index / 600, (index / 10) % 60, (index % 10) * 6].map((n) => Math.floor(n))
    return `${[hours, minutes, seconds].map((n) => String(n).padStart(2, "0")).join(":")} - 20 - 30%`
  })
  await using site = await Site.make({ files: { ...SAMPLE, "surveys/device1.txt": lines.join("\n") } })
  await pair(site.folder)
  const captured: Uint8Array[] = []
  await using network = await Network.start(site.topology, { ...site.options, ...listening(captured) })
  expect(await network.collect()).toMatchObject({ missing: [], readings: 6004, stored: 6004, complete: true })
  expect(captured.length).toBeGreaterThan(100)
  expect(Math.max(...captured.map(({ length }) => length))).toBeLessThan(1152) // RFC 7252 §4.6
  expect(contain(captured, "20 - 30%")).toBe(false)
})
