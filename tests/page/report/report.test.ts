// A report as text: what it has of a store, of a gateway, of a fleet, and of names that mean harm.
import { expect, test } from "bun:test"
import { placeOf } from "../../../src/cloud/store/open"
import { StoreReader } from "../../../src/cloud/store/reader"
import { type ReportAsked, reportOf } from "../../../src/page/report/report"
import { addDays } from "../../../src/survey/calendar"
import type { Topology } from "../../../src/topology/topology"
import { NOW } from "../../cloud/fixtures"
import { MONDAY_AT_SIX, Site } from "../../end-to-end/fixture"
import { DAY, Farm, type FarmOptions, HERBS, MORNING, SITE } from "../device/fixture"

const SAMPLE = "08:00 - 20 - 30%\n12:00 - 25 - 33%\n16:00 - -1.5 - 32%\n20:00 - 21 - 28%\n"
const SUNDAY = "2026-11-22"

async function report(topology: Topology, asked: Partial<ReportAsked> = {}, now = NOW): Promise<string> {
  await using reader = await StoreReader.open(placeOf(topology))
  const span = { from: addDays(DAY, -13), to: DAY }
  return await reportOf({ site: topology.site, devices: undefined, ...span, ...asked }, topology, reader, now)
}

async function farmReport(
  fill: (farm: Farm) => Promise<void>,
  asked?: Partial<ReportAsked>,
  options?: FarmOptions,
): Promise<string> {
  using farm = await Farm.make(options)
  await fill(farm)
  return await report(farm.views.topology, asked)
}

const only = (address: number) => ({ devices: { first: address, last: address } })

/** What is read, one line. */
const readable = (text: string): string =>
  text
    .replace(/<(style|title).*?<\/\1>/gs, "")
    .replace(/<[^>]+>/g, " ")
    .replace(/\s+/g, " ")
    .replace(/ ([.,:])/g, "$1")

test("a report says of what it is, of which days, when it was made, and in which zone", async () => {
  const text = await farmReport((farm) => farm.put(DAY, SAMPLE))
  expect(text).toContain("<title>greenhouse, 8 to 21 Nov 2026</title>")
  expect(readable(text)).toMatch(
    /greenhouse, 8 to 21 Nov 2026 Made on \w+day \d+ November 2026 at \d\d:\d\d\. Times are those of Europe\/Rome\./,
  )
})

test("a report's plots have what each device is watched for", async () => {
  const options = {
    alerts: "{ rules: { dry: 35, frost: 0 } }",
    devices: ["{ ip: 192.168.1.2, rules: { frost: false } }"],
  }
  const text = await farmReport((farm) => farm.put(DAY, SAMPLE), {}, options)
  expect(readable(text)).toContain("right Watched for: dry below 35 %")
  expect(
    [...text.matchAll(/<g class="threshold (\w+)">.*\n<text.*>(.*)<\/text>/g)].map(([, ...found]) => found),
  ).toEqual([["humidity", "dry below 35 %"]])
})

test("a report has each device's last reading, its plot, its weeks and its days", async () => {
  const text = await farmReport(async (farm) => {
    for (const ago of [-13, -5, -3]) await farm.put(addDays(DAY, ago), "08:00 - 20 - 40%\n")
    await farm.put(DAY, SAMPLE)
  })
  const told = readable(text)
  expect(told).toContain("tomatoes 192.168.1.2 28 % soil humidity and 21 °C at 20:00 on Saturday 21 November 2026, its")
  expect(told).toContain("The soil dries:")
  expect(told).toContain("Sat 21 Nov −1.5 16.1 25 28 30.8 33 4 Fri 20 Nov no readings")
  expect(told).toContain("8 to 14 Nov")
  expect(told).toContain("herbs 192.168.1.3 No reading so far.")
  expect(text.match(/<div class="plot"/g)).toHaveLength(1)
})

test("a report's plot has gaps where days have no readings", async () => {
  const text = await farmReport(async (farm) => {
    for (const ago of [-4, -3, 0]) await farm.put(addDays(DAY, ago), MORNING)
  })
  const [, line = ""] = /<path class="temperature" d="([^"]*)"/.exec(text) ?? []
  expect(line.replace(/[^ML]/g, "")).toBe("MLM")
})

test("a report of days in the past calls nothing the last reading that is not", async () => {
  const fill = async (farm: Farm) => {
    for (const ago of [-40, -20, 0]) await farm.put(addDays(DAY, ago), MORNING)
    await farm.put(addDays(DAY, -40), MORNING, { address: HERBS })
  }
  const past = readable(await farmReport(fill, { from: addDays(DAY, -22), to: addDays(DAY, -18) }))
  expect(past).toContain("on Sunday 1 November 2026, the last one of these days.")
  expect(past).toContain(
    "herbs 192.168.1.3 30 % soil humidity and 20 °C at 08:00 on Monday 12 October 2026, its last reading.",
  )
  const silent = readable(await farmReport(fill, { from: addDays(DAY, -10), to: addDays(DAY, -5) }))
  expect(silent).toContain("tomatoes 192.168.1.2 No readings in these days.")
  expect(silent).toContain("herbs 192.168.1.3 No readings in these days; its last ones are of 12 Oct.")
})

