// Whole collections over real sockets: device → UDP → gateway → TCP → cloud → store and console.
import { Database } from "bun:sqlite"
import { expect, test } from "bun:test"
import { copyFile, rm } from "node:fs/promises"
import { join } from "node:path"
import type { Clock } from "../../src/clock"
import { type Listener, Network } from "../../src/network"
import { addDays } from "../../src/survey/calendar"
import { DAY_MS, MONDAY_AT_SIX, SAMPLE, Site, until } from "./fixture"

const SUNDAY = "2026-11-22"

test("a collection lists and stores every reading once, devices in address order", async () => {
  await using site = await Site.make()
  await using network = await Network.start(site.topology, site.options)
  const summary = await network.collect()
  expect(summary).toMatchObject({ day: SUNDAY, expected: 2, missing: [], readings: 8, stored: 8, complete: true })
  expect(site.listed).toEqual([
    "192.168.1.2 - 08:00 - 20 - 30%",
    "192.168.1.2 - 12:00 - 25 - 33%",
    "192.168.1.2 - 16:00 - 23 - 32%",
    "192.168.1.2 - 20:00 - 21 - 28%",
    "192.168.1.3 - 07:00 - 18 - 28%",
    "192.168.1.3 - 10:00 - 22 - 38%",
    "192.168.1.3 - 13:00 - 27 - 42%",
    "192.168.1.3 - 21:00 - 20 - 19%",
  ])
  expect(await site.stored()).toHaveLength(8)
  expect((await site.stored())[0]).toBe("2026-11-22 192.168.1.2 08:00 20 30")
})

test("the same day twice is listed once and stores nothing new", async () => {
  await using site = await Site.make()
  await using network = await Network.start(site.topology, site.options)
  await network.collect()
  const summary = await network.collect()
  expect(summary).toMatchObject({ readings: 8, stored: 0, complete: true })
  expect(site.listed).toHaveLength(8)
  expect(await site.stored()).toHaveLength(8)
})

test("a correction replaces the value, a shrunken survey deletes nothing, what gave way is in quarantine", async () => {
  await using site = await Site.make()
  await using network = await Network.start(site.topology, site.options)
  await network.collect()
  await site.write("surveys/device1.txt", "12:00 - 26 - 34%\n")
  const summary = await network.collect()
  expect(summary).toMatchObject({ readings: 8, complete: true })
  expect((await site.stored()).filter((row) => row.includes("192.168.1.2"))).toEqual([
    "2026-11-22 192.168.1.2 08:00 20 30",
    "2026-11-22 192.168.1.2 12:00 26 34",
    "2026-11-22 192.168.1.2 16:00 23 32",
    "2026-11-22 192.168.1.2 20:00 21 28",
  ])
  using spool = new Database(site.topology.gateway.spool, { readonly: true })
  const kept = spool.query("SELECT kind, trim(cast(bytes AS TEXT), char(10)) AS text FROM quarantine").all()
  expect(kept).toEqual([{ kind: "reading", text: "12:00 - 25 - 33%" }])
})

test("bad lines are named and counted, and the good ones go on", async () => {
  const files = { ...SAMPLE, "surveys/device1.txt": "08:00 - 20 - 30%\n09:00 - 20 - 130%\n\n25:00 - 1 - 1%\n" }
  await using site = await Site.make({ files })
  await using network = await Network.start(site.topology, site.options)
  expect(await network.collect()).toMatchObject({ readings: 5, refusedLines: 2, complete: true })
  expect(site.logged.filter((line) => line.startsWith("warn"))).toEqual([
    "warn Refused: surveys/device1.txt:2 Humidity must be 0 to 100 %: it is 130",
    "warn Refused: surveys/device1.txt:4 Time must be 00:00 to 23:59:59: it is 25:00",
  ])
})

