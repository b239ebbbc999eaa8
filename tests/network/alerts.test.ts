// The clock that says when a run is overdue, over the rules of a store.
import { expect, test } from "bun:test"
import { silentLog } from "../../src/log"
import { Alerts } from "../../src/network/alerts"
import type { Topology } from "../../src/topology/topology"
import { SITE } from "../cloud/fixtures"
import { readings, WatchedSite } from "../cloud/rules/fixture"
import { settle } from "../virtual-clock"

const OTHER = "farm-b"
const HOUR_MS = 3_600_000
const WELL = { "192.168.1.2": readings([20, 50]) }

/** Both sites have run for three days. */
async function twoSites(): Promise<WatchedSite> {
  const site = new WatchedSite("{}", [{ ip: "192.168.1.2" }])
  site.served = [SITE, OTHER]
  for (let day = 0; day < 3; day++) {
    await site.run(WELL)
    await site.run(WELL, site.day, OTHER)
  }
  return site
}

function watchOver(site: WatchedSite, alerts: Partial<Topology["alerts"]> = {}): Alerts {
  const to = [{ kind: "script", path: "nowhere.ts" } as const]
  const topology = {
    ...site.topology,
    timeZone: "Europe/Rome",
    cloud: { ...site.topology.cloud, sites: [SITE, OTHER].map((name) => ({ site: name })) },
    alerts: { ...site.topology.alerts, to, ...alerts },
  }
  const of = {
    cloud: { watch: site.watch, isWatching: true, onWatching: (begin: () => void) => begin() },
    topology: () => topology,
    clock: site.clock,
    random: () => 0.5,
    log: silentLog,
  }
  const watching = new Alerts(of)
  site.listen() // as people read it
  return watching
}

async function pass(site: WatchedSite, hours: number): Promise<void> {
  for (let minute = 0; minute < hours * 60; minute += 6) {
    await site.clock.advance(6 * 60_000)
    await settle()
  }
}

test("a site that does not come when it always came is told, and that it comes again; the others as well", async () => {
  using site = await twoSites()
  const watching = watchOver(site)
  await pass(site, 24)
  expect(site.told).toEqual([])
  await pass(site, 3)
  expect(site.messages.map(({ title }) => title)).toEqual([`${SITE}: 1 new (overdue)`])
  await pass(site, 6) // of a schedule that is not known here
  expect(site.messages.map(({ title }) => title)).toEqual([`${SITE}: 1 new (overdue)`, `${OTHER}: 1 new (overdue)`])
  expect(site.told).toEqual(Array(2).fill("2026-01-03 ✖ no run (one was due today 06:00 Europe/Rome)"))
  await pass(site, 24)
  expect(site.messages).toHaveLength(2)
  await site.run(WELL, "2026-01-05", OTHER)
  expect(site.messages.slice(2).map(({ title }) => title)).toEqual([`${OTHER}: 1 over`])
  await pass(site, 2)
  expect(site.messages).toHaveLength(3)
  await watching.stop()
}, 30_000)

test("overdue: false watches no site", async () => {
  using site = await twoSites()
  const watching = watchOver(site, { rules: { ...site.topology.alerts.rules, overdue: false } })
  await pass(site, 72)
  expect(site.told).toEqual([])
  await watching.stop()
})

test("a machine that has slept for days gives the gateways their grace before it complains", async () => {
  using site = await twoSites()
  const watching = watchOver(site)
  site.clock.set(site.clock.now() + 72 * HOUR_MS)
  await pass(site, 0.1)
  expect(site.told).toEqual([])
  await pass(site, 1)
  expect(site.messages).toHaveLength(2)
  await watching.stop()
})
