// `/api/readings` and `/api/days`.
import { afterAll, beforeAll, describe, expect, test } from "bun:test"
import { addDays, type Day, dayOf } from "../../../src/survey/calendar"
import { DAY, HERBS, MORNING, SITE, TIME_ZONE, TOMATOES } from "../../cloud/fixtures"
import { PageBench, secondly } from "./fixture"

const BEFORE: Day = "2026-11-20"
const CHANGE: Day = "2026-10-25"
const SPRING: Day = "2026-03-29"
const LEMONS = TOMATOES + 7
const FORMATS = ["json", "jsonl", "csv", "csv-semicolon", "parquet"]

const CASES = ["<script>alert(1)</script>", '"; DROP TABLE surveys; --', "\u202egnp.exe", "🌱".repeat(64), "=1+1"]

let page: PageBench
beforeAll(async () => {
  page = new PageBench()
  await page.describe(SITE, { ip: "192.168.1.2", name: "old" }, { ip: "192.168.1.9", name: "lemons" })
  await page.describe("farm", { ip: "192.168.1.2", name: "barley" }, { ip: "192.168.1.20" })
  await page.put(`${MORNING}12:00 - 25 - 33.25%\n`, TOMATOES, BEFORE)
  await page.put(MORNING)
  await page.put(MORNING, HERBS)
  await page.put(MORNING, LEMONS)
  await page.put("", HERBS, BEFORE)
  await page.put("02:15 - 1 - 1%\n02:15 - 3 - 1%\n03:00 - 5 - 1%\n", TOMATOES, CHANGE)
  await page.put("01:59 - 1 - 1%\n03:00 - 2 - 2%\n", TOMATOES, SPRING)
  await page.bench.put(MORNING, 1, TOMATOES, DAY, "farm")
})
afterAll(() => page[Symbol.dispose]())

interface Row {
  device: string
  day: string
  time: string
  name: string
}

const devicesOf = async (path: string) => (await page.rows<Row>(path)).map(({ device, day }) => [device, day])

describe("/api/readings", () => {
  test("is a row a reading, of the last day that is stored, unless told", async () => {
    const row = { site: SITE, day: DAY, time: "08:00", temperature: 20, humidity: 30 }
    const timestamp = `${DAY}T08:00:00+01:00`
    expect(await page.rows("/api/readings")).toEqual([
      { ...row, device: "192.168.1.2", timestamp, name: "tomatoes" },
      { ...row, device: "192.168.1.3", timestamp, name: "herbs" },
      { ...row, device: "192.168.1.9", timestamp, name: "lemons" },
    ])
  })

  test("takes the days, devices and sites that the command takes", async () => {
    expect(await devicesOf(`/api/readings?from=${BEFORE}&device=tomatoes`)).toEqual([
      ["192.168.1.2", BEFORE],
      ["192.168.1.2", BEFORE],
      ["192.168.1.2", DAY],
    ])
    expect(await devicesOf(`/api/readings?from=${BEFORE}&to=${BEFORE}`)).toHaveLength(2)
    expect(await devicesOf(`/api/readings?day=${DAY}&device=192.168.1.3`)).toEqual([["192.168.1.3", DAY]])
    expect(await devicesOf(`/api/readings?device=lemons`)).toEqual([["192.168.1.9", DAY]])
    expect(await page.rows("/api/readings?site=farm&device=barley")).toMatchObject([{ site: "farm", name: "barley" }])
    expect(await devicesOf("/api/readings?to=2001-01-01")).toEqual([])
  })

  test("takes last=14d as the days before today", async () => {
    const yesterday = addDays(dayOf(Date.now(), TIME_ZONE), -1)
    using own = new PageBench()
    await own.describe(SITE)
    await own.put(MORNING, TOMATOES, addDays(yesterday, -13))
    await own.put(MORNING, TOMATOES, addDays(yesterday, -14))
    expect((await own.rows<Row>("/api/readings?last=14d")).map(({ day }) => day)).toEqual([addDays(yesterday, -13)])
  })

  test("tells the two passes of an hour apart, and the hour behind one that was skipped", async () => {
    const times = async (day: Day) => (await page.rows<Row & { timestamp: string }>(`/api/readings?day=${day}`)) ?? []
    expect((await times(CHANGE)).map(({ time, timestamp }) => [time, timestamp.slice(11)])).toEqual([
      ["02:15", "02:15:00+02:00"],
      ["02:15+01:00", "02:15:00+01:00"],
      ["03:00", "03:00:00+01:00"],
    ])
    expect((await times(SPRING)).map(({ timestamp }) => timestamp.slice(11))).toEqual([
      "01:59:00+01:00",
      "03:00:00+02:00",
    ])
  })

  test("is nothing of a device without readings", async () => {
    expect(await devicesOf(`/api/readings?day=${BEFORE}&device=herbs`)).toEqual([])
  })
})

describe("/api/days", () => {
  test("is a row a device and day, without those that have no readings", async () => {
    const days = await page.rows(`/api/days?from=${BEFORE}&to=${BEFORE}`)
    expect(days).toEqual([
      {
        ...{ site: SITE, device: "192.168.1.2", day: BEFORE, readings: 2, name: "tomatoes" },
        temperature: { min: 20, mean: 22.5, max: 25 },
        humidity: { min: 30, mean: 31.63, max: 33.25 },
      },
    ])
    expect(await devicesOf(`/api/days?from=${BEFORE}&device=tomatoes`)).toEqual([
      ["192.168.1.2", BEFORE],
      ["192.168.1.2", DAY],
    ])
  })

  test("has a day of 100,000 readings in one row, and all of them where they are asked for", async () => {
    using own = new PageBench()
    await own.describe(SITE)
    await own.put(secondly(86_400))
    await own.put(secondly(13_600), HERBS)
    const days = await own.rows<{ readings: number }>("/api/days")
    expect(days.map(({ readings }) => readings)).toEqual([86_400, 13_600])
    const lines = (await (await own.get("/api/readings.csv")).text()).split("\n")
    expect(lines.length).toBe(100_000 + 2)
    expect(lines.at(-2)).toStartWith("greenhouse,192.168.1.3,2026-11-21,03:46:39,")
  })
})

