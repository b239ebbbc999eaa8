// What the network is for: datagrams and segments are lost, the cloud is cut off, the gateway dies, a device comes late.
import { expect, test } from "bun:test"
import { rm } from "node:fs/promises"
import type { StatusDocument } from "../../src/status/document"
import { describeHosts } from "./describe"
import type { Host } from "./host"
import { Hosts } from "./hosts"
import { agreedSurveys, collections, declaredLines, differencesOf, spooledSurveys, storedLines } from "./records"

const LIMIT_MS = 120_000
const NOTHING = { lost: [], added: [] }

const LOSSES = [
  { devices: 10, cloud: 5 },
  { devices: 30, cloud: 10 },
  { devices: 50, cloud: 20 },
]
const LATE = "192.168.1.5"

/** Several blocks each, but for the first device's: while that arrives, the others are in the middle of theirs. */
const SURVEYS = {
  "surveys/device2.txt": surveyOf(280),
  "surveys/device3.txt": surveyOf(320),
  "surveys/device4.txt": surveyOf(300),
}

function surveyOf(lines: number): string {
  return Array.from({ length: lines }, (_, minute) => {
    const [hour, rest] = [Math.floor(minute / 60), minute % 60]
    return `${String(hour).padStart(2, "0")}:${String(rest).padStart(2, "0")} - ${minute % 40} - ${minute % 100}%\n`
  }).join("")
}

/** What `status --json` says on a host, and how it exits. */
async function statusOf(host: Host): Promise<StatusDocument & { readonly exit: number }> {
  const { exit, stdout, stderr } = await host.run("status", "--json")
  if (stdout === "") throw new Error(stderr)
  return { exit, ...(JSON.parse(stdout) as StatusDocument) }
}

describeHosts("a network that loses things", () => {
  test.concurrent.each(LOSSES)(
    "brings every reading to the store once: $devices percent lost each way before the gateway, $cloud behind it",
    async (loss) => {
      const declared = { "schedule.grace": "15s", "transmission.ackTimeout": "100ms" }
      await using hosts = await Hosts.make({ declared, surveys: SURVEYS })
      await Promise.all([hosts.devicesBridge.lose(loss.devices), hosts.cloudBridge.lose(loss.cloud)])
      const punctual = hosts.addresses.filter((ip) => ip !== LATE)
      const before = await hosts.startGateway()
      await hosts.cutCloud() // before anything could be delivered, however long the first survey takes
      const devices = punctual.map((ip) => hosts.device(ip).start("device", ip))
      const cloud = hosts.cloud.start("cloud")

      const inTheMiddle = () => collections(hosts).length > 0 && spooledSurveys(hosts).length > 0
      await hosts.until("a survey arrives in a collection", inTheMiddle)
      expect((await before.stop("SIGKILL")).stderr).not.toContain("✔ cloud")
      const after = hosts.gateway.start("gateway")
      await after.says("Not delivered")
      expect(storedLines(hosts)).toEqual([])
      const meanwhile = await statusOf(hosts.gateway)
      expect(meanwhile).toMatchObject({ exit: 1, gateway: { run: { closed: true, confirmed: false, delivered: 0 } } })
      expect(meanwhile.gateway?.run?.missingDevices.at(-1)).toEndWith(LATE)
      expect(meanwhile.gateway?.undelivered.surveys).toBeGreaterThan(0)
      await hosts.mendCloud()

      const late = hosts.device(LATE).start("device", LATE)
      const isSettled = () =>
        agreedSurveys(hosts) === hosts.addresses.length &&
        collections(hosts).every(({ confirmed }) => confirmed) &&
        spooledSurveys(hosts).every(({ delivered }) => delivered)
      await hosts.until("the cloud has agreed on every survey", isSettled)

      const sent = await declaredLines(hosts, ...hosts.addresses)
      expect(differencesOf(sent, storedLines(hosts))).toEqual(NOTHING)
      const counts = { closed: true, confirmed: true, expected: 4, arrived: 4, missing: 0, delivered: 4, refused: 0 }
      const { gateway, ...status } = await statusOf(hosts.gateway)
      expect(status).toMatchObject({ exit: 0, complete: true, cloud: null })
      expect(gateway).toMatchObject({ days: [counts], undelivered: { surveys: 0 }, owed: { surveys: 0 } })
      expect(gateway?.devices?.at(-1)).toMatchObject({ ip: LATE, days: [{ late: true, readings: 300 }] })
      const sites = [{ days: 1, devices: 4, readings: sent.length, run: { arrived: 4, missing: 0, complete: true } }]
      expect(await statusOf(hosts.cloud)).toMatchObject({ exit: 0, gateway: null, cloud: { sites } })
      const ended = await Promise.all([...devices, late, after, cloud].map((role) => role.stop()))
      expect(ended.filter(({ exit }) => exit !== 0)).toEqual([])
    },
    LIMIT_MS,
  )

  test.concurrent(
    "is found out when a gateway loses what it has acknowledged",
    async () => {
      await using hosts = await Hosts.make({ declared: { "schedule.grace": "3s" } })
      const [ip = ""] = hosts.addresses
      const cloud = hosts.cloud.start("cloud")
      const before = hosts.gateway.start("gateway")
      await before.says("Next upload")
      expect(await hosts.device(ip).start("device", ip, "--once").ended).toMatchObject({ exit: 0 })
      await before.stop("SIGKILL")
      await rm(hosts.gateway.state, { recursive: true })
      const after = hosts.gateway.start("gateway", "--once")
      expect(await after.ended).toMatchObject({ exit: 1 })
      const sent = await declaredLines(hosts, ip)
      expect(differencesOf(sent, storedLines(hosts))).toEqual({ lost: sent, added: [] })
      expect((await cloud.stop()).stdout).toBe("")
    },
    LIMIT_MS,
  )

  test.concurrent(
    "is found out when a bridge loses everything",
    async () => {
      await using hosts = await Hosts.make({ declared: { "schedule.grace": "1s" } })
      await hosts.devicesBridge.lose(100)
      const [ip = ""] = hosts.addresses
      const gateway = hosts.gateway.start("gateway")
      await gateway.says("Next upload")
      expect(await hosts.device(ip).start("device", ip, "--once").ended).toMatchObject({ exit: 1 })
      expect(await hosts.devicesBridge.lost()).toBeGreaterThan(0)
      expect(spooledSurveys(hosts)).toEqual([])
    },
    LIMIT_MS,
  )
})

test("differencesOf() tells readings that are lost, added or changed", () => {
  expect(differencesOf(["a", "b"], ["b", "a"])).toEqual(NOTHING)
  expect(differencesOf(["a", "b"], ["a"])).toEqual({ lost: ["b"], added: [] })
  expect(differencesOf(["a", "b"], ["a", "b", "b"])).toEqual({ lost: [], added: ["b"] })
  expect(differencesOf(["a", "b"], ["a", "c"])).toEqual({ lost: ["b"], added: ["c"] })
})