test("an empty survey and one of 1 MiB both arrive", async () => {
  const line = (second: number) => {
    const [hours, minutes, seconds] = [second / 3600, (second / 60) % 60, second % 60].map((n) => Math.floor(n))
    const time = [hours, minutes, seconds].map((n) => String(n).padStart(2, "0")).join(":")
    return `${time} - -1.25 - 41.25%`
  }
  const lines = Array.from({ length: 40_000 }, (_, index) => line(2 * index))
  const large = lines.join("\n")
  expect(large.length).toBeGreaterThan(1_000_000)
  expect(large.length).toBeLessThanOrEqual(1024 * 1024)
  await using site = await Site.make({ files: { "surveys/device1.txt": "", "surveys/device2.txt": large } })
  await using network = await Network.start(site.topology, site.options)
  const summary = await network.collect()
  expect(summary).toMatchObject({ missing: [], readings: 40_000, stored: 40_000, complete: true })
  expect(summary.warnings).toMatchObject([{ kind: "empty" }])
  expect(await site.stored()).toHaveLength(40_000)
}, 20_000)

test("a device without its survey is named with the reason, and is late when it comes", async () => {
  const files = { "surveys/device1.txt": SAMPLE["surveys/device1.txt"] }
  await using site = await Site.make({ files, grace: "10s", speed: 100 })
  await using network = await Network.start(site.topology, site.options)
  const summary = await network.collect({ patient: true })
  expect(summary).toMatchObject({ expected: 2, readings: 4, delivered: true, complete: false })
  expect(summary.missing).toMatchObject([
    { device: { ip: "192.168.1.3", line: 16 }, reason: "surveys/device2.txt not found" },
  ])
  expect(site.listed).toHaveLength(4)
  await site.write("surveys/device2.txt", SAMPLE["surveys/device2.txt"])
  await until(() => site.listed.length === 8)
  expect(site.listed[4]).toBe("192.168.1.3 - 07:00 - 18 - 28%")
  using spool = new Database(site.topology.gateway.spool, { readonly: true })
  expect(spool.query("SELECT late FROM surveys ORDER BY address").all()).toEqual([{ late: 0 }, { late: 1 }])
})

test("a device that owes the last three days sends each from its own file, oldest first", async () => {
  const devices = [
    "{ ip: 192.168.1.2, survey: 'surveys/{day}/device1.txt' }",
    "{ ip: 192.168.1.3, survey: surveys/device2.txt }",
  ]
  const ofDay = (days: number) => `surveys/${addDays(SUNDAY, days)}/device1.txt`
  await using site = await Site.make({ devices, files: { [ofDay(0)]: "08:00 - 20 - 30%\n", ...SAMPLE } })
  await using network = await Network.start(site.topology, site.options)
  await network.collect()
  for (const days of [1, 2]) {
    await network.recordMissed(MONDAY_AT_SIX + days * DAY_MS)
    await site.write(ofDay(days), `0${days}:00 - 20 - 30%\n`)
  }
  await site.write(ofDay(3), "03:00 - 20 - 30%\n")
  site.clock.forward(3 * DAY_MS)
  site.uploads.length = 0
  expect(await network.collect()).toMatchObject({ day: "2026-11-25", stored: 1 + 1 + 1 + 4, complete: true })
  const first = site.uploads.filter(({ device }) => device.ip === "192.168.1.2")
  expect(first.map(({ day }) => day)).toEqual(["2026-11-23", "2026-11-24", "2026-11-25"])
  expect((await site.stored()).filter((row) => row.includes("192.168.1.2"))).toEqual([
    "2026-11-22 192.168.1.2 08:00 20 30",
    "2026-11-23 192.168.1.2 01:00 20 30",
    "2026-11-24 192.168.1.2 02:00 20 30",
    "2026-11-25 192.168.1.2 03:00 20 30",
  ])
})

test("an unchanged file is sent, and everybody is told since when", async () => {
  await using site = await Site.make()
  await using network = await Network.start(site.topology, site.options)
  expect((await network.collect()).warnings).toEqual([])
  site.clock.forward(DAY_MS)
  await site.write("surveys/device2.txt", "07:00 - 18.5 - 28%\n")
  await network.collect()
  site.clock.forward(DAY_MS)
  const summary = await network.collect()
  expect(summary).toMatchObject({ day: "2026-11-24", complete: true })
  expect(summary.warnings).toMatchObject([
    { kind: "unchanged", since: "2026-11-22" },
    { kind: "unchanged", since: "2026-11-23" },
  ])
})

