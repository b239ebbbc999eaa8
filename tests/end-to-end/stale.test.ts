// Files that were last written before their day's readings were taken, and surveys of which no line is of use.
import { expect, test } from "bun:test"
import { Network } from "../../src/network"
import { DAY_MS, MONDAY_AT_SIX, SAMPLE, Site, until } from "./fixture"

test("a file that nobody has written since is missing with its date, and late when it is written", async () => {
  await using site = await Site.make({ sample: false, grace: "10s", speed: 100 })
  await site.write("surveys/device1.txt", SAMPLE["surveys/device1.txt"], MONDAY_AT_SIX - DAY_MS)
  await using network = await Network.start(site.topology, site.options)
  const summary = await network.collect({ patient: true })
  expect(summary).toMatchObject({ expected: 2, readings: 4, complete: false })
  expect(summary.missing).toMatchObject([
    { device: { ip: "192.168.1.2" }, reason: "surveys/device1.txt was last written on 22 November" },
  ])
  await site.write("surveys/device1.txt", SAMPLE["surveys/device1.txt"])
  await until(() => site.listed.length === 8)
})

test("yesterday's file does not become today's", async () => {
  await using site = await Site.make({ sample: false })
  await using network = await Network.start(site.topology, site.options)
  expect(await network.collect()).toMatchObject({ stored: 8, complete: true })
  site.clock.forward(DAY_MS)
  await site.write("surveys/device2.txt", SAMPLE["surveys/device2.txt"])
  const summary = await network.collect()
  expect(summary).toMatchObject({ day: "2026-11-23", stored: 4, complete: false })
  expect(summary.missing).toMatchObject([{ reason: "surveys/device1.txt was last written on 23 November" }])
  expect((await site.stored()).filter((row) => row.startsWith("2026-11-23"))).toHaveLength(4)
})

test("a topology that calls its files samples takes them, however old", async () => {
  await using site = await Site.make({ sample: true })
  await site.write("surveys/device1.txt", SAMPLE["surveys/device1.txt"], 0)
  await using network = await Network.start(site.topology, site.options)
  expect(await network.collect()).toMatchObject({ stored: 8, complete: true })
})

test("a sample whose files change after all is told, with the line to remove", async () => {
  await using site = await Site.make({ sample: true })
  await using network = await Network.start(site.topology, site.options)
  const told = () => site.logged.filter((line) => line.includes("sample: true"))
  await network.collect()
  site.clock.forward(DAY_MS)
  await network.collect()
  expect(told()).toEqual([])
  site.clock.forward(DAY_MS)
  await site.write("surveys/device1.txt", "08:00 - 1 - 1%\n")
  await network.collect()
  expect(told()).toEqual([expect.stringContaining(`remove "sample: true" from ${site.topology.file}`)])
})

test("a device's host names the survey of which every line is refused", async () => {
  await using site = await Site.make({
    files: { "surveys/device1.txt": "08:00 - 20 - 130%\nnonsense\n" },
    grace: "20s",
    speed: 20,
  })
  await using gateway = await Network.start(site.topology, {
    ...site.options,
    roles: { cloud: false, gateway: true, devices: [] },
  })
  const { devices, cloud } = site.topology.gateway.interfaces
  const interfaces = { devices: { ...devices, port: gateway.ports.gateway }, cloud }
  const tomatoes = site.topology.devices.entries.filter(({ name }) => name === "tomatoes").map(({ ip }) => ip)
  const collected = gateway.collect()
  await using device = await Network.start(
    { ...site.topology, gateway: { ...site.topology.gateway, interfaces } },
    { ...site.options, roles: { cloud: false, gateway: false, devices: tomatoes } },
  )
  const summary = await device.collect()
  expect(summary).toMatchObject({ expected: 1, readings: 0, complete: false })
  expect(summary.missing).toMatchObject([{ device: { ip: "192.168.1.2" }, reason: "2 of 2 lines refused" }])
  expect(site.uploads).toEqual([])
  // the gateway, which has not that file, knows why too
  const { missing } = await collected
  const reasons = missing.map(({ device, reason }) => [device.ip, reason])
  expect(reasons).toEqual([
    ["192.168.1.2", "2 of 2 lines refused"],
    ["192.168.1.3", undefined],
  ])
})
