import { expect, test } from "bun:test"
import { copyFileSync, rmSync } from "node:fs"
import { readHeldRules } from "../../../src/cloud/rules/reader"
import { readCloudStatus } from "../../../src/cloud/status"
import { STORE } from "../../../src/cloud/store/sqlite/schema"
import { copyDatabase, DurableDatabase } from "../../../src/storage/database"
import { addDays, type Day } from "../../../src/survey/calendar"
import { EVERY_ADDRESS, formatAddress } from "../../../src/topology/address"
import { settle } from "../../virtual-clock"
import { SITE } from "../fixtures"
import { address, readings, WatchedSite } from "./fixture"

const [ONE, TWO] = ["192.168.1.2", "192.168.1.3"] as const
const DEVICES = [{ ip: ONE, name: "tomatoes" }, { ip: TWO }]
const WELL = readings([20, 50], [21, 51])
const DRY = readings([20, 12], [21, 30])

const missing = (reason = "no file") => ({ missing: reason })

test("Watch tells of a first run what holds, once", async () => {
  using site = new WatchedSite("{ dry: 20 }", DEVICES)
  await site.run({ [ONE]: DRY, [TWO]: missing() })
  await site.run({ [ONE]: DRY, [TWO]: missing() })
  expect(site.told).toEqual([
    "2026-01-01 ✖ 192.168.1.3: nothing came (no file)",
    "2026-01-01 ✖ 192.168.1.2 tomatoes: dry, 12 %",
  ])
  expect(site.messages[0]?.title).toBe("greenhouse: 2 new (incomplete, dry)")
})

test("Watch tells of a history that comes at once only what holds on its newest day", async () => {
  using site = new WatchedSite("{ dry: 20, silent: 1d }", DEVICES)
  const from = site.day
  for (let index = 1; index <= 30; index++) {
    site.day = addDays(from, index)
    await site.close(site.day, { [ONE]: index % 3 === 0 ? DRY : WELL, [TWO]: index < 30 ? WELL : missing() }, true)
  }
  await site.watch.finish()
  expect(site.messages).toHaveLength(1)
  expect(site.told).toEqual([
    "2026-01-30 ✖ 192.168.1.3: silent since 30 January; nothing came (no file)",
    "2026-01-30 ✖ 192.168.1.2 tomatoes: dry, 12 %",
  ])
  // older history, as somebody imports it, begins and ends nothing
  for (let index = 1; index <= 30; index++)
    await site.close(addDays("2025-06-01", index), { [ONE]: DRY, [TWO]: DRY }, true)
  await site.watch.finish()
  expect(site.messages).toHaveLength(1)
})

test("Watch looks a while after the last of many days was closed", async () => {
  using site = new WatchedSite("{ dry: 20 }", DEVICES)
  await site.close("2026-01-01", { [ONE]: DRY, [TWO]: WELL }, true)
  await site.clock.advance(9_999)
  expect(site.told).toEqual([])
  await site.close("2026-01-02", { [ONE]: DRY, [TWO]: WELL }, true)
  await site.clock.advance(9_999)
  expect(site.told).toEqual([])
  await site.clock.advance(1)
  await site.watch.finish()
  expect(site.told).toEqual(["2026-01-02 ✖ 192.168.1.2 tomatoes: dry, 12 %"])
})

test("Watch looks at a day that comes late, and tells of it with the next run", async () => {
  using site = new WatchedSite("{ dry: 20 }", DEVICES)
  await site.run({ [ONE]: WELL, [TWO]: missing() })
  expect(site.told).toEqual(["2026-01-01 ✖ 192.168.1.3: nothing came (no file)"])
  await site.close("2026-01-01", { [ONE]: WELL, [TWO]: DRY }, false)
  await site.watch.finish()
  expect(await site.alerts()).toMatchObject([
    { rule: "dry", holds: 1, told: null },
    { rule: "incomplete", holds: 0 },
  ])
  expect(site.messages).toHaveLength(1)
  await site.run({ [ONE]: WELL, [TWO]: DRY })
  expect(site.told.slice(1)).toEqual([
    "2026-01-02 ✖ 192.168.1.3: dry, 12 % since 1 January",
    "2026-01-02 ✔ 192.168.1.3: its readings came",
  ])
})

