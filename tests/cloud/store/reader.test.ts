import { afterEach, beforeEach, describe, expect, test } from "bun:test"
import { join } from "node:path"
import { addressingOfStore, countStored, type Selection, StoreReader } from "../../../src/cloud/store/reader"
import { STORE } from "../../../src/cloud/store/sqlite/schema"
import { DurableDatabase } from "../../../src/storage/database"
import { StorageError } from "../../../src/storage/errors"
import type { Day } from "../../../src/survey/calendar"
import { parseAddress } from "../../../src/topology/address"
import { Bench, DAY, HERBS, MORNING, SITE, TIME_ZONE, TOMATOES } from "../fixtures"

const BEFORE: Day = "2026-11-20"
const CHANGE: Day = "2026-10-25"
const ALL = { site: SITE, from: "0000-01-01", to: "9999-12-31" } as const

let bench: Bench
beforeEach(async () => {
  bench = new Bench()
  await bench.describeSite()
})
afterEach(() => bench[Symbol.dispose]())

const rows = (selection: Selection) => {
  using reader = new StoreReader(join(bench.folder, "cloud.db"))
  return [...reader.rows(selection)]
}

test("StoreReader throws where there is no store", () => {
  expect(() => new StoreReader(join(bench.folder, "nothing.db"))).toThrow(StorageError)
  expect(() => addressingOfStore(join(bench.folder, "nothing.db"))).toThrow(StorageError)
})

test("addressingOfStore() tells whether a simulated network made it", () => {
  const file = join(bench.folder, "declared.db")
  DurableDatabase.open(file, STORE, "declared").close()
  expect([addressingOfStore(bench.file), addressingOfStore(file)]).toEqual(["simulated", "declared"])
})

test("countStored() counts a day's surveys of some addresses", async () => {
  for (const address of [TOMATOES, HERBS, HERBS + 1]) await bench.put(MORNING, 1, address)
  const count = (first: number, last: number, day = DAY, site = SITE) =>
    countStored(bench.database.sqlite, site, { day, addresses: { first, last } })
  expect(count(TOMATOES, HERBS)).toBe(2)
  expect(count(HERBS, HERBS)).toBe(1)
  expect(count(TOMATOES, HERBS, BEFORE)).toBe(0)
  expect(count(TOMATOES, HERBS, DAY, "elsewhere")).toBe(0)
})

describe("rows()", () => {
  test("gives them by day, device and time", async () => {
    await bench.put(MORNING, 1, HERBS)
    await bench.put("08:00 - -1.5 - 41.2%\n09:00 - 20 - 30%\n", 1)
    await bench.put(MORNING, 1, TOMATOES, BEFORE)
    expect(rows(ALL).map(({ day, address, time }) => [day, address, time])).toEqual([
      [BEFORE, TOMATOES, "08:00"],
      [DAY, TOMATOES, "08:00"],
      [DAY, TOMATOES, "09:00"],
      [DAY, HERBS, "08:00"],
    ])
    expect(rows(ALL)[1]).toEqual({
      site: SITE,
      address: TOMATOES,
      day: DAY,
      time: "08:00",
      zone: TIME_ZONE,
      temperature: -1.5,
      humidity: 41.2,
    })
  })

  test("keeps to the days, the device and the site that are asked for", async () => {
    for (const day of ["2026-11-18", BEFORE, DAY] as const) {
      await Promise.all([bench.put(MORNING, 1, TOMATOES, day), bench.put(MORNING, 1, HERBS, day)])
    }
    const daysOf = (selection: Selection) => rows(selection).map(({ day }) => day)
    expect(daysOf({ ...ALL, device: HERBS })).toEqual(["2026-11-18", BEFORE, DAY])
    expect(daysOf({ ...ALL, device: HERBS, from: "2026-11-19", to: BEFORE })).toEqual([BEFORE])
    expect(daysOf({ ...ALL, device: HERBS, from: DAY, to: DAY })).toEqual([DAY])
    expect(daysOf({ ...ALL, device: HERBS, from: DAY, to: BEFORE })).toEqual([])
    expect(daysOf({ ...ALL, device: HERBS + 1 })).toEqual([])
    expect(daysOf({ ...ALL, from: "2026-11-19" })).toEqual([BEFORE, BEFORE, DAY, DAY])
    expect(daysOf({ ...ALL, site: "elsewhere" })).toEqual([])
  })

  test("shows what the view `readings` shows, also of what was added and of the hour that comes twice", async () => {
    await bench.put("02:15 - 1 - 1%\n02:45 - 2 - 2%\n02:15 - 3 - 3%\n", 1, TOMATOES, CHANGE)
    await bench.addText("02:15 - 9 - 9%\n02:30 - 4 - 4%\n02:20 - 5 - 5%\n", CHANGE)
    await bench.addText("09:00 - 21 - 31%\n")
    const plain = rows(ALL).map(({ day, time, temperature, humidity }) => ({ day, time, temperature, humidity }))
    expect(plain.map(({ temperature }) => temperature)).toEqual([1, 4, 2, 3, 5, 21])
    expect(bench.readings()).toMatchObject(plain)
  })
})

