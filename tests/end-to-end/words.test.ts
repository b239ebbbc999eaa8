// What a person is told while a collection takes its time.
import { expect, test } from "bun:test"
import { Network } from "../../src/network"
import { SAMPLE, Site } from "./fixture"

test("who is awaited is named, with the time that it has", async () => {
  await using site = await Site.make({ devices: ["{ ip: 192.168.1.9 }"], files: {}, grace: "10s", speed: 50 })
  await using network = await Network.start(site.topology, site.options)
  expect(await network.collect()).toMatchObject({ complete: false })
  expect(site.logged).toContainEqual(
    expect.stringMatching(/^info Waiting for 192\.168\.1\.9 until 06:00:\d\d Europe\/Rome$/),
  )
})

test("a survey that goes back to what a newer one has just replaced comes again later, and that is said", async () => {
  await using site = await Site.make({ grace: "15m", speed: 2000 })
  await using network = await Network.start(site.topology, site.options)
  await network.collect()
  await site.write("surveys/device1.txt", "08:00 - 21 - 30%\n")
  await network.collect()
  await site.write("surveys/device1.txt", SAMPLE["surveys/device1.txt"])
  expect(await network.collect()).toMatchObject({ complete: true })
  expect(site.logged).toContainEqual(
    expect.stringMatching(/^info 192\.168\.1\.2: A newer survey has replaced this one\. It comes again in \d+ s$/),
  )
  expect(await site.stored()).toContain("2026-11-22 192.168.1.2 08:00 20 30")
})

test("more devices without a survey than can be asked at once do not keep the others from sending", async () => {
  const devices = ["{ ip: 192.168.1.2-192.168.1.101, survey: 'surveys/{ip}.txt' }"]
  const files = { "surveys/192.168.1.100.txt": "08:00 - 20 - 30%\n", "surveys/192.168.1.101.txt": "" }
  await using site = await Site.make({ devices, files, grace: "5s", speed: 10 })
  await using network = await Network.start(site.topology, site.options)
  const summary = await network.collect({ patient: true })
  expect(summary).toMatchObject({ expected: 100, stored: 1, delivered: true })
  expect(summary.missing).toHaveLength(98)
})