test("Watch takes an older day of a device of which nothing newer is there, and of no other", async () => {
  using site = new WatchedSite("{ dry: 20 }", DEVICES)
  await site.run({ [ONE]: WELL, [TWO]: missing() })
  await site.run({ [ONE]: WELL, [TWO]: missing() })
  await site.close("2026-01-01", { [ONE]: DRY, [TWO]: DRY }, false)
  await site.watch.finish()
  expect(await site.alerts()).toMatchObject([
    { address: address(TWO), rule: "dry", since: "2026-01-01", holds: 1 },
    { address: address(TWO), rule: "incomplete", holds: 1 },
  ])
})

test("Watch says nothing of what began and ended between two runs", async () => {
  using site = new WatchedSite("{ dry: 20 }", DEVICES)
  await site.run({ [ONE]: WELL, [TWO]: WELL })
  await site.close("2026-01-01", { [ONE]: DRY, [TWO]: WELL }, false)
  await site.watch.finish()
  await site.run({ [ONE]: WELL, [TWO]: WELL })
  expect(site.told).toEqual([])
  expect(await site.alerts()).toEqual([])
})

test("Watch tells what a process that ended before it looked has left", async () => {
  using site = new WatchedSite("{ dry: 20 }", DEVICES)
  await site.close("2026-01-01", { [ONE]: DRY, [TWO]: WELL }, true)
  await site.reopen()
  await site.watch.start()
  await site.watch.finish()
  expect(site.told).toEqual(["2026-01-01 ✖ 192.168.1.2 tomatoes: dry, 12 %"])
  await site.reopen()
  await site.watch.start()
  await site.watch.finish()
  expect(site.messages).toHaveLength(1)
})

test("Watch forgets what is not watched any more: a rule, a device; nobody is told", async () => {
  using site = new WatchedSite("{ dry: 20 }", DEVICES)
  await site.run({ [ONE]: DRY, [TWO]: missing() })
  site.topology = site.read("{ wet: 90 }")
  await site.run({ [ONE]: DRY })
  expect(await site.alerts()).toEqual([])
  expect(site.messages).toHaveLength(1)
})

test("incomplete: false and refused: false tell of neither", async () => {
  using site = new WatchedSite("{ incomplete: false, refused: false }", DEVICES)
  await site.run({ [ONE]: missing(), [TWO]: { refused: "line 1: too hot" } })
  expect(site.told).toEqual([])
})

test("what the cloud refuses is told with its reason, and that it is taken again", async () => {
  using site = new WatchedSite("{ silent: 1d }", DEVICES)
  await site.run({ [ONE]: WELL, [TWO]: { refused: "line 1: too hot" } })
  await site.run({ [ONE]: WELL, [TWO]: WELL })
  expect(site.told).toEqual([
    "2026-01-01 ✖ 192.168.1.3: refused by the cloud (line 1: too hot); silent since 1 January",
    "2026-01-02 ✔ 192.168.1.3: taken again, nothing of 1 January so far; no longer silent",
  ])
})

test("a survey without a line is silence, and no value", async () => {
  using site = new WatchedSite("{ silent: 2d, frost: 0, stuck: 1d }", DEVICES)
  for (const text of [WELL, "", ""]) await site.run({ [ONE]: text, [TWO]: WELL })
  expect(site.told).toEqual(["2026-01-03 ✖ 192.168.1.2 tomatoes: silent since 2 January"])
})

test("a device that was never heard is silent only when the site was there for so long", async () => {
  using site = new WatchedSite("{ silent: 3d, incomplete: false }", DEVICES)
  for (let day = 0; day < 3; day++) await site.run({ [ONE]: WELL, [TWO]: missing() })
  expect(site.told).toEqual(["2026-01-03 ✖ 192.168.1.3: silent since 1 January"])
})

