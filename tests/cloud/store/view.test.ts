// The view `readings`, which any SQLite client sees, and how a store of an earlier version gets what it shows.
import { afterEach, beforeEach, describe, expect, test } from "bun:test"
import { rmSync } from "node:fs"
import type { SiteInfo } from "../../../src/cloud/store/contract"
import { StoreReader } from "../../../src/cloud/store/reader"
import { STORE } from "../../../src/cloud/store/sqlite/schema"
import { DurableDatabase } from "../../../src/storage/database"
import { StorageRefused } from "../../../src/storage/errors"
import type { Day } from "../../../src/survey/calendar"
import { offsetsOn, timestampOf } from "../../../src/survey/offsets"
import { Bench, DAY, deliveryOf, HERBS, LARGE, MORNING, SITE, SPOOL, TIME_ZONE, TOMATOES } from "../fixtures"

let bench: Bench
beforeEach(async () => {
  bench = new Bench()
  await bench.describeSite()
})
afterEach(() => bench[Symbol.dispose]())

const deliver = (text: string, day: Day, zone: string, address = TOMATOES) =>
  bench.store.deliver(SITE, deliveryOf(text, { revision: 1, day, zone, address }))
const describeDevices = (devices: SiteInfo["devices"], site = SITE) =>
  bench.store.describeSite(site, { timeZone: TIME_ZONE, devices, spool: SPOOL })
const timestamps = () => bench.readings().map(({ timestamp }) => timestamp)

test("the view `readings` shows one reading a row, in plain columns, the new ones behind the old ones", async () => {
  await bench.put("08:00 - -1.5 - 41.2%\n23:59:59 - 20 - 0%\n", 1)
  await bench.put(MORNING, 1, HERBS)
  await bench.put("", 1, HERBS + 1)
  expect(bench.database.sqlite.query("SELECT * FROM readings").columnNames).toEqual([
    ...["site", "device", "day", "time", "temperature", "humidity"],
    ...["timestamp", "name"],
  ])
  const [tomatoes, herbs] = [
    { site: SITE, device: "192.168.1.2", day: DAY, name: "tomatoes" },
    { site: SITE, device: "192.168.1.3", day: DAY, name: null },
  ]
  expect(bench.readings()).toEqual([
    { ...tomatoes, time: "08:00", temperature: -1.5, humidity: 41.2, timestamp: `${DAY}T08:00:00+01:00` },
    { ...tomatoes, time: "23:59:59", temperature: 20, humidity: 0, timestamp: `${DAY}T23:59:59+01:00` },
    { ...herbs, time: "08:00", temperature: 20, humidity: 30, timestamp: `${DAY}T08:00:00+01:00` },
  ])
})

