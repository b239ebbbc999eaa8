// `/metrics`, as Prometheus reads it.
import { describe, expect, test } from "bun:test"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { labelsOf } from "../../../src/page/api/metrics"
import { DAY, HERBS, MORNING, SITE, TOMATOES } from "../../cloud/fixtures"
import { Site } from "../../end-to-end/fixture"
import { PageBench } from "./fixture"

const COUNTS = {
  ...{ uploads: 7, changed: 5, refusedLines: 3, refusedMessages: 2, uploadsPostponed: 1, surveysDelivered: 4 },
  ...{ readingsDelivered: 16, deliveryFailures: 1, runsComplete: 1, runsIncomplete: 0, lastRunMs: 1250 },
}
const PROMTOOL = Bun.which("promtool")

const textOf = async (page: PageBench): Promise<string> => (await page.get("/metrics")).text()

/** By name and labels. */
function samplesOf(text: string): Record<string, number> {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"))
  return Object.fromEntries(
    lines.map((line) => {
      const end = line.lastIndexOf(" ")
      return [line.slice("smart_meter_".length, end), Number(line.slice(end))]
    }),
  )
}

async function close(page: PageBench, site: string, report: object): Promise<void> {
  const whole = {
    scheduledAt: "2026-11-22T05:00:00Z",
    arrived: [],
    late: [],
    missing: [],
    stale: [],
    refused: [],
    ...report,
  }
  page.bench.write(
    "INSERT OR REPLACE INTO collections VALUES ((SELECT id FROM sites WHERE site = ?), ?, 0, NULL, ?, 1)",
    ...[site, DAY, JSON.stringify({ ...whole, reasons: [] })],
  )
}