test("wet and hot end behind their band too", async () => {
  using site = new WatchedSite("{ wet: 60, hot: 35 }", DEVICES)
  for (const [hot, wet] of [
    [35, 60],
    [36, 61],
    [34.5, 59],
    [34, 58],
  ] as const) {
    await site.run({ [ONE]: readings([hot, wet]), [TWO]: WELL })
  }
  expect(site.told).toEqual([
    "2026-01-02 ✖ 192.168.1.2 tomatoes: hot, 36 °C; wet, 61 %",
    "2026-01-04 ✔ 192.168.1.2 tomatoes: no longer hot, 34 °C; no longer wet, 58 %",
  ])
})

test("what nobody is told stays untold until somebody is", async () => {
  using site = new WatchedSite("{ dry: 20 }", DEVICES)
  site.listen(false)
  await site.run({ [ONE]: DRY, [TWO]: DRY })
  await site.run({ [ONE]: DRY, [TWO]: WELL })
  site.listen()
  await site.run({ [ONE]: DRY, [TWO]: WELL })
  expect(site.told).toEqual(["2026-01-03 ✖ 192.168.1.2 tomatoes: dry, 12 % since 1 January"])
})

test("a day that a wrong clock has named is passed over when the clock is right again", async () => {
  using site = new WatchedSite("{ dry: 20 }", DEVICES)
  await site.run({ [ONE]: WELL, [TWO]: WELL })
  const right = site.day
  await site.run({ [ONE]: DRY, [TWO]: WELL }, "2031-01-01")
  expect(site.told).toEqual(["2031-01-01 ✖ 192.168.1.2 tomatoes: dry, 12 %"])
  site.day = right
  await site.run({ [ONE]: WELL, [TWO]: WELL })
  await site.run({ [ONE]: DRY, [TWO]: WELL })
  expect(site.told.slice(1)).toEqual([
    "2026-01-02 ✔ 192.168.1.2 tomatoes: no longer dry, 50 %",
    "2026-01-03 ✖ 192.168.1.2 tomatoes: dry, 12 %",
  ])
})

test("overdue() is told when it begins and when it ends, once each", async () => {
  using site = new WatchedSite("{}", DEVICES)
  await site.run({ [ONE]: WELL, [TWO]: WELL })
  const overdue = { since: "2026-01-03" as Day, reason: "one was due today 06:00 Europe/Rome" }
  for (const each of [undefined, overdue, overdue, undefined, undefined]) await site.watch.overdue(SITE, each)
  expect(site.told).toEqual([
    "2026-01-01 ✖ no run (one was due today 06:00 Europe/Rome)",
    "2026-01-01 ✔ runs take place again",
  ])
})

test("overdue() that is not watched any more is forgotten, and nobody hears that runs take place", async () => {
  using site = new WatchedSite("{}", DEVICES)
  await site.run({ [ONE]: WELL, [TWO]: WELL })
  await site.watch.overdue(SITE, { since: "2026-01-03", reason: "one was due" })
  await site.watch.overdue(SITE, "not watched")
  await site.watch.overdue(SITE, "not watched")
  await site.run({ [ONE]: WELL, [TWO]: WELL })
  expect(site.told).toEqual(["2026-01-01 ✖ no run (one was due)"])
})

test("what was missing or refused and then came is told so, and what is owed of it still", async () => {
  using site = new WatchedSite("{}", DEVICES)
  await site.run({ [ONE]: missing(), [TWO]: { refused: "line 1: too hot" } })
  for (const ip of [ONE, TWO]) await site.close("2026-01-01", { [ip]: WELL }, false)
  await site.run({ [ONE]: WELL, [TWO]: WELL })
  expect(site.told.slice(2)).toEqual([
    "2026-01-02 ✔ 192.168.1.3: no longer refused",
    "2026-01-02 ✔ 192.168.1.2 tomatoes: its readings came",
  ])
})

