// Both legs with keys on real hosts: what is seen on the bridges, and what forgers, strangers and other sites' gateways bring in.
import { expect, test } from "bun:test"
import { cp, mkdir, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { parse } from "yaml"
import { makePair } from "../../src/keys/certificate"
import { fingerprintOf } from "../../src/net/tls"
import { Capture, type Frame, type Purpose, strangeOf } from "./capture"
import { rewrite } from "./declaration"
import { describeHosts } from "./describe"
import { Hosts } from "./hosts"
import { declaredLines, differencesOf, storedLines, surveyTexts } from "./records"

const LIMIT_MS = 60_000
const NOTHING = { lost: [], added: [] }
const GATEWAY = "192.168.1.1"
const PORT = "10005"
const FORGED = "09:00 - 45 - 9%"
const OTHER_SITE = "farm-b"
const CLEAR = ["surveys", "greenhouse", "tomatoes", " - 30%", " - 33%"]

const toGateway = ({ addresses }: Hosts): Purpose => ({
  transport: "udp",
  server: GATEWAY,
  port: Number(PORT),
  clients: addresses,
})

const toCloud = ({ topology: { gateway, cloud } }: Hosts): Purpose => ({
  transport: "tcp",
  server: cloud.address,
  port: cloud.port,
  clients: [gateway.interfaces.cloud.address.ip],
  isTls: true,
})

/** Everything has its key, and another site delivers to the cloud too. */
async function paired(options: { isPlain?: boolean } = {}): Promise<{ hosts: Hosts; keys: Keys }> {
  const hosts = await Hosts.make({ declared: { "schedule.grace": "8s" } })
  const { file, folder } = hosts.topology
  const keys = { cloud: "", farm: await strangersKey(folder, OTHER_SITE), nobody: await strangersKey(folder, "nobody") }
  if (options.isPlain) return { hosts, keys }
  const { cloud, gateway } = parse((await hosts.gateway.run("pair", "cloud")).stdout)
  await rewrite(file, {
    security: "required",
    "cloud.tls": cloud.tls,
    "gateway.tls": gateway.tls,
    "cloud.sites": [{ site: "greenhouse" }, { site: OTHER_SITE, fingerprint: keys.farm.fingerprint }],
  })
  expect(await hosts.gateway.run("pair", "devices")).toMatchObject({ exit: 0 })
  return { hosts, keys: { ...keys, cloud: cloud.tls.fingerprint } }
}

interface Keys {
  readonly cloud: string
  readonly farm: StrangersKey
  readonly nobody: StrangersKey
}

interface StrangersKey {
  readonly folder: string
  readonly fingerprint: string
}

async function strangersKey(folder: string, name: string): Promise<StrangersKey> {
  const own = join(folder, name)
  await mkdir(own)
  const { certificate, key, publicKey } = makePair(name)
  await writeFile(join(own, "gateway.crt"), certificate)
  await writeFile(join(own, "gateway.key"), key)
  return { folder: own, fingerprint: fingerprintOf(publicKey) }
}

/** One collection of all hosts; ends them all. */
async function collect(hosts: Hosts): Promise<void> {
  const cloud = hosts.cloud.start("cloud", "--once")
  const gateway = hosts.gateway.start("gateway", "--once")
  await gateway.says("Waiting for") // whoever sends before it listens is told so by ICMP, with what was sent
  const devices = hosts.addresses.map((ip) => hosts.device(ip).start("device", ip, "--once"))
  const ended = await Promise.all([cloud, gateway, ...devices].map((role) => role.ended))
  expect(ended.filter(({ exit }) => exit !== 0)).toEqual([])
  const sent = await declaredLines(hosts, ...hosts.addresses)
  expect(differencesOf(sent, storedLines(hosts))).toEqual(NOTHING)
}

const inClear = (frames: readonly Frame[]): string[] =>
  CLEAR.filter((word) => frames.some(({ payload }) => payload.includes(word)))

/** What a device has sent, in a file for replay.ts. */
async function captureFile(hosts: Hosts, frames: readonly Frame[], ip: string): Promise<string> {
  const datagrams = frames.filter(({ from }) => from.startsWith(`${ip}:`)).map(({ payload }) => payload.toString("hex"))
  expect(datagrams.length).toBeGreaterThan(0)
  const file = join(hosts.topology.folder, "captured")
  await writeFile(file, `${datagrams.join("\n")}\n`)
  return file
}

describeHosts("hosts with keys", () => {
  test.concurrent.each([true, false])(
    "show tshark OSCORE and TLS and nothing in clear, where they have them: %p",
    async (isKeyed) => {
      const { hosts } = await paired({ isPlain: !isKeyed })
      await using _ = hosts
      await using first = await Capture.start(hosts.devicesBridge, toGateway(hosts))
      await using second = await Capture.start(hosts.cloudBridge, { ...toCloud(hosts), isTls: isKeyed })
      await collect(hosts)
      const frames = [await first.dissect(), await second.dissect()] as const
      expect(strangeOf(frames[0], toGateway(hosts))).toEqual([])
      expect(strangeOf(frames[1], { ...toCloud(hosts), isTls: isKeyed })).toEqual([])
      for (const leg of frames) expect(leg.length).toBeGreaterThan(8)
      const areProtected = frames[0].filter(({ protocols }) => protocols.endsWith(":oscore"))
      expect(areProtected.length > 8).toBe(isKeyed)
      if (isKeyed) for (const leg of frames) expect(inClear(leg)).toEqual([])
      else for (const leg of frames) expect(inClear(leg)).toContain("surveys")
    },
    LIMIT_MS,
  )

  test.concurrent(
    "take nothing of a forger at a device's address, nor yesterday's capture, nor that after the gateway was restored",
    async () => {
      const { hosts } = await paired()
      await using _ = hosts
      const [own = ""] = hosts.addresses
      const device = hosts.device(own)
      // a backup from before the first upload
      const first = hosts.gateway.start("gateway")
      await first.says("Next upload")
      await first.stop()
      await cp(hosts.gateway.state, `${hosts.gateway.state}.backup`, { recursive: true })
      await using capture = await Capture.start(hosts.devicesBridge, toGateway(hosts))
      await collect(hosts)
      const file = await captureFile(hosts, await capture.dissect(), own)

      await rm(hosts.gateway.state, { recursive: true })
      await cp(`${hosts.gateway.state}.backup`, hosts.gateway.state, { recursive: true })
      const gateway = hosts.gateway.start("gateway")
      await gateway.says("Next upload")
      const replayed = await device.script("replay.ts", own, GATEWAY, PORT, file)
      expect(replayed.stdout).toMatch(/^\d+ sent, then 4\.04\n$/)
      const speak = async (...words: string[]) =>
        (await device.script("speak.ts", own, GATEWAY, PORT, ...words)).stdout.trim()
      const reason = `${own} has a key, and without it nothing is taken: bun run pair ${own} shows it`
      expect(await speak("coap", `surveys/${own}`, `${FORGED}\n`.repeat(9))).toBe(`4.01 ${reason}`)
      expect(await speak("text", `${own} ${`${FORGED}\n`.repeat(9)}`)).toBe(reason)
      await gateway.stop() // what was taken is durable
      expect(surveyTexts(hosts)).toEqual([])
    },
    LIMIT_MS,
  )

  test.concurrent(
    "take yesterday's capture where there are no keys, so that it would show above",
    async () => {
      const { hosts } = await paired({ isPlain: true })
      await using _ = hosts
      const [own = ""] = hosts.addresses
      await using capture = await Capture.start(hosts.devicesBridge, toGateway(hosts))
      await collect(hosts)
      const file = await captureFile(hosts, await capture.dissect(), own)
      await rm(hosts.gateway.state, { recursive: true })
      const gateway = hosts.gateway.start("gateway")
      await gateway.says("Next upload")
      await hosts.device(own).script("replay.ts", own, GATEWAY, PORT, file)
      await gateway.stop()
      expect(surveyTexts(hosts)).toHaveLength(1)
    },
    LIMIT_MS,
  )

  test.concurrent(
    "store nothing of a stranger at the cloud's port, nor of another site's gateway under this site's name",
    async () => {
      const { hosts, keys } = await paired()
      await using _ = hosts
      const { gateway, cloud } = hosts.topology
      const running = hosts.cloud.start("cloud")
      await running.says("Waiting for the gateway")
      // from this site's own gateway's address
      const addresses = [gateway.interfaces.cloud.address.ip, cloud.address, String(cloud.port)]
      const day = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10)
      const deliver = async (site: string, ...more: string[]) =>
        (await hosts.gateway.script("deliver.ts", ...addresses, site, day, FORGED, ...more)).stdout.trim()

      expect(await deliver("greenhouse")).toContain("it speaks TLS, and there is no cloud.tls here")
      const { folder, fingerprint } = keys.nobody
      expect(await deliver("greenhouse", folder, keys.cloud)).toContain(
        `its key is ${fingerprint}, which is not named here: bun run pair cloud prints it there`,
      )
      const others = await deliver("greenhouse", keys.farm.folder, keys.cloud)
      expect(others).toMatch(/^4\.03 .*; 4\.03 /)
      expect(storedLines(hosts)).toEqual([])
      // what is its own it delivers, so that the others were refused for what they are
      expect(await deliver(OTHER_SITE, keys.farm.folder, keys.cloud)).toMatch(/^2\.0\d.*; 2\.01 /)
      expect(storedLines(hosts)).toEqual([`192.168.1.2 - ${FORGED}`])
      expect((await running.stop()).exit).toBe(0)
    },
    LIMIT_MS,
  )
})
