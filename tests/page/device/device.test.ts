import { expect, test } from "bun:test"
import { escapeHtml } from "../../../src/page/markup/html"
import { addDays } from "../../../src/survey/calendar"
import { DAY, Farm, HERBS, MORNING, TOMATOES } from "./fixture"

const SAMPLE = "08:00 - 20 - 30%\n12:00 - 25 - 33%\n16:00 - -1.5 - 32%\n20:00 - 21 - 28%\n"

test("a device's page tells its last reading, by its name and by its address", async () => {
  using farm = await Farm.make()
  await farm.put(DAY, SAMPLE)
  for (const path of ["/devices/tomatoes", "/devices/192.168.1.2"]) {
    const text = await farm.text(path)
    expect(text).toContain("tomatoes 192.168.1.2")
    expect(text).toContain("28 % soil humidity and 21 °C at 20:00 on Saturday 21 November 2026, its last reading.")
  }
})

test("a device's page has the choice of spans, and marks the one that is shown", async () => {
  using farm = await Farm.make()
  await farm.put(DAY, SAMPLE)
  expect(await farm.text("/devices/tomatoes")).toContain("1 day 7 days 14 days 30 days 90 days 365 days")
  expect((await farm.page("/devices/tomatoes")).body).toContain('<a href="?days=14" aria-current="page">')
  expect((await farm.page("/devices/tomatoes?days=90")).body).toContain('<a href="?days=90" aria-current="page">')
})

test("a span that is none of the choices is refused with them", async () => {
  using farm = await Farm.make()
  for (const days of ["0", "15", "-7", "1e9", "x", ""]) {
    const { status, body } = await farm.page(`/devices/tomatoes?days=${days}`)
    expect([days, status]).toEqual([days, 400])
    expect(body).toContain("days is one of 1, 7, 14, 30, 90, 365")
  }
})

test("a day's row has the least, the mean and the most, and a day with nothing says so", async () => {
  using farm = await Farm.make()
  await farm.put(DAY, SAMPLE)
  await farm.put(addDays(DAY, -2), MORNING)
  const text = await farm.text("/devices/tomatoes?days=7")
  expect(text).toContain(
    "Sat 21 Nov −1.5 16.1 25 28 30.8 33 4 Fri 20 Nov no readings Thu 19 Nov 20 20.0 20 30 30.0 30 1",
  )
})

test("a day's row is where the overview's link to it leads", async () => {
  using farm = await Farm.make()
  await farm.put(DAY, SAMPLE)
  expect((await farm.page("/devices/tomatoes")).body).toContain(`<tr id="${DAY}"><th scope="row">Sat 21 Nov</th>`)
})

test("the hours' map has each hour's mean, in a shade and as a number", async () => {
  using farm = await Farm.make()
  await farm.put(DAY, "08:00 - 20 - 30%\n08:30 - 20 - 31%\n20:00 - 21 - 60%\n")
  const { body } = await farm.page("/devices/tomatoes?days=1")
  expect(body).toContain('<td class="h0" title="Sat 21 Nov, 08:00: 30.5 %">31</td>')
  expect(body).toContain('<td class="h7" title="Sat 21 Nov, 20:00: 60.0 %">60</td>')
})

test("the hours' map has a row a week of many days", async () => {
  using farm = await Farm.make()
  await farm.put(DAY, "08:00 - 20 - 30%\n")
  await farm.put(addDays(DAY, -1), "08:00 - 20 - 40%\n")
  await farm.put(addDays(DAY, -60), "12:00 - 20 - 40%\n")
  const { body } = await farm.page("/devices/tomatoes?days=90")
  expect(body).toContain('title="15 to 21 Nov, 08:00: 35.0 %">35</td>')
})

test("a device's page links the readings of its span in each format", async () => {
  using farm = await Farm.make()
  for (const day of [addDays(DAY, -30), DAY]) await farm.put(day, SAMPLE)
  const { body } = await farm.page("/devices/tomatoes?days=7")
  const queries = [...body.matchAll(/href="\/api\/readings\?([^"]+)"/g)].map(([, query = ""]) => query)
  const readings = "site=greenhouse&amp;device=192.168.1.2&amp;from=2026-11-15&amp;to=2026-11-21"
  expect(queries).toEqual(
    ["csv", "csv-semicolon", "json", "parquet"].map((format) => `${readings}&amp;format=${format}`),
  )
  for (const query of queries) {
    const { status } = await farm.response(`/api/readings?${query.replaceAll("&amp;", "&")}`)
    expect([query, status]).toEqual([query, 200])
  }
})

