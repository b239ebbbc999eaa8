// Days over real sockets when time is not what it seems: missed runs, a clock that leaps, a zone that changes.
import { Database } from "bun:sqlite"
import { expect, test } from "bun:test"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { loadTopology, Network } from "../../src/network"
import { addDays, type Day } from "../../src/survey/calendar"
import { DAY_MS, MONDAY_AT_SIX, SAMPLE, Site, until } from "./fixture"

const SUNDAY: Day = "2026-11-22"
const DEVICES = [
  "{ ip: 192.168.1.2, name: tomatoes, survey: 'surveys/{day}/device1.txt' }",
  "{ ip: 192.168.1.3, name: herbs, survey: surveys/device2.txt }",
]
const fileOf = (day: Day) => `surveys/${day}/device1.txt`
const HERBS = { "surveys/device2.txt": SAMPLE["surveys/device2.txt"] }

const daysInSpool = ({ topology }: Site) => {
  using spool = new Database(topology.gateway.spool, { readonly: true })
  return spool
    .query<{ day: Day }, []>("SELECT DISTINCT day FROM surveys ORDER BY day")
    .all()
    .map(({ day }) => day)
}

test("missed days are sent oldest first, each with its place, and what cannot come is named", async () => {
  const days = [0, 1, 2, 3].map((number) => addDays(SUNDAY, number))
  const files = Object.fromEntries(
    days.filter((_, number) => number !== 2).map((day) => [fileOf(day), "08:00 - 20 - 30%\n"]),
  )
  await using site = await Site.make({ devices: DEVICES, files: { ...files, ...HERBS } })
  await using network = await Network.start(site.topology, site.options)
  await network.collect({ scheduledAt: MONDAY_AT_SIX })
  site.clock.forward(3 * DAY_MS)
  site.uploads.length = 0
  await network.recordMissed(MONDAY_AT_SIX + DAY_MS, MONDAY_AT_SIX + 2 * DAY_MS)
  await network.collect({ scheduledAt: MONDAY_AT_SIX + 3 * DAY_MS })
  const sent = site.uploads.filter(({ device }) => device.name === "tomatoes")
  expect(sent.map(({ day, place, days: all }) => [day, place, all])).toEqual([
    ["2026-11-23", 1, 3],
    ["2026-11-25", 3, 3],
  ])
  const warnings = site.logged.filter((line) => line.startsWith("warn"))
  expect(warnings).toEqual([
    "warn Never comes: 192.168.1.3 herbs, 23 November to 24 November: surveys/device2.txt holds one day only",
    "warn Still owed: 192.168.1.2 tomatoes, 24 November: surveys/2026-11-24/device1.txt not found",
  ])
})

test("a clock that leaps a year ahead deletes nothing at once, and the days since are owed when it is set right", async () => {
  await using site = await Site.make({ devices: DEVICES, files: { [fileOf(SUNDAY)]: "08:00 - 20 - 30%\n", ...HERBS } })
  await using network = await Network.start(site.topology, site.options)
  await network.collect({ scheduledAt: MONDAY_AT_SIX })
  site.clock.forward(365 * DAY_MS)
  await network.collect({ scheduledAt: MONDAY_AT_SIX + 365 * DAY_MS })
  expect(daysInSpool(site)).toEqual([SUNDAY, "2027-11-22"])
  expect(network.lastCollection).toMatchObject({ upTo: "2027-11-22" })
  site.clock.forward(-364 * DAY_MS)
  expect(await network.setBack(site.clock.now())).toEqual(["2027-11-22"])
  expect(network.lastCollection).toEqual({ scheduledAt: MONDAY_AT_SIX, closed: true, upTo: SUNDAY })
})

test("days that a clock which was ahead collected too early are sent again, by those who still have them", async () => {
  const day = addDays(SUNDAY, -1)
  const files = { [fileOf(day)]: "08:00 - 20 - 30%\n", [fileOf(SUNDAY)]: "08:00 - 20 - 30%\n", ...HERBS }
  await using site = await Site.make({ devices: DEVICES, files })
  await using network = await Network.start(site.topology, site.options)
  await network.collect({ scheduledAt: MONDAY_AT_SIX - DAY_MS })
  await site.write(fileOf(day), "08:00 - 20 - 30%\n20:00 - 21 - 30%\n")
  await network.collect({ scheduledAt: MONDAY_AT_SIX })
  expect(await site.stored()).not.toContain(`${day} 192.168.1.2 20:00 21 30`)
  await network.collect({ scheduledAt: MONDAY_AT_SIX, isDoubtful: true })
  expect(await site.stored()).toContain(`${day} 192.168.1.2 20:00 21 30`)
  expect(site.logged.filter((line) => line.includes("owed"))).toEqual([])
})

