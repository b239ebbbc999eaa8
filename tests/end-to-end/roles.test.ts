// The parts of a network as networks of their own, as on several hosts; and a topology that changes while they run.
import { expect, test } from "bun:test"
import { type Listener, Network, type NetworkOptions, type Roles, type Topology } from "../../src/network"
import { parseAddress } from "../../src/topology/address"
import { loadTopology } from "../../src/topology/yaml/load"
import { DAY_MS, SAMPLE, Site, until } from "./fixture"

const NOBODY: Roles = { cloud: false, gateway: false, devices: [] }
const range = (ip: string) => ({ first: parseAddress(ip) ?? 0, last: parseAddress(ip) ?? 0 })

/** The same topology as other hosts see it: with the ports that are really in use. */
function seenFrom(topology: Topology, { gateway, cloud }: { gateway: number; cloud: number }): Topology {
  const { devices, cloud: outward } = topology.gateway.interfaces
  const interfaces = { devices: { ...devices, port: gateway }, cloud: outward }
  return { ...topology, gateway: { ...topology.gateway, interfaces }, cloud: { ...topology.cloud, port: cloud } }
}

test("cloud, gateway and each device by themselves bring every reading to the store once", async () => {
  await using site = await Site.make({ speed: 10 })
  const options: NetworkOptions = site.options
  const collected: string[] = []
  await using cloud = await Network.start(site.topology, {
    ...options,
    roles: { ...NOBODY, cloud: true },
    listener: (event) => {
      if (event.kind === "collection-closed") collected.push(`${event.site} ${event.day} ${event.report.run}`)
    },
  })
  const behindCloud = seenFrom(site.topology, { gateway: 0, cloud: cloud.ports.cloud })
  await using gateway = await Network.start(behindCloud, { ...options, roles: { ...NOBODY, gateway: true } })
  const everywhere = seenFrom(site.topology, { gateway: gateway.ports.gateway, cloud: cloud.ports.cloud })
  const collecting = gateway.collect()
  for (const ip of ["192.168.1.3", "192.168.1.2"]) {
    await using device = await Network.start(everywhere, { ...options, roles: { ...NOBODY, devices: [range(ip)] } })
    expect(await device.collect()).toMatchObject({ expected: 1, missing: [], readings: 4, complete: true })
  }
  expect(await collecting).toMatchObject({ expected: 2, missing: [], stored: 8, delivered: true, complete: true })
  await until(() => site.listed.length === 8)
  expect(await site.stored()).toHaveLength(8)
  expect(collected).toEqual(["greenhouse 2026-11-22 true"])
})

test("a device by itself names what it could not send", async () => {
  await using site = await Site.make({ files: {}, speed: 50 })
  const roles = { ...NOBODY, devices: [range("192.168.1.2")] }
  await using device = await Network.start(seenFrom(site.topology, { gateway: 1, cloud: 1 }), {
    ...site.options,
    roles,
  })
  const summary = await device.collect()
  expect(summary).toMatchObject({ expected: 1, complete: false })
  expect(summary.missing).toMatchObject([{ device: { ip: "192.168.1.2" }, reason: "surveys/device1.txt not found" }])
})

test("a host of devices counts those that it began with and still plays", async () => {
  await using site = await Site.make({ grace: "1s" })
  const topology = seenFrom(site.topology, { gateway: 1, cloud: 1 }) // nobody hears them
  const roles = { ...NOBODY, devices: [{ first: 0, last: 0xffff_ffff }] }
  await using devices = await Network.start(topology, { ...site.options, roles })
  const collecting = devices.collect()
  const yaml = await Bun.file(site.topology.file).text()
  const basil = "  - { ip: 192.168.1.6, name: basil, survey: surveys/device2.txt }"
  await site.write("topology.yaml", yaml.replace(/.*192\.168\.1\.3.*/, basil))
  devices.update({ ...topology, devices: (await loadTopology(site.topology.file, {})).devices })
  const { expected, missing } = await collecting
  expect([expected, missing.map(({ device }) => device.ip)]).toEqual([1, ["192.168.1.2"]])
})

test("a device that starts late sends what the gateway says is owed, and nothing else", async () => {
  await using site = await Site.make({ grace: "200ms" })
  const options = site.options
  await using cloud = await Network.start(site.topology, { ...options, roles: { ...NOBODY, cloud: true } })
  const behindCloud = seenFrom(site.topology, { gateway: 0, cloud: cloud.ports.cloud })
  await using gateway = await Network.start(behindCloud, { ...options, roles: { ...NOBODY, gateway: true } })
  const everywhere = seenFrom(site.topology, { gateway: gateway.ports.gateway, cloud: cloud.ports.cloud })
  expect((await gateway.collect()).missing).toHaveLength(2)
  const roles = { ...NOBODY, devices: [range("192.168.1.2")] }
  await using device = await Network.start(everywhere, { ...options, roles })
  expect(await device.collect({ owedOnly: true })).toMatchObject({ readings: 4, complete: true })
  expect(await device.collect({ owedOnly: true })).toMatchObject({ readings: 0, complete: true })
  expect(site.uploads).toHaveLength(1)
})

test("a device that asks before the gateway knows what is owed asks again", async () => {
  await using site = await Site.make({ grace: "5m", speed: 200 })
  const options = site.options
  await using cloud = await Network.start(site.topology, { ...options, roles: { ...NOBODY, cloud: true } })
  const behindCloud = seenFrom(site.topology, { gateway: 0, cloud: cloud.ports.cloud })
  await using gateway = await Network.start(behindCloud, { ...options, roles: { ...NOBODY, gateway: true } })
  const everywhere = seenFrom(site.topology, { gateway: gateway.ports.gateway, cloud: cloud.ports.cloud })
  const roles = { ...NOBODY, devices: [range("192.168.1.2"), range("192.168.1.3")] }
  await using devices = await Network.start(everywhere, { ...options, roles })
  expect(await devices.collect({ owedOnly: true, patient: true })).toMatchObject({ readings: 0, complete: true })
  expect(await gateway.collect()).toMatchObject({ missing: [], stored: 8, complete: true })
})