test("the span ends with the last day of the site, so that a device's silence is seen", async () => {
  using farm = await Farm.make()
  await farm.put(addDays(DAY, -3), MORNING)
  await farm.put(DAY, MORNING, { address: HERBS })
  expect(await farm.text("/devices/tomatoes?days=7")).toContain("Sat 21 Nov no readings Fri 20 Nov no readings")
})

test("the span of a device that was silent through all of it ends with its own last day", async () => {
  using farm = await Farm.make()
  for (const ago of [-120, -100]) await farm.put(addDays(DAY, ago), MORNING)
  await farm.put(DAY, MORNING, { address: HERBS })
  const text = await farm.text("/devices/tomatoes?days=7")
  expect(text).toContain("7 to 13 Aug 2026")
  expect(text).toContain("at 08:00 on Thursday 13 August 2026")
})

test("the span begins with the first day of the site at the earliest", async () => {
  using farm = await Farm.make()
  await farm.put(addDays(DAY, -2), MORNING, { address: HERBS })
  await farm.put(DAY, MORNING)
  expect(await farm.text("/devices/tomatoes?days=365")).toContain("19 to 21 Nov 2026")
})

test("a device without readings has a page that says so", async () => {
  using farm = await Farm.make()
  await farm.put(DAY, MORNING)
  expect(await farm.text("/devices/herbs")).toBe("herbs 192.168.1.3 No reading so far.")
})

test("a survey without readings is no reading", async () => {
  using farm = await Farm.make()
  await farm.put(DAY, "")
  expect(await farm.text("/devices/tomatoes")).toContain("No reading so far.")
  await farm.put(addDays(DAY, -1), MORNING)
  farm.changed()
  expect(await farm.text("/devices/tomatoes")).toContain("on Friday 20 November 2026, its last reading.")
})

test("a device's page stands with an empty store, and with none at all", async () => {
  using farm = await Farm.make()
  expect(await farm.text("/devices/tomatoes")).toContain("No reading so far.")
  using gateway = await Farm.make({ store: "nowhere.db" })
  expect(await gateway.text("/devices/tomatoes")).toContain("nothing is stored on this host")
  expect((await gateway.page("/devices/nobody")).status).toBe(404)
  expect((await gateway.page("/devices/tomatoes/series.json")).status).toBe(404)
})

test("a store that cannot be read says why", async () => {
  using farm = await Farm.make({ store: "other.db" })
  await Bun.write(farm.views.topology.cloud.store, "this is no database, and it never was one".repeat(100))
  const { status, body } = await farm.page("/devices/tomatoes")
  expect(status).toBe(503)
  expect(body).toContain("other.db")
})

test("a device that left topology.yaml keeps its page and its name", async () => {
  using farm = await Farm.make({ devices: ["{ ip: 192.168.1.3, name: herbs }"] })
  await farm.put(DAY, MORNING)
  for (const path of ["/devices/tomatoes", "/devices/192.168.1.2"]) {
    expect(await farm.text(path)).toContain("tomatoes 192.168.1.2 30 % soil humidity")
    expect(await farm.text(path)).toContain("It is not in topology.yaml any more.")
  }
  expect(await farm.text("/devices/herbs")).not.toContain("any more")
})

test("a name that topology.yaml gives anew is the new device's", async () => {
  using farm = await Farm.make({ devices: ["{ ip: 192.168.1.9, name: tomatoes }"] })
  await farm.put(DAY, MORNING)
  expect(await farm.text("/devices/tomatoes")).toContain("tomatoes 192.168.1.9 No reading so far.")
})

test("a name that several devices have lists them", async () => {
  using farm = await Farm.make({
    devices: ["{ ip: 192.168.1.2-192.168.1.3, name: bed }", "{ ip: 192.168.1.9, name: bed }"],
  })
  const { status, body } = await farm.page("/devices/bed")
  expect(status).toBe(200)
  expect([...body.matchAll(/href="([^"]+)"/g)].map(([, href]) => href)).toEqual([
    "/devices/192.168.1.2",
    "/devices/192.168.1.3",
    "/devices/192.168.1.9",
  ])
})

test("a fleet's one name lists the first hundred and says how many more there are", async () => {
  using farm = await Farm.make({
    devices: ["{ ip: 192.168.1.2-192.168.1.201, name: bed }", "{ ip: 192.168.1.202, name: 'b{ip}' }"],
  })
  expect(await farm.text("/devices/bed")).toContain("192.168.1.101 and 100 more")
  expect(await farm.text("/devices/b192.168.1.202")).toContain("b192.168.1.202 192.168.1.202")
})