test("overdue() waits its turn behind what is looked at, and is told by itself", async () => {
  using site = new WatchedSite("{}", DEVICES)
  await site.run({ [ONE]: WELL, [TWO]: WELL })
  const many = Array.from({ length: 3000 }, (_, index) => `192.168.${2 + (index >> 8)}.${index & 255}`)
  await site.close("2026-01-02", Object.fromEntries(many.map((ip) => [ip, missing()])), true)
  const looking = site.watch.finish()
  for (let turn = 0; turn < 5; turn++) await settle()
  await Promise.all([looking, site.watch.overdue(SITE, { since: "2026-01-03", reason: "one was due" })])
  expect(site.messages.map(({ title }) => title)).toEqual([
    "greenhouse: 3000 new (incomplete)",
    "greenhouse: 1 new (overdue)",
  ])
})

test("a run that comes ends what was overdue, in one message with what it brought", async () => {
  using site = new WatchedSite("{ dry: 20 }", DEVICES)
  await site.run({ [ONE]: WELL, [TWO]: WELL })
  await site.watch.overdue(SITE, { since: "2026-01-03", reason: "one was due" })
  await site.run({ [ONE]: DRY, [TWO]: WELL })
  expect(site.messages).toHaveLength(2)
  expect(site.told.slice(1)).toEqual([
    "2026-01-02 ✖ 192.168.1.2 tomatoes: dry, 12 %",
    "2026-01-02 ✔ runs take place again",
  ])
})

test("of a fleet ten are named, the worst first, and the rest is counted", async () => {
  const fleet = Array.from({ length: 200 }, (_, index) => `192.168.2.${index}`)
  using site = new WatchedSite("{ dry: 20, frost: 0 }", [{ ip: "192.168.2.0-192.168.2.199", name: "bed" }])
  await site.run(
    Object.fromEntries(
      fleet.map((ip, index) => [ip, index === 7 ? readings([-1, 50]) : readings([20, 19 - index / 100])]),
    ),
  )
  expect(site.messages[0]?.title).toBe("greenhouse: 200 new (frost, dry)")
  expect(site.told).toHaveLength(11)
  expect(site.told[0]).toContain("✖ 192.168.2.7 bed: frost, -1 °C")
  expect(site.told[1]).toContain("✖ 192.168.2.199 bed: dry, 17.01 %")
  expect(site.told[10]).toBe("2026-01-01 ✖ and 190 more devices: 190 dry")
})

test("a store of before there were rules is watched as a new one", async () => {
  using site = new WatchedSite("{ dry: 20 }", DEVICES)
  const { bench } = site
  bench.database.close()
  rmSync(bench.file)
  const before = { ...STORE, migrations: STORE.migrations.slice(0, 2), fill() {} }
  DurableDatabase.open(bench.file, before, "simulated").close()
  bench.open()
  site.open()
  await site.run({ [ONE]: DRY, [TWO]: WELL })
  expect(site.told).toEqual(["2026-01-01 ✖ 192.168.1.2 tomatoes: dry, 12 %"])
})

test("a store that is restored from a copy tells what began since once more, and then nothing", async () => {
  using site = new WatchedSite("{ dry: 20 }", DEVICES)
  const { bench } = site
  const copy = `${bench.file}.copy`
  await site.run({ [ONE]: WELL, [TWO]: missing() })
  copyDatabase(bench.file, STORE, copy)
  await site.run({ [ONE]: DRY, [TWO]: missing() })
  bench.database.close()
  for (const end of ["", "-wal", "-shm"]) rmSync(bench.file + end, { force: true })
  copyFileSync(copy, bench.file)
  bench.open()
  site.open()
  for (let day = 0; day < 3; day++) await site.run({ [ONE]: DRY, [TWO]: missing() })
  expect(site.told).toEqual([
    "2026-01-01 ✖ 192.168.1.3: nothing came (no file)",
    "2026-01-02 ✖ 192.168.1.2 tomatoes: dry, 12 %",
    "2026-01-03 ✖ 192.168.1.2 tomatoes: dry, 12 %",
  ])
})

