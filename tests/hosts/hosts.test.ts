// The network on six hosts, each role a process of its own, and what passes over both bridges.
import { expect, test } from "bun:test"
import { surveyOf } from "../interop/surveys"
import { Capture, type Frame, type Purpose, strangeOf } from "./capture"
import { describeHosts } from "./describe"
import { Hosts } from "./hosts"
import { type Namespace, system } from "./namespaces"
import { collections, declaredLines, differencesOf, storedLines } from "./records"

const LIMIT_MS = 30_000
const NOTHING = { lost: [], added: [] }
/** A survey that needs several datagrams beside three that need one. */
const LARGE = { "surveys/device4.txt": surveyOf(9000).text }

const toGateway = ({ topology, addresses }: Hosts): Purpose => {
  const { address, port } = topology.gateway.interfaces.devices
  return { transport: "udp", server: address.ip, port, clients: addresses }
}

const toCloud = ({ topology: { gateway, cloud } }: Hosts): Purpose => ({
  transport: "tcp",
  server: cloud.address,
  port: cloud.port,
  clients: [gateway.interfaces.cloud.address.ip],
})

describeHosts("the network on six hosts", () => {
  test.concurrent(
    "collects once, whatever order its roles start in",
    async () => {
      await using hosts = await Hosts.make({ declared: { "schedule.grace": "8s" }, surveys: LARGE })
      const roles = [
        { host: hosts.cloud, words: ["cloud"] },
        { host: hosts.gateway, words: ["gateway"] },
        ...hosts.addresses.map((ip) => ({ host: hosts.device(ip), words: ["device", ip] })),
      ].sort(() => Math.random() - 0.5)
      const order = roles.map(({ words }) => words.join(" "))
      const ended = await Promise.all(roles.map(({ host, words }) => host.start(...words, "--once").ended))
      expect({ order, failed: ended.filter(({ exit }) => exit !== 0) }).toEqual({ order, failed: [] })
      const sent = await declaredLines(hosts, ...hosts.addresses)
      expect({ order, ...differencesOf(sent, storedLines(hosts)) }).toEqual({ order, ...NOTHING })
      const [listed = ""] = ended.map(({ stdout }) => stdout).filter(Boolean)
      expect(listed.trimEnd().split("\n")).toEqual(sent)
    },
    LIMIT_MS,
  )

  test.concurrent(
    "collects on its schedule, and both bridges carry CoAP between declared addresses and nothing else",
    async () => {
      await using hosts = await Hosts.make({ declared: { "schedule.grace": "8s" }, surveys: LARGE })
      await using first = await Capture.start(hosts.devicesBridge, toGateway(hosts))
      await using second = await Capture.start(hosts.cloudBridge, toCloud(hosts))
      const cloud = hosts.cloud.start("cloud")
      await cloud.says("Waiting for the gateway")
      const gateway = await hosts.startGateway()
      const devices = hosts.addresses.map((ip) => hosts.device(ip).start("device", ip))
      await Promise.all([cloud.says("4 of 4 devices"), gateway.says("4 of 4 devices")])
      expect(collections(hosts)).toEqual([{ closed: true, confirmed: true }])
      const ended = await Promise.all([...devices, gateway, cloud].map((role) => role.stop()))
      expect(ended.filter(({ exit }) => exit !== 0)).toEqual([])

      const sent = await declaredLines(hosts, ...hosts.addresses)
      expect(differencesOf(sent, storedLines(hosts))).toEqual(NOTHING)
      const [toGatewayFrames, toCloudFrames] = await Promise.all([first.dissect(), second.dissect()])
      expect(strangeOf(toGatewayFrames, toGateway(hosts))).toEqual([])
      expect(strangeOf(toCloudFrames, toCloud(hosts))).toEqual([])
      for (const ip of hosts.addresses) expect(codesFrom(toGatewayFrames, ip)).toContain("0.03")
      expect(codesFrom(toGatewayFrames, "192.168.1.1")).toEqual(new Set(["2.05", "2.31", "2.01"]))
      expect(codesFrom(toCloudFrames, "10.10.10.1")).toEqual(new Set(["7.01", "0.03", "7.04"]))
      expect(codesFrom(toCloudFrames, "10.10.10.2")).toEqual(new Set(["7.01", "2.04", "2.31", "2.01"]))
    },
    LIMIT_MS,
  )

  test.concurrent(
    "has no way from one network to the other, and a capture that tells what does not belong on a bridge",
    async () => {
      await using hosts = await Hosts.make()
      const stranger = (await hosts.join("192.168.1.9")).namespace
      const device = hosts.device("192.168.1.2").namespace
      const noWay = /unreachable/
      await expect(system(device.command("ip", "route", "get", "10.10.10.2"))).rejects.toThrow(noWay)
      await expect(system(hosts.cloud.namespace.command("ip", "route", "get", "192.168.1.2"))).rejects.toThrow(noWay)

      await using capture = await Capture.start(hosts.devicesBridge, toGateway(hosts))
      const say = (from: Namespace, port: number, bytes: string) =>
        system(from.command("bash", "-c", `printf '${bytes}' > /dev/udp/192.168.1.1/${port}`))
      await say(device, 10005, String.raw`\x40\x03\x00\x01\xb1\x61`) // PUT /a
      await say(device, 10005, String.raw`\x40\x03\x00\x02\xb5\x61`) // a path of 5 bytes that ends after one
      await say(device, 10006, String.raw`\x40\x03\x00\x03\xb1\x61`)
      await say(stranger, 10005, String.raw`\x40\x03\x00\x04\xb1\x61`)
      const strange = strangeOf(await capture.dissect(), toGateway(hosts))
      const ofOurs = strange.filter(({ protocols }) => !protocols.includes("icmp")) // there is no gateway to take them
      expect(ofOurs.map(({ from, to }) => `${from.split(":")[0]} ${to}`)).toEqual([
        "192.168.1.2 192.168.1.1:10005",
        "192.168.1.2 192.168.1.1:10006",
        "192.168.1.9 192.168.1.1:10005",
      ])
      expect(strange.length).toBeGreaterThan(ofOurs.length)
    },
    LIMIT_MS,
  )
})

/** The codes of all messages that an address sent. */
function codesFrom(frames: readonly Frame[], address: string): Set<string> {
  return new Set(frames.filter(({ from }) => from.startsWith(`${address}:`)).flatMap(({ codes }) => codes))
}