test("an unknown device is not found, and the one that was meant is named", async () => {
  using farm = await Farm.make()
  await farm.put(DAY, MORNING)
  const { status, body } = await farm.page("/devices/tomatos")
  expect(status).toBe(404)
  expect(body).toContain("There is no device tomatos in greenhouse, did you mean tomatoes?")
  expect((await farm.page("/devices/192.168.1.77")).status).toBe(404)
  expect((await farm.page("/devices/%")).status).toBe(400)
})

test("another site's device is found by ?site=, and its links keep it", async () => {
  using farm = await Farm.make()
  await farm.put(DAY, SAMPLE, { site: "farm b" })
  await farm.put(DAY, MORNING)
  const { body } = await farm.page("/devices/tomatoes?site=farm+b")
  expect(body).toContain("<strong>28 %</strong>")
  expect(body).toContain('href="?days=7&amp;site=farm+b"')
  expect(body).toContain('data-series="/devices/192.168.1.2/series.json?days=14&amp;site=farm+b"')
  expect(body).toContain("/api/readings?site=farm+b&amp;")
  const { status, body: none } = await farm.page("/devices/tomatoes?site=farm+c")
  expect(status).toBe(404)
  expect(none).toContain("There is no site farm c here, did you mean farm b?")
})

const HOSTILE = [
  "<script>alert(1)</script>",
  `"onmouseover="alert(1)`,
  "' or 1=1 --",
  "\u202eseotamot\u2066",
  "🍅".repeat(64),
  "a/b?c#d%20&amp;",
  "..",
  "{ip}}{",
]

test.each(HOSTILE)("a name is text wherever it stands: %s", async (name) => {
  using farm = await Farm.make({ devices: [`{ ip: 192.168.1.7, name: ${JSON.stringify(name)} }`] })
  await farm.put(DAY, MORNING, { address: TOMATOES + 5 })
  const path = name === ".." ? "192.168.1.7" : encodeURIComponent(name.replace("{ip}", "192.168.1.7"))
  const response = await farm.response(`/devices/${path}`)
  expect(response.status).toBe(200)
  const heading: string[] = []
  let attributes = ""
  await new HTMLRewriter()
    .on("h1 bdi", { text: ({ text }) => void heading.push(text) })
    .on("script", { element: (element) => void expect(element.getAttribute("src")).toStartWith("/assets/") })
    .on("*", {
      element: (element) => {
        for (const [key] of element.attributes) attributes += ` ${key}`
      },
    })
    .transform(response)
    .text()
  expect(heading.join("")).toBe(escapeHtml(name.replace("{ip}", "192.168.1.7")))
  expect(attributes).not.toMatch(/ (on\w+|style)\b/)
})

test("answer() gives pages, refusals and series their status, their type and their policy", async () => {
  using farm = await Farm.make()
  await farm.put(DAY, MORNING)
  for (const [path, status, type] of [
    ["/devices/tomatoes", 200, "text/html; charset=utf-8"],
    ["/devices/nobody", 404, "text/html; charset=utf-8"],
    ["/devices/tomatoes/series.json", 200, "application/json"],
  ] as const) {
    const response = await farm.response(path)
    expect([path, response.status, response.headers.get("content-type")]).toEqual([path, status, type])
    expect(response.headers.get("content-security-policy")).not.toContain("unsafe")
  }
})

test("a device's page with all that it loads is less than 60 kB on the line", async () => {
  using farm = await Farm.make()
  const hours = Array.from(
    { length: 24 },
    (_, hour) => `${String(hour).padStart(2, "0")}:00 - ${hour}.25 - ${hour + 30}.5%\n`,
  )
  for (let ago = 0; ago < 14; ago++) await farm.put(addDays(DAY, -ago), hours.join(""))
  const loaded = ["/devices/tomatoes", "/devices/192.168.1.2/series.json?days=14"]
  for (const asset of ["plot.js", "style.css", "client.js", "icon.svg"]) loaded.push(`/assets/${asset}`)
  let bytes = 0
  for (const path of loaded) {
    const response = await farm.response(path, { "Accept-Encoding": "gzip, br" })
    expect([path, response.headers.get("content-encoding")]).toEqual([path, "gzip"])
    bytes += (await response.arrayBuffer()).byteLength
  }
  expect(bytes).toBeLessThan(60_000)
})

test("what has come since is shown when something has changed", async () => {
  using farm = await Farm.make()
  await farm.put(DAY, MORNING)
  expect(await farm.text("/devices/tomatoes")).toContain("Saturday 21 November")
  await farm.put(addDays(DAY, 1), MORNING)
  farm.changed()
  expect(await farm.text("/devices/tomatoes")).toContain("Sunday 22 November")
})
