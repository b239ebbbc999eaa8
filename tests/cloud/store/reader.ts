// What every engine of the store shows to whoever reads it: `describeReader()` runs it on one that a test file opens.
import { afterEach, beforeEach, describe, expect, test } from "bun:test"
import { allSites, countedContents, estimatedContents } from "../../../src/cloud/store/all-sites"
import { countStored } from "../../../src/cloud/store/days"
import type { OpenTables } from "../../../src/cloud/store/open"
import type { Selection } from "../../../src/cloud/store/pages"
import { StoreReader } from "../../../src/cloud/store/reader"
import { clockChange, type Day } from "../../../src/survey/calendar"
import { parseSurvey } from "../../../src/survey/survey"
import { parseAddress } from "../../../src/topology/address"
import { DAY, HERBS, MORNING, SITE, TIME_ZONE, TOMATOES } from "../../fixtures"
import { DEVICES, deliveryOf, SPOOL } from "../fixtures"
import type { OpenStore } from "./contract"

/** An empty store that can be read beside whoever writes it. */
export interface ReadableStore extends Pick<OpenStore, "store" | "remove"> {
  openTables(): Promise<OpenTables>
}

const BEFORE: Day = "2026-11-20"
const CHANGE: Day = "2026-10-25"
const ALL = { site: SITE, from: "0000-01-01", to: "9999-12-31" } as const

/** A survey of a reading each two seconds. */
export const LONG = Array.from({ length: 43_200 }, (_, at) => {
  const two = (number: number) => String(Math.floor(number)).padStart(2, "0")
  return `${two(at / 1800)}:${two((at / 30) % 60)}:${two((at % 30) * 2)} - 20.25 - 30.75%\n`
}).join("")