test("stuck needs the same value on the first day of its span, and no other between; days without readings do not count", async () => {
  using site = new WatchedSite("{ stuck: 3d, incomplete: false }", DEVICES)
  const SAME = readings([18, 33], [18, 33])
  const days = [SAME, SAME, missing(), SAME, SAME, WELL, SAME, SAME, SAME, readings([18, 34])]
  for (const sent of days) await site.run({ [ONE]: sent, [TWO]: WELL })
  expect(site.told).toEqual([
    "2026-01-04 ✖ 192.168.1.2 tomatoes: stuck at 18 °C, 33 % since 2 January",
    "2026-01-06 ✔ 192.168.1.2 tomatoes: no longer stuck",
    "2026-01-09 ✖ 192.168.1.2 tomatoes: stuck at 18 °C, 33 % since 7 January",
    "2026-01-10 ✔ 192.168.1.2 tomatoes: no longer stuck",
  ])
})

test("what a full disk refused is looked at and told once there is room", async () => {
  using site = new WatchedSite("{}", DEVICES)
  const many = Array.from({ length: 1000 }, (_, index) => `192.168.${2 + (index >> 8)}.${index & 255}`)
  await site.close("2026-01-01", Object.fromEntries(many.map((ip) => [ip, missing()])), true)
  site.bench.fillDisk()
  await site.watch.finish()
  expect(site.errors).toEqual([expect.stringContaining("The rules could not be looked at")])
  expect(site.told).toEqual([])
  site.bench.makeRoom()
  await site.watch.finish()
  expect(site.messages[0]?.title).toBe("greenhouse: 1000 new (incomplete)")
})

const rules = async (site: WatchedSite) =>
  (await readHeldRules(site.bench.place)).map(
    ({ site, address: of, rule }) => `${site} ${of && formatAddress(of)} ${rule}`,
  )

test("of a clock that was a day ahead nothing is told twice, and nothing is missed once it is right", async () => {
  using site = new WatchedSite("{ dry: 20 }", DEVICES)
  await site.run({ [ONE]: WELL, [TWO]: WELL })
  const right = site.day
  await site.run({ [ONE]: DRY, [TWO]: WELL }, addDays(right, 2)) // a run too early, of a day that is not over
  site.day = right
  for (const sent of [DRY, DRY, WELL, WELL]) await site.run({ [ONE]: sent, [TWO]: WELL })
  expect(site.told).toEqual([
    "2026-01-03 ✖ 192.168.1.2 tomatoes: dry, 12 %",
    "2026-01-04 ✔ 192.168.1.2 tomatoes: no longer dry, 50 %",
  ])
})

test("a clock that is a day ahead for good tells the same, a day later by its own name", async () => {
  using site = new WatchedSite("{ dry: 20 }", DEVICES)
  await site.run({ [ONE]: WELL, [TWO]: WELL })
  site.day = addDays(site.day, 1)
  for (const sent of [DRY, DRY, WELL]) await site.run({ [ONE]: sent, [TWO]: WELL })
  expect(site.told).toEqual([
    "2026-01-03 ✖ 192.168.1.2 tomatoes: dry, 12 %",
    "2026-01-05 ✔ 192.168.1.2 tomatoes: no longer dry, 50 %",
  ])
})