describe("timestamp", () => {
  test.each<[string, Day, string[], string[]]>([
    ["Europe/Rome", "2026-03-29", ["01:59:59", "03:00"], ["01:59:59+01:00", "03:00:00+02:00"]],
    [
      "Europe/Rome",
      "2026-10-25",
      ["01:00", "02:15", "02:15+01:00", "02:30:30+01:00", "03:00"],
      ["01:00:00+02:00", "02:15:00+02:00", "02:15:00+01:00", "02:30:30+01:00", "03:00:00+01:00"],
    ],
    ["Australia/Lord_Howe", "2026-10-04", ["01:59", "02:30"], ["01:59:00+10:30", "02:30:00+11:00"]],
    [
      "Australia/Lord_Howe",
      "2026-04-05",
      ["01:45", "01:45+10:30", "02:00"],
      ["01:45:00+11:00", "01:45:00+10:30", "02:00:00+10:30"],
    ],
    ["Pacific/Apia", "2011-12-29", ["23:59"], ["23:59:00-10:00"]],
    ["Pacific/Apia", "2011-12-30", [], []], // it was left out
    ["Pacific/Apia", "2011-12-31", ["00:00"], ["00:00:00+14:00"]],
  ])("of %s on %s tells each pass, as timestampOf() does", async (zone, day, times, expected) => {
    await deliver(times.map((time) => `${time} - 20 - 30%\n`).join(""), day, zone)
    expect(bench.readings().map(({ time }) => time)).toEqual(times)
    expect(timestamps()).toEqual(expected.map((text) => `${day}T${text}`))
    expect(timestamps()).toEqual(times.map((time) => timestampOf(day, time, offsetsOn(day, zone))))
  })

  test("is of each survey's own zone, and that of the highest revision", async () => {
    await deliver(MORNING, DAY, "Asia/Kathmandu")
    await deliver(MORNING, DAY, "Europe/Rome", HERBS)
    expect(timestamps()).toEqual([`${DAY}T08:00:00+05:45`, `${DAY}T08:00:00+01:00`])
    await bench.store.deliver(SITE, deliveryOf(MORNING, { revision: 2, zone: "UTC" }))
    expect(timestamps()).toEqual([`${DAY}T08:00:00+00:00`, `${DAY}T08:00:00+01:00`])
  })

  test("is null in a zone that this runtime does not know, whatever is delivered to it, and the readings merge", async () => {
    await deliver("08:00 - 20 - 30%\n", DAY, "Europe/Rome")
    bench.write("UPDATE zones SET zone = ?", "Europe/Atlantis")
    bench.write("DELETE FROM offsets")
    bench.reopen()
    await bench.store.deliver(SITE, deliveryOf("09:00 - 20 - 30%\n", { revision: 0 }))
    expect(timestamps()).toEqual([null, null])
    await bench.addText("10:00 - 20 - 30%\n")
    expect(timestamps()).toEqual([null, null, null])
    await bench.store.deliver(SITE, deliveryOf("11:00 - 20 - 30%\n", { revision: 2 }))
    expect(timestamps()).toHaveLength(4)
    expect(timestamps()).not.toContain(null)
  })

  test("is there after a commit that was rolled back, and of plain text", async () => {
    bench.fillDisk()
    await expect(deliver(LARGE, DAY, "Europe/Rome")).rejects.toBeInstanceOf(StorageRefused)
    bench.makeRoom()
    await bench.addText("09:00 - 20 - 30%\n")
    expect(timestamps()).toEqual([`${DAY}T09:00:00+01:00`])
  })

  test("costs a row a zone and day, however many surveys there are", async () => {
    for (let n = 0; n < 20; n++) await deliver(MORNING, n % 2 ? DAY : "2026-11-20", "Europe/Rome", TOMATOES + n)
    expect(bench.database.sqlite.query("SELECT count(*) AS rows FROM offsets").get()).toEqual({ rows: 2 })
  })
})

describe("name", () => {
  const named = () => Object.fromEntries(bench.readings().map(({ device, name }) => [device, name]))

  test("is that of its site, {ip} in it the device's own address", async () => {
    await describeDevices([{ ip: "192.168.1.2-192.168.1.3", name: "pot {ip}" }])
    await describeDevices([{ ip: "192.168.1.2", name: 'orchids, "white"' }], "orchard")
    for (const address of [TOMATOES, HERBS, HERBS + 1]) await bench.put(MORNING, 1, address)
    expect(named()).toEqual({
      "192.168.1.2": "pot 192.168.1.2",
      "192.168.1.3": "pot 192.168.1.3",
      "192.168.1.4": null,
    })
    await bench.put(MORNING, 1, TOMATOES, DAY, "orchard")
    expect(bench.readings().filter(({ site }) => site === "orchard")).toMatchObject([{ name: 'orchids, "white"' }])
  })

  test("of a device that left the topology stays, until its address has another", async () => {
    for (const address of [TOMATOES, HERBS, HERBS + 1]) await bench.put(MORNING, 1, address)
    await describeDevices([{ ip: "192.168.1.2-192.168.1.4", name: "row {ip}" }])
    await describeDevices([{ ip: "192.168.1.3", name: "herbs" }, { ip: "192.168.1.2" }])
    expect(named()).toEqual({
      "192.168.1.2": "row 192.168.1.2",
      "192.168.1.3": "herbs",
      "192.168.1.4": "row 192.168.1.4",
    })
    await using reader = await StoreReader.open(bench.place)
    expect((await reader.names(SITE)).map(({ first, last, name }) => [first, last, name])).toEqual([
      [TOMATOES, TOMATOES, "row {ip}"],
      [HERBS, HERBS, "herbs"],
      [HERBS + 1, HERBS + 1, "row {ip}"],
    ])
    expect(await reader.names("elsewhere")).toEqual([])
  })

  test("is written anew only where the description changes", async () => {
    const writes = () => bench.database.sqlite.query<{ n: number }, []>("SELECT total_changes() AS n").get()?.n ?? 0
    const costOf = async (devices: SiteInfo["devices"]) => {
      const before = writes()
      await describeDevices(devices)
      return writes() - before
    }
    const fleet = Array.from({ length: 200 }, (_, n) => ({ ip: `192.168.1.${n + 2}`, name: `pot ${n}` }))
    expect(await costOf(fleet)).toBeGreaterThan(200)
    expect(await costOf(fleet)).toBeLessThan(10)
  })
})