test("a report has the sentence and the days of the overview, each a link to what the report has of it", async () => {
  await using site = await Site.collected()
  const text = await report(site.topology, { from: SUNDAY, to: SUNDAY }, MONDAY_AT_SIX)
  expect(readable(text)).toContain(
    "✔ greenhouse, sample data, Sunday 22 November 2026: 2 of 2 devices, delivered The last days Device Sun 22",
  )
  const links = [...text.matchAll(/href="([^"]*)"/g)].map(([, href = ""]) => href)
  expect(links).toEqual(["2", "3"].flatMap((end) => [`#192.168.1.${end}`, `#192.168.1.${end}_${SUNDAY}`]))
  for (const link of links) expect(text).toContain(` id="${link.slice(1)}"`)
  const later = await report(site.topology, { from: "2026-11-23", to: "2026-11-23" }, MONDAY_AT_SIX)
  expect(later).toContain('<span role="img" title="Sunday 22 November 2026: delivered, 4 readings"')
})

test("a report of another site has that one's word and devices, a silent one too", async () => {
  const text = await farmReport(
    async (farm) => {
      await farm.put(DAY, MORNING, { site: SITE })
      await farm.put(DAY, MORNING, { site: "farm-b" })
    },
    { site: "farm-b" },
  )
  const told = readable(text)
  expect(told).toContain("✖ farm-b: no run so far")
  expect(told).toContain("192.168.1.3 No reading so far.")
  expect(told).not.toContain("greenhouse")
})

test("a report keeps a device that left topology.yaml as long as it has readings of it", async () => {
  const devices = ["{ ip: 192.168.1.3, name: herbs }"]
  const told = readable(await farmReport((farm) => farm.put(DAY, MORNING), {}, { devices }))
  expect(told).toContain("tomatoes 192.168.1.2 30 % soil humidity")
  expect(told).toContain("It is not in topology.yaml any more.")
  const later = await farmReport((farm) => farm.put(addDays(DAY, -30), MORNING), {}, { devices })
  expect(later).not.toContain("tomatoes")
})

test("a report has those devices alone that are asked for, and refuses what is none", async () => {
  const fill = (farm: Farm) => farm.put(DAY, MORNING)
  expect(readable(await farmReport(fill, only(HERBS)))).not.toContain("tomatoes")
  const range = { devices: { first: HERBS - 1, last: HERBS + 90 } }
  expect((await farmReport(fill, range)).match(/<section/g)).toHaveLength(2)
  expect(farmReport(fill, only(HERBS + 7))).rejects.toThrow("There is no device 192.168.1.10 in greenhouse")
  const empty = { devices: { first: HERBS + 7, last: HERBS + 9 } }
  expect(farmReport(fill, empty)).rejects.toThrow("There is no device in 192.168.1.10-192.168.1.12")
  const many = { devices: { first: HERBS, last: HERBS + 60 } }
  const fleet = { devices: ["{ ip: 192.168.1.3-192.168.1.200 }"] }
  expect(farmReport(fill, many, fleet)).rejects.toThrow(
    "A report has 50 devices at most: in 192.168.1.3-192.168.1.63 are 61",
  )
})

test("a report of a fleet has its counts and those that owe most days, and says so", async () => {
  const devices = [
    '{ ip: 192.168.1.2-192.168.1.99, name: "bed {ip}", survey: surveys/device1.txt }',
    "{ ip: 192.168.1.200, name: pond, survey: nowhere.txt }",
  ]
  await using site = await Site.collected({ devices })
  const text = await report(site.topology, { from: SUNDAY, to: SUNDAY }, MONDAY_AT_SIX)
  const told = readable(text)
  expect(told).toContain("Sunday 22 November 2026 99 98 0 1 0 98")
  expect(told).toContain("99 devices. Here is the one that owes days. --device has any other one.")
  expect(text.match(/<section/g)).toHaveLength(1)
  expect(told).toContain("pond 192.168.1.200 No reading so far.")
  const one = { from: SUNDAY, to: SUNDAY, ...only(HERBS) } as const
  expect(readable(await report(site.topology, one, MONDAY_AT_SIX))).toContain("bed 192.168.1.3 192.168.1.3 28 %")
})

test.each([
  "</script><script>alert(1)</script></style></title>",
  `"' onload="alert(1)" x='`,
  "&lt;b&gt; <!-- <![CDATA[ --> </section>",
  "🌱".repeat(64),
])("a report stays whole with the name %p", async (name) => {
  const options = { devices: [`{ ip: 192.168.1.2, name: ${JSON.stringify(name)} }`] }
  const fill = (farm: Farm) => farm.put(DAY, SAMPLE)
  const [hostile, plain] = [await farmReport(fill, only(HERBS - 1), options), await farmReport(fill, only(HERBS - 1))]
  const tags = (text: string) => text.match(/<\/?[a-z!][^\s>]*/gi)
  expect(tags(hostile)).toEqual(tags(plain))
  const attributes = (text: string) => [...text.matchAll(/ ([a-z-]+)="[^"]*"/gi)].map(([, attribute]) => attribute)
  expect(attributes(hostile)).toEqual(attributes(plain))
  expect(hostile).toContain(
    `<h2 class="device" id="192.168.1.2"><bdi>${Bun.escapeHTML(name).replaceAll("&#x27;", "&#39;")}</bdi>`,
  )
})

test("a report loads nothing and runs nothing", async () => {
  const text = await farmReport((farm) => farm.put(DAY, SAMPLE))
  expect(text).toContain(`http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"`)
  expect(text).not.toMatch(/<script|<link|<img|<form|<iframe| src=| on\w+=|@import|url\(|href="(?!#)|https?:/)
})