test("a day that has an hour twice stays whole when the zone is changed before the cloud has it", async () => {
  const day: Day = "2026-10-25"
  const twice = "02:15 - 20 - 30%\n02:45 - 21 - 30%\n02:15 - 22 - 30%\n"
  await using site = await Site.make({ devices: DEVICES.slice(0, 1), files: { [fileOf(day)]: twice }, speed: 20 })
  const nowhere = { ...site.topology.cloud, port: 1 }
  const scheduledAt = Date.UTC(2026, 9, 26, 5)
  site.clock.forward(scheduledAt - MONDAY_AT_SIX)
  {
    const roles = { cloud: false, gateway: true, devices: [{ first: 0, last: 0xffff_ffff }] }
    const options = { ...site.options, roles, addressing: "simulated" } as const
    await using alone = await Network.start({ ...site.topology, cloud: nowhere }, options)
    expect(await alone.collect({ scheduledAt })).toMatchObject({ readings: 3, delivered: false })
  }
  const file = join(site.folder, "topology.yaml")
  await writeFile(file, (await Bun.file(file).text()).replace("Europe/Rome", "UTC"))
  await using network = await Network.start(await loadTopology(file, {}), site.options)
  await network.collect({ scheduledAt: scheduledAt + DAY_MS })
  expect((await site.stored()).map((row) => row.split(" ").slice(2).join(" "))).toEqual([
    "02:15 20 30",
    "02:45 21 30",
    "02:15+01:00 22 30",
  ])
})

test("a day that was collected too early, whose own run was then missed, is sent again as it is by then", async () => {
  const monday = addDays(SUNDAY, 1)
  const files = { [fileOf(SUNDAY)]: "08:00 - 20 - 30%\n", [fileOf(monday)]: "08:00 - 20 - 30%\n", ...HERBS }
  await using site = await Site.make({ devices: DEVICES.slice(0, 1), files })
  {
    await using network = await Network.start(site.topology, site.options)
    await network.collect({ scheduledAt: MONDAY_AT_SIX })
    site.clock.forward(DAY_MS) // the clock leaps ahead
    await network.collect({ scheduledAt: MONDAY_AT_SIX + DAY_MS })
    site.clock.forward(-DAY_MS)
    expect(await network.setBack(site.clock.now())).toEqual([monday])
  }
  await site.write(fileOf(monday), "08:00 - 20 - 30%\n20:00 - 21 - 30%\n")
  await site.write(fileOf(addDays(monday, 1)), "08:00 - 20 - 30%\n")
  site.clock.forward(2 * DAY_MS) // nobody was there at Tuesday's run
  await using network = await Network.start(site.topology, site.options)
  expect(network.lastCollection).toMatchObject({ upTo: SUNDAY })
  await network.recordMissed(MONDAY_AT_SIX + DAY_MS)
  await network.collect({ scheduledAt: MONDAY_AT_SIX + 2 * DAY_MS })
  expect(await site.stored()).toContain(`${monday} 192.168.1.2 20:00 21 30`)
  const again = site.uploads.filter(({ day }) => day === monday).length
  await network.collect({ scheduledAt: MONDAY_AT_SIX + 2 * DAY_MS })
  expect(site.uploads.filter(({ day }) => day === monday)).toHaveLength(again) // once
})

test("on a network's first day a clock that is set back loses no run: what came goes to the cloud, and the run comes again", async () => {
  await using site = await Site.make({
    devices: DEVICES.slice(0, 1),
    files: { [fileOf(SUNDAY)]: "08:00 - 20 - 30%\n" },
    speed: 50,
  })
  const nowhere = { ...site.topology.cloud, port: 1 }
  const roles = { cloud: false, gateway: true, devices: [{ first: 0, last: 0xffff_ffff }] }
  {
    await using alone = await Network.start({ ...site.topology, cloud: nowhere }, { ...site.options, roles })
    expect(await alone.collect({ scheduledAt: MONDAY_AT_SIX })).toMatchObject({ delivered: false })
    site.clock.forward(-2 * DAY_MS)
    await alone.setBack(site.clock.now())
  }
  await using network = await Network.start(site.topology, site.options)
  expect([network.lastCollection, network.firstDoubtfulRun]).toEqual([undefined, MONDAY_AT_SIX])
  await until(async () => (await site.stored()).length === 1)
  site.clock.forward(2 * DAY_MS)
  expect(await network.collect({ scheduledAt: MONDAY_AT_SIX })).toMatchObject({ complete: true })
  expect(network.firstDoubtfulRun).toBeUndefined()
})