test("both are named in their words where a parameter is wrong", async () => {
  for (const table of ["readings", "days"]) {
    const said = (query: string) => page.said(`/api/${table}?${query}`)
    expect(await said("last=48h")).toBe("400 last is whole days or weeks, as 7d or 2w: it is 48h\n")
    expect(await said(`last=7d&day=${DAY}`)).toBe("400 last says which days: leave out day, from and to\n")
    expect(await said(`day=${DAY}&to=${DAY}`)).toBe("400 day is one day: leave out from and to\n")
    expect(await said(`from=${DAY}&to=${BEFORE}`)).toBe(`400 to is before from: ${BEFORE} is before ${DAY}\n`)
    expect(await said("from=2026-02-30")).toBe("400 There is no day 2026-02-30\n")
    expect(await said("frm=2026-02-30")).toBe("400 frm is not a parameter, did you mean from?\n")
    expect(await said("x=1")).toBe("400 x is not a parameter: known are site, device, day, from, to, last, format\n")
    expect(await said("toString=1")).toStartWith("400 toString is not a parameter")
    expect(await said("device=")).toBe("400 device needs a value\n")
    expect(await said("device=a&device=b")).toBe("400 device stands twice\n")
    expect(await said("format=xml")).toBe("400 format is json, jsonl, csv, csv-semicolon, parquet: it is xml\n")
    expect(await said("format=cvs")).toEndWith("it is cvs, did you mean csv?\n")
  }
  expect(await page.said("/api/readings.csv?format=csv")).toBe("400 format stands twice: leave out format, or .csv\n")
  expect(await page.said("/api/readings.xml")).toStartWith("400 format is json")
})

test("both say that a site or a device is not there, and which was meant", async () => {
  for (const table of ["readings", "days"]) {
    const said = (query: string) => page.said(`/api/${table}?${query}`)
    expect(await said("site=barn")).toBe("404 barn is not a site of this store, which has farm, greenhouse\n")
    expect(await said("device=herb")).toBe(
      "404 device herb is neither an address nor a name in greenhouse, did you mean herbs?\n",
    )
    expect(await said("device=herbs&site=farm")).toBe(
      "404 device herbs is neither an address nor a name in farm: known are barley\n",
    )
    expect(await said("device=192.168.1.77")).toBe(
      "404 device 192.168.1.77 is not known in greenhouse, and nothing of it is stored\n",
    )
    expect(await said("device=192.168.1.20&site=farm")).toBe("200 [\n\n]\n") // it is described
    expect(await said(`device=${encodeURIComponent("a\u001b[2Jb\u202ec")}`)).toContain("a\\u001b[2Jb\\u202ec")
  }
})

test.each(FORMATS)("%s has a media type and a telling file name", async (format) => {
  const { headers } = await page.get(`/api/readings?format=${format}&day=${DAY}&device=herbs`)
  const extension = format === "csv-semicolon" ? "csv" : format
  expect(headers.get("content-disposition")).toBe(
    `${format === "json" ? "inline" : "attachment"}; filename="greenhouse-192.168.1.3-readings-${DAY}.${extension}"`,
  )
  expect(headers.get("content-type")).toMatch(/^(text\/csv; charset=utf-8|application\/)/)
  expect(headers.get("x-content-type-options")).toBe("nosniff")
})

test("a file's name tells the days, the format's end stands for the parameter", async () => {
  const nameOf = async (path: string) => (await page.get(path)).headers.get("content-disposition")?.split("=")[1]
  expect(await nameOf(`/api/days.csv?from=${BEFORE}&to=${DAY}`)).toBe(`"greenhouse-days-${BEFORE}-to-${DAY}.csv"`)
  expect(await nameOf(`/api/days.parquet?to=${DAY}`)).toBe(`"greenhouse-days-to-${DAY}.parquet"`)
  expect(await nameOf(`/api/days.jsonl?from=${DAY}`)).toBe(`"greenhouse-days-${DAY}.jsonl"`)
})

test.each(
  CASES,
)("the name %j goes through every format as it is, and comes out of none as anything else", async (name) => {
  using own = new PageBench({ devices: "devices:\n  - { ip: 192.168.1.2, name: x }\n" })
  await own.describe(SITE, { ip: "192.168.1.3", name })
  await own.put(MORNING, HERBS)
  expect(await own.rows("/api/readings")).toMatchObject([{ name }])
  const query = `device=${encodeURIComponent(name)}`
  expect(await own.rows(`/api/days?${query}`)).toMatchObject([{ name }])
  const csv = await own.get(`/api/readings.csv?${query}`)
  expect([...csv.headers.values()].join("")).not.toContain(name)
  // with an apostrophe before what a spreadsheet would run
  expect((await csv.text()).replaceAll("'", "")).toContain(name.replaceAll('"', '""'))
  const [line = ""] = (await (await own.get("/api/readings.jsonl")).text()).split("\n")
  expect(JSON.parse(line).name).toBe(name)
})