describe("a store of version 1", () => {
  const FIRST = { ...STORE, migrations: STORE.migrations.slice(0, 1) }

  test("is migrated with what it holds: each survey's offsets, each site's names", () => {
    bench.database.close()
    rmSync(bench.file)
    const old = DurableDatabase.open(bench.file, FIRST, "simulated")
    const insert = (sql: string) => old.transaction(() => old.sqlite.run(`INSERT INTO ${sql}`))
    insert(
      `sites VALUES (1, 'greenhouse', 'Europe/Rome', '[{"ip":"192.168.1.2","name":"tomatoes"},{"ip":"192.168.1.3"}]')`,
    )
    insert(`sites VALUES (2, 'old farm', 'UTC', '[{"ip":"192.168.1.2-192.168.1.9","name":"pot {ip}"}]')`)
    insert("zones VALUES (1, 'Europe/Rome'), (2, 'Asia/Kathmandu')")
    const survey = (site: number, day: Day, address: number, zone: number, readings: string) =>
      insert(`surveys VALUES (${site}, '${day}', ${address}, 1, NULL, ${zone}, '${readings}', NULL)`)
    survey(1, "2026-10-25", TOMATOES, 1, '[["02:15",20,30],["02:15+01:00",21,30],["08:00",22,30]]')
    survey(1, DAY, HERBS, 1, '[["08:00",20,30]]')
    survey(2, DAY, TOMATOES, 2, '[["08:00",20,30]]')
    insert(`collections VALUES (1, '${DAY}', 1, NULL, '{}', 1), (1, '2026-10-25', 1, '7', '{}', 1)`)
    insert("zones VALUES (3, 'Europe/Atlantis')") // which another runtime knew
    survey(2, DAY, HERBS, 3, '[["08:00",20,30]]')
    expect(old.sqlite.query("SELECT * FROM readings").columnNames).not.toContain("timestamp")
    old.close()

    bench.open()
    expect(bench.readings().map(({ site, device, name, timestamp }) => [site, device, name, timestamp])).toEqual([
      [SITE, "192.168.1.2", "tomatoes", "2026-10-25T02:15:00+02:00"],
      [SITE, "192.168.1.2", "tomatoes", "2026-10-25T02:15:00+01:00"],
      [SITE, "192.168.1.2", "tomatoes", "2026-10-25T08:00:00+01:00"],
      [SITE, "192.168.1.3", null, `${DAY}T08:00:00+01:00`],
      ["old farm", "192.168.1.2", "pot 192.168.1.2", `${DAY}T08:00:00+05:45`],
      ["old farm", "192.168.1.3", "pot 192.168.1.3", null],
    ])
    const collections = bench.database.sqlite.query("SELECT day, listed FROM collections ORDER BY day").all()
    expect(collections).toEqual([
      { day: "2026-10-25", listed: 1 },
      { day: DAY, listed: 1 | 2 }, // it had changed, and is listed when it is closed
    ])
  })
})