test("is in the text format 0.0.4, each name with its help and its type, counters ending in _total", async () => {
  using page = new PageBench({ counts: COUNTS })
  await page.describe(SITE)
  const response = await page.get("/metrics")
  expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8")
  const text = await response.text()
  const types = [...text.matchAll(/^# TYPE (\S+) (\w+)$/gm)].map(([, name = "", type]) => [name, type] as const)
  expect(types.filter(([name, type]) => name.endsWith("_total") !== (type === "counter"))).toEqual([])
  expect(types.filter(([name]) => !name.startsWith("smart_meter_"))).toEqual([])
  expect(text.match(/^# HELP /gm)?.length).toBe(types.length)
  expect(text).toEndWith("\n")
})

describe.skipIf(!PROMTOOL)("promtool check metrics", () => {
  test.each([
    ["of nothing", undefined],
    ["of a cloud with a gateway's counts", COUNTS],
  ])("has nothing to complain of: %s", async (_what, counts) => {
    using page = new PageBench({ ...(counts && { counts }) })
    await page.describe(SITE)
    await page.put(MORNING)
    if (counts) await close(page, SITE, { arrived: ["192.168.1.2"] })
    const check = Bun.spawn([PROMTOOL ?? "", "check", "metrics"], { stdin: "pipe", stdout: "pipe", stderr: "pipe" })
    check.stdin.write(await textOf(page))
    await check.stdin.end()
    expect([await check.stderr.text(), await check.exited]).toEqual(["", 0])
  })
})

test("tells of a cloud's sites how their last runs went, and what is stored", async () => {
  using page = new PageBench({ site: "elsewhere" })
  await page.describe(SITE)
  await page.describe("farm")
  await page.bench.put(MORNING, 1, TOMATOES, DAY, SITE)
  await page.bench.put(`${MORNING}09:00 - 1 - 1%\n`, 1, HERBS, DAY, "farm")
  await close(page, SITE, { arrived: ["192.168.1.2"] })
  const absent = { missing: ["192.168.1.4-192.168.1.6"], stale: ["192.168.1.5-192.168.1.6"], refused: ["192.168.1.7"] }
  await close(page, "farm", { arrived: ["192.168.1.2"], late: ["192.168.1.3"], ...absent })
  const samples = samplesOf(await textOf(page))
  const ofSite = (site: string) =>
    Object.fromEntries(
      Object.entries(samples).flatMap(([name, value]) =>
        name.endsWith(`{site="${site}"}`) ? [[name.slice(0, name.indexOf("{")), value]] : [],
      ),
    )
  const begin = Date.parse("2026-11-20T23:00:00Z") / 1000 // of the 21st in Rome
  expect(ofSite(SITE)).toEqual({
    ...{ run_day_timestamp_seconds: begin, run_complete: 1, last_complete_day_timestamp_seconds: begin },
    ...{ devices_expected: 1, devices_arrived: 1, devices_late: 0, devices_missing: 0, devices_stale: 0 },
    ...{ surveys_refused: 0, readings_stored: 1 },
  })
  expect(ofSite("farm")).toEqual({
    ...{ run_day_timestamp_seconds: begin, run_complete: 0, last_complete_day_timestamp_seconds: 0 },
    ...{ devices_expected: 6, devices_arrived: 3, devices_late: 1, devices_missing: 3, devices_stale: 2 },
    ...{ surveys_refused: 1, readings_stored: 2 },
  })
  expect(samples.store_bytes).toBeGreaterThan(0)
  expect(samples.complete).toBe(0)
  expect(Object.keys(samples).filter((name) => name.includes("_total"))).toEqual([])
})

test("tells of a gateway what is owed, waits and is in quarantine, and of the process what it counted", async () => {
  await using site = await Site.collected()
  using page = new PageBench({ spool: site.topology.gateway.spool, counts: COUNTS })
  const samples = samplesOf(await textOf(page))
  expect(samples).toMatchObject({
    [`devices_expected{site="${SITE}"}`]: 2,
    [`devices_arrived{site="${SITE}"}`]: 2,
    [`run_complete{site="${SITE}"}`]: 1,
    [`last_complete_day_timestamp_seconds{site="${SITE}"}`]: Date.parse("2026-11-21T23:00:00Z") / 1000,
    [`surveys_owed{site="${SITE}"}`]: 0,
    [`surveys_undelivered{site="${SITE}"}`]: 0,
    [`quarantine_entries{site="${SITE}",kind="stranger"}`]: 0,
    ...{ uploads_total: 7, uploads_unchanged_total: 2, uploads_postponed_total: 1, lines_refused_total: 3 },
    ...{ messages_refused_total: 2, surveys_delivered_total: 4, readings_delivered_total: 16 },
    ...{ delivery_failures_total: 1, runs_complete_total: 1, runs_incomplete_total: 0, run_duration_seconds: 1.25 },
  })
  expect(samples[`spool_bytes{site="${SITE}"}`]).toBeGreaterThan(0)
  expect(samples[`spool_free_bytes{site="${SITE}"}`]).toBeGreaterThan(0)
  expect(Object.keys(samples).filter((name) => /^build_info\{version="\d/.test(name))).toHaveLength(1)
})

test("tells of how many devices each rule holds", async () => {
  using page = new PageBench()
  await page.describe(SITE)
  for (const [address, rule, holds] of [
    [1, "dry", 1],
    [2, "dry", 1],
    [3, "dry", 0],
    [1, "frost", 1],
  ]) {
    page.bench.write(`INSERT INTO alerts VALUES (1, ${address}, '${rule}', '${DAY}', 1, NULL, ${holds}, NULL)`)
  }
  const samples = samplesOf(await textOf(page))
  const held = Object.entries(samples).filter(([name, value]) => name.startsWith("rules_held") && value > 0)
  expect(Object.fromEntries(held)).toEqual({
    [`rules_held{site="${SITE}",rule="dry"}`]: 2,
    [`rules_held{site="${SITE}",rule="frost"}`]: 1,
  })
})

test("says so where what is stored cannot be read, and little where nothing is", async () => {
  using page = new PageBench({ store: "text.db" })
  expect(Object.keys(samplesOf(await textOf(page))).map((name) => name.replace(/\{.*/, ""))).toEqual([
    "build_info",
    "complete",
  ])
  writeFileSync(join(page.bench.folder, "text.db"), "no database at all, but text in its place, and more of it")
  page.views.update(page.views.topology)
  expect(await page.said("/metrics")).toStartWith(`503 ${page.bench.folder}/text.db`)
})

test("labels are escaped: no name adds a line or ends its quotes", () => {
  expect(labelsOf({ site: 'a"} 1\nb\\', kind: "x" })).toBe('{site="a\\"} 1\\nb\\\\",kind="x"}')
  expect(labelsOf(undefined)).toBe("")
})
