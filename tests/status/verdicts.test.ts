// How the last run of each site went, as far as this host can tell; the words and the exit code go by it.
import { expect, test } from "bun:test"
import { rm } from "node:fs/promises"
import { Network } from "../../src/network"
import { readStatus } from "../../src/status/document"
import { glance } from "../../src/status/words"
import { DAY_MS, MONDAY_AT_SIX, Site } from "../end-to-end/fixture"
import { closeAt } from "./other-site"

const NOW = MONDAY_AT_SIX + DAY_MS / 2

async function told({ topology }: Site, now = NOW, of = topology) {
  const status = await readStatus(of, now)
  return [status.complete, glance(status, of, now)]
}

test("a complete run of which the store on this host has nothing is not delivered", async () => {
  await using site = await Site.collected()
  expect(await told(site)).toEqual([
    true,
    "✔ greenhouse, sample data, Sunday 22 November 2026: 2 of 2 devices, delivered",
  ])
  const { store } = site.topology.cloud
  for (const end of ["", "-wal", "-shm"]) await rm(`${store}${end}`, { force: true })
  expect((await told(site))[0]).toBe(true) // it may be on another host
  await (await Network.start(site.topology, site.options)).stop()
  expect(await told(site)).toEqual([
    false,
    `✖ greenhouse, sample data, Sunday 22 November 2026: 2 of 2 devices, delivered; the store ${store} has nothing of it, the next run delivers it again`,
  ])
})

test("under another name, which needs a new start, nothing is told of the old one's run", async () => {
  await using site = await Site.collected()
  expect(await told(site, NOW, { ...site.topology, site: "north" })).toEqual([
    false,
    "✖ greenhouse, Sunday 22 November 2026: 2 of 2 devices, delivered; north begins with the next start",
  ])
})

test("beside a gateway the cloud's other sites count, and are named where they failed or have gone silent", async () => {
  await using site = await Site.collected()
  await closeAt(site, "farm", { arrived: ["192.168.7.2"] })
  expect((await told(site))[0]).toBe(true)
  await closeAt(site, "farm", { arrived: ["192.168.7.2"], missing: ["192.168.7.3"] })
  expect(await told(site)).toEqual([
    false,
    "✖ greenhouse, sample data, Sunday 22 November 2026: 2 of 2 devices, delivered; farm, Sunday 22 November 2026: 1 of 2 devices, missing 192.168.7.3",
  ])
  await closeAt(site, "farm", { arrived: ["192.168.7.2"], scheduledAt: new Date(NOW - 30 * DAY_MS).toISOString() })
  expect(await told(site)).toEqual([
    false,
    "✖ greenhouse, sample data, Sunday 22 November 2026: 2 of 2 devices, delivered; farm, Sunday 22 November 2026: 1 of 1 device, stored, no run since, one was due Sunday 25 October 18:00 Europe/Rome",
  ])
})

test("another site's devices have no names of this one's", async () => {
  await using site = await Site.collected()
  await closeAt(site, "farm", { missing: ["192.168.1.3"], reasons: [["192.168.1.3", "no file"]] })
  expect((await told(site))[1]).toEndWith(
    "; farm, Sunday 22 November 2026: 0 of 1 device, missing 192.168.1.3 (no file)",
  )
})

test("a cloud of several sites names those that are not complete", async () => {
  await using site = await Site.collected()
  await closeAt(site, "farm", { missing: ["192.168.7.3"] })
  const { gateway } = site.topology
  const elsewhere = { ...site.topology, gateway: { ...gateway, spool: `${gateway.spool}.none` } }
  expect(await told(site, NOW, elsewhere)).toEqual([
    false,
    "✖ 1 of 2 sites complete; farm, Sunday 22 November 2026: 0 of 1 device, missing 192.168.7.3",
  ])
})