test("far fewer readings than usual are worth a word", async () => {
  await using site = await Site.make()
  await using network = await Network.start(site.topology, site.options)
  for (const hour of ["01", "02", "03"]) {
    await site.write("surveys/device1.txt", `${hour}:00 - 1 - 1%\n${hour}:30 - 1 - 1%\n${hour}:45 - 1 - 1%\n`)
    await network.collect()
    site.clock.forward(DAY_MS)
  }
  await site.write("surveys/device1.txt", "12:00 - 1 - 1%\n")
  const { warnings } = await network.collect()
  expect(warnings).toContainEqual({ kind: "few", address: expect.any(Number), readings: 1, usual: 3 })
})

test("a store that was restored from yesterday's copy heals at the next run", async () => {
  await using site = await Site.make()
  const { store } = site.topology.cloud
  const copy = join(site.folder, "copy.db")
  const run = async () => {
    await using network = await Network.start(site.topology, site.options)
    return await network.collect()
  }
  await run()
  await copyFile(store, copy)
  site.clock.forward(DAY_MS)
  await run()
  const before = await site.stored()
  for (const suffix of ["", "-wal", "-shm"]) await rm(`${store}${suffix}`, { force: true })
  await copyFile(copy, store)
  expect(await site.stored()).toHaveLength(8)
  site.clock.forward(DAY_MS)
  expect(await run()).toMatchObject({ stored: 16, complete: true })
  expect(await site.stored()).toHaveLength(24)
  expect((await site.stored()).slice(0, 16)).toEqual(before)
})

test("a survey that is gone after it had arrived is worth a word, and nothing is missing", async () => {
  await using site = await Site.make()
  await using network = await Network.start(site.topology, site.options)
  await network.collect()
  await rm(join(site.folder, "surveys/device1.txt"))
  expect(await network.collect()).toMatchObject({ missing: [], complete: true })
  expect(site.logged).toContain("warn 192.168.1.2: surveys/device1.txt not found; what had arrived before is safe")
})

test("what a run took is told rightly by a clock that is set back all the time", async () => {
  await using site = await Site.make()
  const { monotonic } = site.clock
  const clock: Clock = {
    now() {
      site.clock.forward(-1000)
      return site.clock.now()
    },
    monotonic,
    after: (delayMs, callback) => site.clock.after(delayMs, callback),
  }
  const took: number[] = []
  const listener: Listener = (event) => {
    site.hear(event)
    if (event.kind === "delivered") took.push(event.elapsedMs)
  }
  await using network = await Network.start(site.topology, { ...site.options, clock, listener })
  const { elapsedMs, complete } = await network.collect({ scheduledAt: MONDAY_AT_SIX })
  took.push(elapsedMs, ...site.uploads.map((upload) => upload.elapsedMs))
  expect([complete, took.length]).toEqual([true, 4])
  expect(Math.min(...took)).toBeGreaterThan(0)
})

test("collect() one at a time: a second call waits for the first", async () => {
  await using site = await Site.make()
  await using network = await Network.start(site.topology, site.options)
  const [first, second] = await Promise.all([network.collect(), network.collect()])
  expect(first.stored).toBe(8)
  expect(second).toMatchObject({ stored: 0, complete: true })
})

test("a paused device owes nothing, one that sends by itself is waited for", async () => {
  const devices = ["{ ip: 192.168.1.2, paused: true }", "{ ip: 192.168.1.3 }"]
  await using site = await Site.make({ devices, files: {} })
  await using network = await Network.start(site.topology, site.options)
  const collecting = network.collect()
  const sensor = await Bun.udpSocket({ hostname: "127.168.1.3", socket: { data() {} } })
  sensor.send("192.168.1.3 08:00 - 20 - 30%", network.ports.gateway, "127.168.1.1")
  expect(await collecting).toMatchObject({ expected: 1, missing: [], stored: 1, complete: true })
  sensor.close()
})
