// `/api/devices`.
import { expect, test } from "bun:test"
import type { Day } from "../../../src/survey/calendar"
import { formatAddress } from "../../../src/topology/address"
import { DAY, HERBS, MORNING, SITE, TOMATOES } from "../../cloud/fixtures"
import { PageBench } from "./fixture"

const BEFORE: Day = "2026-11-20"
const FLEET = `devices:\n  - { ip: 192.168.1.2-192.168.1.251, name: "pot {ip}" }\n`

interface Row {
  device: string
  lastDay: string | null
}

test("has those that are declared, that the gateway described and that had a name, with their last day", async () => {
  using page = new PageBench()
  await page.describe(SITE, { ip: "192.168.1.9", name: "lemons" })
  await page.describe(SITE, { ip: "192.168.1.7" })
  await page.put(`${MORNING}09:00 - 1 - 1%\n`, TOMATOES, BEFORE)
  await page.put(MORNING, HERBS)
  await page.put(MORNING, HERBS, BEFORE)
  expect(await page.rows("/api/devices")).toEqual([
    { site: SITE, device: "192.168.1.2", name: "tomatoes", lastDay: BEFORE, readings: 2 },
    { site: SITE, device: "192.168.1.3", name: "herbs", lastDay: DAY, readings: 1 },
    { site: SITE, device: "192.168.1.7", name: null, lastDay: null, readings: 0 },
    { site: SITE, device: "192.168.1.9", name: "lemons", lastDay: null, readings: 0 },
  ])
})

test("takes another site, whose devices are those that it described", async () => {
  using page = new PageBench()
  await page.describe("farm", { ip: "192.168.1.2-192.168.1.3", name: "row" })
  expect(await page.rows("/api/devices?site=farm")).toMatchObject([
    { site: "farm", device: "192.168.1.2", name: "row" },
    { site: "farm", device: "192.168.1.3", name: "row" },
  ])
  expect(await page.said("/api/devices")).toBe("404 greenhouse is not a site of this store, which has farm\n")
})

test("comes in pages, each with the next one's address, of a fleet whole and once", async () => {
  using page = new PageBench({ devices: FLEET })
  await page.describe(SITE)
  const seen: string[] = []
  let next: string | undefined = "/api/devices?limit=100"
  const sizes: number[] = []
  while (next) {
    const response = await page.get(next)
    const rows = (await response.json()) as Row[]
    sizes.push(rows.length)
    seen.push(...rows.map(({ device }) => device))
    next = /^<(.+)>; rel="next"$/.exec(response.headers.get("link") ?? "")?.[1]
  }
  expect(sizes).toEqual([100, 100, 50])
  expect(seen).toEqual(Array.from({ length: 250 }, (_, at) => formatAddress(TOMATOES + at)))
  const last = await page.get("/api/devices?after=192.168.1.151&limit=100")
  expect([await last.json().then((rows) => (rows as Row[]).length), last.headers.get("link")]).toEqual([100, null])
  expect(await page.rows("/api/devices?after=192.168.1.251")).toEqual([])
})

test("comes in every format, with its columns", async () => {
  using page = new PageBench()
  await page.describe(SITE)
  await page.put(MORNING)
  expect(await (await page.get("/api/devices.csv")).text()).toBe(
    `site,device,name,last_day,readings\ngreenhouse,192.168.1.2,tomatoes,${DAY},1\ngreenhouse,192.168.1.3,herbs,,0\n`,
  )
  expect((await page.get("/api/devices.parquet")).headers.get("content-disposition")).toBe(
    'attachment; filename="greenhouse-devices.parquet"',
  )
})

test.each([
  ["after=x", "after is a device's address, as 192.168.1.2: it is x"],
  ["limit=0", "limit is a whole number from 1 to 10000: it is 0"],
  ["limit=10001", "limit is a whole number from 1 to 10000: it is 10001"],
  ["limit=1.5", "limit is a whole number from 1 to 10000: it is 1.5"],
  ["last=7d", "last is not a parameter: known are site, after, limit, format"],
  ["form=csv", "form is not a parameter, did you mean format?"],
])("says what is wrong with %s", async (query, message) => {
  using page = new PageBench()
  expect(await page.said(`/api/devices?${query}`)).toBe(`400 ${message}\n`)
})
