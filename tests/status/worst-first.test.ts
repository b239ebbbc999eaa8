// Of many sites the worst come first, in words, on the pages and on a terminal; programmes are told of all, by name.
import { afterAll, beforeAll, expect, test } from "bun:test"
import { cloudLines } from "../../src/commands/status/text"
import { rulesOf } from "../../src/page/overview/rules"
import { readSearch } from "../../src/page/overview/search"
import { sitesOf } from "../../src/page/overview/sites"
import { readStatus, type StatusDocument } from "../../src/status/document"
import { glance } from "../../src/status/words"
import { inNumbers, worstFirst } from "../../src/status/worst-first"
import { DAY_MS, MONDAY_AT_SIX, Site } from "../end-to-end/fixture"
import { closeAt } from "./other-site"

const NOW = MONDAY_AT_SIX + DAY_MS / 2
const LONG_AGO = new Date(NOW - 30 * DAY_MS).toISOString()

let site: Site
let status: StatusDocument

/** 120 sites beside this one: each tenth is incomplete, and a50 is overdue. */
beforeAll(async () => {
  site = await Site.collected()
  for (let at = 0; at < 120; at++) {
    const missing = at % 10 === 3 ? ["192.168.7.3"] : []
    await closeAt(site, `a${at}`, { arrived: ["192.168.7.2"], missing, ...(at === 50 && { scheduledAt: LONG_AGO }) })
  }
  status = await readStatus(site.topology, NOW)
})
afterAll(() => site[Symbol.asyncDispose]())

const verdict = (site: string, complete: boolean, overdueSince: string | null = null) => ({
  ...{ site, complete, overdueSince, day: null, stored: null },
})

test("worstFirst() puts who is overdue before who is incomplete, and these before all others, each by name", () => {
  const verdicts = [
    verdict("z", true),
    verdict("b", false, LONG_AGO),
    verdict("y", false),
    verdict("x", false),
    verdict("a", true),
    verdict("B", false, LONG_AGO),
  ]
  expect(worstFirst(verdicts).map(({ site }) => site)).toEqual(["B", "b", "x", "y", "a", "z"])
  expect(inNumbers(verdicts)).toBe("2 sites that are overdue, 2 that are incomplete, 2 that are complete")
  expect(inNumbers(verdicts.slice(0, 1))).toBe("1 site that is complete")
  expect(inNumbers(verdicts.slice(2, 4))).toBe("2 sites that are incomplete")
  expect(inNumbers(verdicts.slice(0, 2))).toBe("1 site that is overdue, 1 that is complete")
})

test("the status of programmes holds all sites, this one first and the others by name", () => {
  expect(status.cloud?.sites.map(({ site }) => site)).toEqual(status.cloud?.sites.map(({ site }) => site).sort() ?? [])
  expect(status.sites).toHaveLength(121)
  expect(status.sites[0]?.site).toBe("greenhouse")
})

test("glance() names ten that failed, and counts the others", () => {
  const parts = glance(status, site.topology, NOW).split("; ")
  expect(parts).toHaveLength(12)
  expect(parts[1]).toStartWith("a50, Sunday 22 November 2026: 1 of 1 device, stored, no run since")
  expect(parts[2]).toBe("a103, Sunday 22 November 2026: 1 of 2 devices, missing 192.168.7.3")
  expect(parts.at(-1)).toBe("and 3 more sites")
})

test("cloudLines() has a line for each of the ten worst, and the rest in numbers", () => {
  const lines = status.cloud ? cloudLines(status.cloud, status.sites) : []
  expect(lines.slice(0, 2)).toEqual([
    "Sites        a50: overdue, no day yet, 0 devices, 0 readings",
    "             a103: incomplete, no day yet, 0 devices, 0 readings",
  ])
  expect(lines[10]).toBe("             and 3 sites that are incomplete, 108 that are complete")
  expect(lines[11]).toStartWith("Store ")
})

const shown = (query: string) => {
  const view = { topology: site.topology, status, readAt: NOW }
  const glimpse = { view, isKept: false, isCounting: false }
  const { body, title } = sitesOf(glimpse, site.topology, readSearch(new URLSearchParams(query)), NOW)
  return { title, text: body.text, sites: [...body.text.matchAll(/<bdi>(.*?)<\/bdi>/g)].map(([, name]) => name) }
}

test("sitesOf() shows fifty a page, the worst first, or those that are looked for", () => {
  const first = shown("")
  expect(first.title).toBe("121 sites")
  expect(first.sites).toHaveLength(50)
  expect(first.sites.slice(0, 3)).toEqual(["a50", "a103", "a113"])
  expect(first.text).toContain("Page 1 of 3")
  expect(first.text).toContain('<td class="text bad">1 of 2 devices, missing 192.168.7.3</td>')
  expect(shown("page=3").sites).toHaveLength(21)
  expect(shown("page=9").sites).toEqual([])
  const found = shown("find=GREEN")
  expect([found.title, found.sites]).toEqual(["1 site with “GREEN”", ["greenhouse"]])
  expect(found.text).toContain('<td class="text good">2 of 2 devices, stored</td>')
})

test("sitesOf() says so where no site is known, or nothing is counted yet", () => {
  const search = readSearch(new URLSearchParams())
  const titleOf = (view: Parameters<typeof sitesOf>[0]["view"]) =>
    sitesOf({ view, isKept: false, isCounting: true }, site.topology, search, NOW).title
  expect(titleOf(undefined)).toBe("What has come is being counted")
  expect(titleOf({ topology: site.topology, status: undefined, readAt: NOW })).toBe("No site has delivered here yet")
})

test("rulesOf() tells of ten sites, and counts the others", () => {
  const rules = { devices: 1, counts: { overdue: 1 }, worst: [] }
  const sites = (status.cloud?.sites ?? []).slice(0, 12).map((each) => ({ ...each, rules }))
  const { text } = rulesOf(sites, "greenhouse")
  expect(text.match(/<h2>/g)).toHaveLength(10)
  expect(text).toContain('<p>Rules hold of 2 more sites: <a href="/sites">all sites</a></p>')
  expect(rulesOf(sites.slice(0, 10), "greenhouse").text).not.toContain("/sites")
})