test("a spread counts the places of all devices, also where each has a host of its own", async () => {
  await using site = await Site.make({ speed: 100, grace: "60s" })
  const { schedule } = site.topology
  const topology = { ...site.topology, schedule: { ...schedule, spread: Temporal.Duration.from({ seconds: 40 }) } }
  await using gateway = await Network.start(topology, { ...site.options, roles: { ...NOBODY, gateway: true } })
  const everywhere = seenFrom(topology, { gateway: gateway.ports.gateway, cloud: 1 })
  const roles = { ...NOBODY, devices: [range("192.168.1.3")] }
  await using second = await Network.start(everywhere, { ...site.options, roles })
  const startedAt = site.clock.now()
  expect(await second.collect()).toMatchObject({ complete: true })
  expect(site.clock.now() - startedAt).toBeGreaterThanOrEqual(20_000)
})

test("devices that change are expected and sent from the next collection on", async () => {
  await using site = await Site.make()
  await using network = await Network.start(site.topology, site.options)
  expect(await network.collect()).toMatchObject({ expected: 2, stored: 8 })
  const yaml = await Bun.file(site.topology.file).text()
  const [herbs = ""] = /.*192\.168\.1\.3.*/.exec(yaml) ?? []
  const basil = "  - { ip: 192.168.1.6, name: basil, survey: surveys/device2.txt }"
  await site.write("topology.yaml", yaml.replace(herbs, basil))
  network.update(await loadTopology(site.topology.file, {}))
  site.clock.forward(DAY_MS)
  await site.write("surveys/device1.txt", SAMPLE["surveys/device2.txt"])
  expect(await network.collect()).toMatchObject({ expected: 2, missing: [], stored: 8, complete: true })
  expect(
    site.uploads
      .slice(2)
      .map(({ device }) => device.ip)
      .sort(),
  ).toEqual(["192.168.1.2", "192.168.1.6"])
})

test("a device that is added may speak at once, at the gateway and at the cloud", async () => {
  await using site = await Site.make()
  await using network = await Network.start(site.topology, site.options)
  const line = "192.168.1.6 08:00 - 20 - 30%\n"
  const tellGateway = async () => {
    const answer = Promise.withResolvers<string>()
    const socket = await Bun.udpSocket({
      hostname: "127.168.1.6",
      socket: { data: (_, datagram) => answer.resolve(datagram.toString()) },
    })
    socket.send(line, network.ports.gateway, "127.168.1.1")
    const text = await answer.promise
    socket.close()
    return text
  }
  const tellCloud = async () => {
    const answer = Promise.withResolvers<string>()
    const socket = { data: (_: unknown, answered: Buffer) => answer.resolve(answered.toString()) }
    const connection = await Bun.connect({ hostname: "127.10.10.2", port: network.ports.cloud, socket })
    connection.write(line)
    const text = await answer.promise
    connection.end()
    return text
  }
  expect(await tellGateway()).toContain("not a declared")
  expect(await tellCloud()).toContain("not a declared")
  const yaml = await Bun.file(site.topology.file).text()
  await site.write("topology.yaml", `${yaml}  - { ip: 192.168.1.6, name: basil }\n`)
  network.update(await loadTopology(site.topology.file, {}))
  expect(await tellGateway()).toBe("Surveys arrived")
  expect(await tellCloud()).toContain("Surveys received, 1 reading")
})

test("a spread gives every device its share of the time", async () => {
  await using site = await Site.make({ speed: 100, grace: "60s" })
  const { schedule } = site.topology
  const topology = { ...site.topology, schedule: { ...schedule, spread: Temporal.Duration.from({ seconds: 20 }) } }
  const arrivals: number[] = []
  const listener: Listener = ({ kind }) => kind === "uploaded" && arrivals.push(site.clock.now())
  await using network = await Network.start(topology, { ...site.options, listener })
  expect(await network.collect()).toMatchObject({ complete: true })
  const [first = 0, second = 0] = arrivals
  expect(second - first).toBeGreaterThan(5000)
})

test("a cloud by a name that cannot be resolved is one clear error", async () => {
  await using site = await Site.make()
  const topology = { ...site.topology, cloud: { ...site.topology.cloud, address: "cloud.invalid" } }
  const options = { ...site.options, roles: { ...NOBODY, cloud: true }, addressing: "declared" } as const
  await expect(Network.start(topology, options)).rejects.toThrow(
    "cloud.invalid is a name that this machine cannot resolve",
  )
})

test("an address that this machine does not have is waited for, or is one clear error", async () => {
  await using site = await Site.make({ speed: 100 })
  const roles = { ...NOBODY, gateway: true }
  const options = { ...site.options, roles, addressing: "declared" } as const
  const refusal = /^192\.168\.1\.1 is not an address of this machine, which has .*127\.0\.0\.1/
  await expect(Network.start(site.topology, options)).rejects.toThrow(refusal)
  const giveUp = new AbortController()
  const waiting = Network.start(site.topology, { ...options, patient: true, signal: giveUp.signal })
  await until(() => site.logged.some((line) => line.startsWith("warn Waiting for its address: 192.168.1.1 is not")))
  giveUp.abort(new Error("enough"))
  await expect(waiting).rejects.toThrow("enough")
})