export function describeReader(name: string, open: () => ReadableStore | Promise<ReadableStore>): void {
  describe(name, () => {
    let opened: ReadableStore
    beforeEach(async () => {
      opened = await open()
      await describeSite(DEVICES)
    })
    afterEach(() => opened.remove())

    const describeSite = (devices: readonly { readonly ip: string; readonly name?: string }[]) =>
      opened.store.describeSite(SITE, { timeZone: TIME_ZONE, devices, spool: SPOOL })
    const put = (text: string, revision = 1, address = TOMATOES, day = DAY) =>
      opened.store.deliver(SITE, deliveryOf(text, { revision, address, day }))
    const addText = (text: string, day = DAY) => {
      const { readings } = parseSurvey(text, clockChange(day, TIME_ZONE))
      return opened.store.addText(SITE, { day, address: TOMATOES, zone: TIME_ZONE, readings })
    }
    const read = async <T>(look: (reader: StoreReader) => T | Promise<T>): Promise<T> => {
      await using reader = new StoreReader(await opened.openTables())
      return await look(reader)
    }
    const rows = (selection: Selection) => read((reader) => Array.fromAsync(reader.rows(selection)))
    const pages = () => read((reader) => Array.fromAsync(reader.pages(ALL)))

    test("countStored() counts a day's surveys of some addresses", async () => {
      for (const address of [TOMATOES, HERBS, HERBS + 1]) await put(MORNING, 1, address)
      await using tables = await opened.openTables()
      const count = (first: number, last: number, day = DAY, site = SITE) =>
        countStored(tables, site, { day, addresses: { first, last } })
      expect(await count(TOMATOES, HERBS)).toBe(2)
      expect(await count(HERBS, HERBS)).toBe(1)
      expect(await count(TOMATOES, HERBS, BEFORE)).toBe(0)
      expect(await count(TOMATOES, HERBS, DAY, "elsewhere")).toBe(0)
    })

    test("countedContents() counts the days and readings of all sites, estimatedContents() takes each day for the last", async () => {
      await opened.store.describeSite("farm", { timeZone: TIME_ZONE, devices: DEVICES, spool: SPOOL })
      await opened.store.describeSite("barn", { timeZone: TIME_ZONE, devices: DEVICES, spool: SPOOL })
      const two = `${MORNING}09:00 - 20 - 30%\n`
      for (const day of ["2026-11-18", BEFORE, DAY] as const) await put(two, 1, TOMATOES, day)
      await put(two, 1, HERBS)
      await opened.store.deliver("farm", deliveryOf(MORNING, { revision: 1, day: BEFORE }))
      await using tables = await opened.openTables()
      const names = new Map((await allSites(tables)).map(({ id, site }) => [id, site]))
      const told = async (read: typeof countedContents) =>
        Object.fromEntries(
          [...(await read(tables))].map(([id, { days, firstDay, lastDay, readings, bytes }]) => {
            expect(bytes / readings).toBeWithin(20, 100)
            return [names.get(id), [days, firstDay, lastDay, readings]]
          }),
        )
      const farm = [1, BEFORE, BEFORE, 1]
      expect(await told(countedContents)).toEqual({ [SITE]: [3, "2026-11-18", DAY, 8], farm })
      expect(await told(estimatedContents)).toEqual({ [SITE]: [3, "2026-11-18", DAY, 12], farm })
    })

    test("rows() gives them by day, device and time", async () => {
      await put(MORNING, 1, HERBS)
      await put("08:00 - -1.5 - 41.2%\n09:00 - 20 - 30%\n", 1)
      await put(MORNING, 1, TOMATOES, BEFORE)
      const found = await rows(ALL)
      expect(found.map(({ day, address, time }) => [day, address, time])).toEqual([
        [BEFORE, TOMATOES, "08:00"],
        [DAY, TOMATOES, "08:00"],
        [DAY, TOMATOES, "09:00"],
        [DAY, HERBS, "08:00"],
      ])
      expect(found[1]).toEqual({
        site: SITE,
        address: TOMATOES,
        day: DAY,
        time: "08:00",
        zone: TIME_ZONE,
        temperature: -1.5,
        humidity: 41.2,
      })
    })

    test("rows() keeps to the days, the device and the site that are asked for", async () => {
      for (const day of ["2026-11-18", BEFORE, DAY] as const) {
        await Promise.all([put(MORNING, 1, TOMATOES, day), put(MORNING, 1, HERBS, day)])
      }
      const daysOf = async (selection: Selection) => (await rows(selection)).map(({ day }) => day)
      expect(await daysOf({ ...ALL, device: HERBS })).toEqual(["2026-11-18", BEFORE, DAY])
      expect(await daysOf({ ...ALL, device: HERBS, from: "2026-11-19", to: BEFORE })).toEqual([BEFORE])
      expect(await daysOf({ ...ALL, device: HERBS, from: DAY, to: DAY })).toEqual([DAY])
      expect(await daysOf({ ...ALL, device: HERBS, from: DAY, to: BEFORE })).toEqual([])
      expect(await daysOf({ ...ALL, device: HERBS + 1 })).toEqual([])
      expect(await daysOf({ ...ALL, from: "2026-11-19" })).toEqual([BEFORE, BEFORE, DAY, DAY])
      expect(await daysOf({ ...ALL, site: "elsewhere" })).toEqual([])
    })

    test("rows() shows what was added, and the hour that comes twice, in the order of the day", async () => {
      await put("02:15 - 1 - 1%\n02:45 - 2 - 2%\n02:15 - 3 - 3%\n", 1, TOMATOES, CHANGE)
      await addText("02:15 - 9 - 9%\n02:30 - 4 - 4%\n02:20 - 5 - 5%\n", CHANGE)
      await addText("09:00 - 21 - 31%\n")
      expect((await rows(ALL)).map(({ temperature }) => temperature)).toEqual([1, 4, 2, 3, 5, 21])
    })

    test("pages() holds one long survey, and more and more short ones up to 500", async () => {
      await put(LONG, 1, TOMATOES)
      await put(LONG, 1, HERBS)
      const first = HERBS + 1
      await Promise.all(Array.from({ length: 1201 }, (_, at) => put(MORNING, 1, first + at)))
      const found = await pages()
      expect(found.map((page) => page.length)).toEqual([1, 1, 1, 4, 16, 64, 256, 500, 360])
      expect(found.flat().map(({ address }) => address)).toEqual(Array.from({ length: 1203 }, (_, at) => TOMATOES + at))
    })

    test("pages() ends one before a long survey among short ones, and stays near 64 KiB of readings", async () => {
      const texts = [...Array(60).fill(MORNING), LONG, LONG, MORNING, LONG, ...Array(60).fill(LONG.slice(0, 30_000))]
      await Promise.all(texts.map((text, at) => put(text, 1, TOMATOES + at)))
      const found = await pages()
      const lengthsOf = found.map((page) => page.map(({ readings }) => JSON.stringify(readings).length))
      const isTooMuch = (lengths: readonly number[]) =>
        lengths.length > 1 && lengths.reduce((sum, length) => sum + length, 0) > 512 * 1024
      expect(lengthsOf.filter(isTooMuch)).toEqual([])
      expect(lengthsOf.filter((lengths) => lengths.some((length) => length > 1_000_000))).toHaveLength(3)
      expect(found.flat().map(({ address }) => address)).toEqual(texts.map((_, at) => TOMATOES + at))
    })

    test("pages() that nobody reads to their end leave the reader as it was", async () => {
      await put(MORNING, 1)
      await put(MORNING, 1, TOMATOES, BEFORE)
      await read(async (reader) => {
        for await (const [survey] of reader.pages(ALL)) {
          expect(survey?.day).toBe(BEFORE)
          break
        }
        expect(await reader.days(SITE)).toEqual([BEFORE, DAY])
      })
    })

    test("devices() are those of the description, days() those with surveys, countReadings() tells of one", async () => {
      await put("08:00 - 1 - 1%\n09:00 - 2 - 2%\n", 1, TOMATOES, BEFORE)
      await put(MORNING, 1)
      await put("", 1, HERBS)
      await read(async (reader) => {
        expect(await reader.devices(SITE)).toEqual([TOMATOES, HERBS].map((ip) => ({ first: ip, last: ip })))
        expect(await reader.devices("elsewhere")).toEqual([])
        expect(await reader.days(SITE)).toEqual([BEFORE, DAY])
        expect(await reader.days(SITE, DAY)).toEqual([DAY])
        expect(await reader.days("elsewhere")).toEqual([])
        const count = (address: number, day = DAY) => reader.countReadings(SITE, day, address)
        expect(await count(TOMATOES, BEFORE)).toBe(2)
        expect(await count(TOMATOES)).toBe(1)
        expect(await count(HERBS)).toBe(0)
        expect(await count(HERBS + 1)).toBeUndefined()
      })
    })

    test("firstDay(), lastDay() and sites() tell what there is, text that came alone included", async () => {
      const look = () =>
        read(async (reader) => [await reader.sites(), await reader.firstDay(SITE), await reader.lastDay(SITE)])
      expect(await look()).toEqual([[SITE], undefined, undefined])
      await put(MORNING, 1, TOMATOES, BEFORE)
      await addText(MORNING)
      expect(await look()).toEqual([[SITE], BEFORE, DAY])
    })

    test("lastDay() of a device is the latest of which it has a reading", async () => {
      const look = () => read((reader) => reader.lastDay(SITE, TOMATOES))
      await put(MORNING, 1, HERBS)
      expect(await look()).toBeUndefined()
      await put(MORNING, 1, TOMATOES, BEFORE)
      await put("", 1, TOMATOES)
      expect(await look()).toBe(BEFORE)
    })

    test("name() is what a device was called last, in ranges and in none, and names() are all of them", async () => {
      await describeSite([{ ip: "10.0.0.2-10.0.0.5", name: "bed {ip}" }, { ip: "10.0.0.9" }])
      const addresses = ["10.0.0.1", "10.0.0.3", "10.0.0.5", "10.0.0.6", "192.168.1.2"].map(
        (ip) => parseAddress(ip) ?? 0,
      )
      await read(async (reader) => {
        const named = await Promise.all(addresses.map((address) => reader.name(SITE, address)))
        expect(named).toEqual([undefined, "bed 10.0.0.3", "bed 10.0.0.5", undefined, "tomatoes"])
        expect(await reader.name("elsewhere", TOMATOES)).toBeUndefined()
        expect((await reader.names(SITE)).map((range) => range.name)).toEqual(["bed {ip}", "tomatoes"])
      })
    })
  })
}