describe("pages()", () => {
  const LONG = Array.from({ length: 43_200 }, (_, at) => {
    const two = (number: number) => String(Math.floor(number)).padStart(2, "0")
    return `${two(at / 1800)}:${two((at / 30) % 60)}:${two((at % 30) * 2)} - 20.25 - 30.75%\n`
  }).join("")

  const pagesOf = (reader: StoreReader) => [...reader.pages(ALL)].map((page) => page.map(({ address }) => address))

  test("holds few of long surveys, and many of short ones", async () => {
    await bench.put(LONG, 1, TOMATOES)
    await bench.put(LONG, 1, HERBS)
    const first = HERBS + 1
    for (let at = 0; at < 1200; at++) void bench.put(MORNING, 1, first + at)
    await bench.put(MORNING, 1, first + 1200)
    using reader = new StoreReader(bench.file)
    const pages = pagesOf(reader)
    expect(pages.map((page) => page.length)).toEqual([1, 1, 500, 500, 201])
    expect(pages.flat()).toEqual(Array.from({ length: 1203 }, (_, at) => TOMATOES + at))
  })

  test("keeps no transaction open behind a page: the log can be emptied meanwhile", async () => {
    await bench.put(LONG, 1, TOMATOES)
    await bench.put(LONG, 1, HERBS)
    using reader = new StoreReader(bench.file)
    const pages = reader.pages(ALL)
    pages.next()
    await bench.put(MORNING, 1, HERBS + 1)
    const emptied = bench.database.sqlite.query("PRAGMA wal_checkpoint(TRUNCATE)").get()
    bench.database.files.note()
    expect(emptied).toMatchObject({ busy: 0, log: 0 })
    expect([...pages].flat().map(({ address }) => address)).toEqual([HERBS, HERBS + 1])
  })
})

test("devices() are those of the site's description, days() those with surveys, countReadings() tells of one", async () => {
  await bench.put("08:00 - 1 - 1%\n09:00 - 2 - 2%\n", 1, TOMATOES, BEFORE)
  await bench.put(MORNING, 1)
  await bench.put("", 1, HERBS)
  using reader = new StoreReader(bench.file)
  expect(reader.devices(SITE)).toEqual([TOMATOES, HERBS].map((address) => ({ first: address, last: address })))
  expect([reader.days(SITE), reader.days(SITE, DAY), reader.days("elsewhere")]).toEqual([[BEFORE, DAY], [DAY], []])
  expect(reader.devices("elsewhere")).toEqual([])
  const counted = [TOMATOES, HERBS, HERBS + 1].map((address) => reader.countReadings(SITE, DAY, address))
  expect(counted).toEqual([1, 0, undefined])
})

test("firstDay(), lastDay() and sites() tell what there is, text that came alone included", async () => {
  const read = () => {
    using reader = new StoreReader(join(bench.folder, "cloud.db"))
    return [reader.sites(), reader.firstDay(SITE), reader.lastDay(SITE)]
  }
  expect(read()).toEqual([[SITE], undefined, undefined])
  await bench.put(MORNING, 1, TOMATOES, BEFORE)
  await bench.addText(MORNING)
  expect(read()).toEqual([[SITE], BEFORE, DAY])
})

test("lastDay() of a device is the latest of which it has a reading", async () => {
  const read = (address: number) => {
    using reader = new StoreReader(join(bench.folder, "cloud.db"))
    return reader.lastDay(SITE, address)
  }
  await bench.put(MORNING, 1, HERBS)
  expect(read(TOMATOES)).toBeUndefined()
  await bench.put(MORNING, 1, TOMATOES, BEFORE)
  await bench.put("", 1, TOMATOES)
  expect(read(TOMATOES)).toBe(BEFORE)
})

test("name() is what a device was called last, in ranges and in none", async () => {
  const devices = [{ ip: "10.0.0.2-10.0.0.5", name: "bed {ip}" }, { ip: "10.0.0.9" }]
  await bench.store.describeSite(SITE, { timeZone: TIME_ZONE, devices, spool: "0a" })
  using reader = new StoreReader(join(bench.folder, "cloud.db"))
  const named = ["10.0.0.1", "10.0.0.3", "10.0.0.5", "10.0.0.6", "192.168.1.2"].map((ip) =>
    reader.name(SITE, parseAddress(ip) ?? 0),
  )
  expect(named).toEqual([undefined, "bed 10.0.0.3", "bed 10.0.0.5", undefined, "tomatoes"])
  expect(reader.name("elsewhere", TOMATOES)).toBeUndefined()
})
