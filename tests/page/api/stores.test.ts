// Where there is little to read, or nothing.
import { expect, test } from "bun:test"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { SITE } from "../../cloud/fixtures"
import { PageBench } from "./fixture"

const TABLES = ["readings", "days", "devices"]

test("a store that is empty gives empty tables", async () => {
  using page = new PageBench()
  expect(await page.rows("/api/readings")).toEqual([])
  expect(await page.rows("/api/days?last=2w&device=herbs")).toEqual([])
  expect(await (await page.get("/api/readings.csv")).text()).toBe(
    "site,device,day,time,temperature,humidity,timestamp,name\n",
  )
  expect(await (await page.get("/api/days.jsonl")).text()).toBe("")
  expect(await page.rows("/api/devices")).toMatchObject([
    { site: SITE, device: "192.168.1.2", name: "tomatoes", lastDay: null, readings: 0 },
    { device: "192.168.1.3" },
  ])
})

test("a site's name that nobody has gets into no header", async () => {
  using page = new PageBench()
  const site = encodeURIComponent('<b>"\r\nX: 1')
  for (const table of TABLES) {
    const { status, headers } = await page.get(`/api/${table}?site=${site}`)
    expect([status, headers.get("x")]).toEqual([200, null])
    expect(headers.get("content-disposition")).toMatch(/filename="[\w.-]+"$/)
  }
})

test("where there is no store, its readings are on another host", async () => {
  using page = new PageBench({ store: "none.db" })
  for (const table of TABLES) {
    const reason = `Nothing is stored on this host: ${page.bench.folder}/none.db is not there`
    expect(await page.said(`/api/${table}`)).toBe(`404 ${reason}\n`)
  }
  expect(await page.said("/api/status")).toBe("200 null\n")
})

test("a store that cannot be read is 503 with the reason", async () => {
  using page = new PageBench({ store: "text.db" })
  writeFileSync(join(page.bench.folder, "text.db"), "no database at all, but text in its place, and more of it")
  for (const table of [...TABLES, "status"]) {
    expect(await page.said(`/api/${table}`)).toStartWith(`503 ${page.bench.folder}/text.db`)
  }
})

test("what is not there is 404", async () => {
  using page = new PageBench()
  for (const path of ["/api/", "/api/readings/x", "/api/toString", "/api/readings.", "/api/statusx"]) {
    expect(await page.said(path)).toBe("404 Nothing here\n")
  }
})

test("/api/status is the document of status --json", async () => {
  using page = new PageBench()
  await page.describe(SITE)
  const response = await page.get("/api/status")
  expect(response.headers.get("content-type")).toBe("application/json")
  expect<unknown>(await response.json()).toEqual(JSON.parse(JSON.stringify((await page.views.status()).status)))
})