test("what holds of a day that is dropped ends with the readings that come, and begins with those that are dry", async () => {
  using site = new WatchedSite("{ dry: 20 }", DEVICES)
  await site.run({ [ONE]: DRY, [TWO]: DRY })
  for (const ip of [ONE, TWO]) {
    const addresses = { first: address(ip), last: address(ip) }
    await site.bench.store.drop(SITE, { day: site.day, addresses, revision: 100 })
  }
  await site.run({ [ONE]: WELL, [TWO]: DRY })
  await site.run({ [ONE]: WELL, [TWO]: DRY })
  expect(site.told).toEqual([
    "2026-01-01 ✖ 192.168.1.2 tomatoes: dry, 12 %",
    "2026-01-01 ✖ 192.168.1.3: dry, 12 %",
    "2026-01-02 ✔ 192.168.1.2 tomatoes: no longer dry, 50 %",
  ])
})

test("a day that is dropped whole is still a run that took place, and what holds is not told anew", async () => {
  using site = new WatchedSite("{ dry: 20 }", DEVICES)
  await site.run({ [ONE]: WELL, [TWO]: WELL })
  await site.run({ [ONE]: DRY, [TWO]: missing() })
  const runs = () => Promise.all([site.watch.lastRun(SITE), site.watch.nextRun(SITE)])
  const before = await runs()
  await site.bench.store.drop(SITE, { day: site.day, addresses: EVERY_ADDRESS, revision: 100 })
  expect(await runs()).toEqual(before)
  await site.reopen()
  await site.watch.start()
  await site.watch.finish()
  await site.run({ [ONE]: DRY, [TWO]: missing() })
  expect(site.messages).toHaveLength(1)
  const [status] = (await readCloudStatus(site.bench.place)).sites
  expect(status?.lastCompleteDay).toBe("2026-01-01")
  expect(status?.run?.day).toBe("2026-01-03")
})

test("a device of which every day is dropped is silent, if that is watched for, and says nothing else", async () => {
  using site = new WatchedSite("{ dry: 20, silent: 2d, stuck: 1d, incomplete: false }", DEVICES)
  for (let run = 0; run < 3; run++) await site.run({ [ONE]: DRY, [TWO]: WELL })
  for (let ago = 0; ago < 3; ago++) {
    const addresses = { first: address(ONE), last: address(ONE) }
    await site.bench.store.drop(SITE, { day: addDays(site.day, -ago), addresses, revision: 100 })
  }
  await site.run({ [ONE]: missing(), [TWO]: WELL })
  expect(site.told).toEqual([
    "2026-01-01 ✖ 192.168.1.2 tomatoes: dry, 12 %",
    "2026-01-04 ✖ 192.168.1.2 tomatoes: silent since 3 January",
  ])
})

test("what holds of a device that is removed ends unsaid with the next run, and of one that comes back it is told anew", async () => {
  using site = new WatchedSite("{ dry: 20 }", DEVICES)
  await site.run({ [ONE]: DRY, [TWO]: WELL })
  expect(await rules(site)).toEqual([`${SITE} ${ONE} dry`])
  await site.run({ [TWO]: WELL })
  expect(await rules(site)).toEqual([])
  await site.run({ [TWO]: WELL })
  expect(site.messages).toHaveLength(1)
  await site.run({ [ONE]: DRY, [TWO]: WELL })
  expect(site.told.slice(1)).toEqual(["2026-01-04 ✖ 192.168.1.2 tomatoes: dry, 12 %"])
})

test("of a site that has another name nothing holds under the old one, and what holds is told once under the new one", async () => {
  using site = new WatchedSite("{ dry: 20 }", DEVICES)
  await site.run({ [ONE]: DRY, [TWO]: WELL })
  site.served = ["glasshouse"]
  await site.reopen()
  await site.watch.start()
  await site.watch.finish()
  expect(await rules(site)).toEqual([])
  for (let run = 0; run < 9; run++) await site.run({ [ONE]: DRY, [TWO]: WELL }, undefined, "glasshouse")
  expect(site.messages.map(({ title }) => title)).toEqual([
    `${SITE}: 1 new (dry)`,
    "glasshouse: 1 new (dry)",
    "glasshouse: 1 still",
  ])
  expect(await rules(site)).toEqual([`glasshouse ${ONE} dry`])
})
