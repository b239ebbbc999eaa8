import { afterEach, beforeEach, describe, expect, test } from "bun:test"
import { rename } from "node:fs/promises"
import { join } from "node:path"
import { cloudLines, gatewayLines } from "../../../src/commands/status/text"
import { Network } from "../../../src/network"
import { readStatus } from "../../../src/status/document"
import { glance } from "../../../src/status/words"
import { StorageError } from "../../../src/storage/errors"
import { DAY_MS, MONDAY_AT_SIX, Site } from "../../end-to-end/fixture"
import { runCommand } from "../command"

const MINUTE_MS = 60_000

let site: Site
beforeEach(async () => {
  site = await Site.make()
})
afterEach(() => site[Symbol.asyncDispose]())

async function collect(): Promise<void> {
  await using network = await Network.start(site.topology, site.options)
  await network.collect({ scheduledAt: MONDAY_AT_SIX })
}

const status = (now = MONDAY_AT_SIX) => readStatus(site.topology, now)
const line = async (now = MONDAY_AT_SIX) => glance(await status(now), site.topology, now)

const run = (...args: string[]) => runCommand(site.folder, ...args)

describe("readStatus()", () => {
  test("rejects where there is neither spool nor store", async () => {
    await expect(status()).rejects.toThrow(StorageError)
  })

  test("is complete when everything was delivered, and its first line says so at a glance", async () => {
    await collect()
    expect((await status()).complete).toBe(true)
    expect(await line()).toBe("✔ greenhouse, sample data, Sunday 22 November 2026: 2 of 2 devices, delivered")
  })

  test("names who is missing", async () => {
    await rename(join(site.folder, "surveys/device2.txt"), join(site.folder, "away.txt"))
    await collect()
    expect((await status()).complete).toBe(false)
    expect(await line()).toBe(
      "✖ greenhouse, sample data, Sunday 22 November 2026: 1 of 2 devices, missing 192.168.1.3 herbs (surveys/device2.txt not found)",
    )
  })

  test("is not complete when a run was due that did not take place", async () => {
    await collect()
    expect((await status(MONDAY_AT_SIX + DAY_MS + MINUTE_MS)).complete).toBe(true)
    const later = MONDAY_AT_SIX + DAY_MS + 3 * MINUTE_MS
    expect((await status(later)).complete).toBe(false)
    expect(await line(later)).toBe(
      "✖ greenhouse, sample data, Sunday 22 November 2026: 2 of 2 devices, delivered; no run since, one was due today 06:00 Europe/Rome",
    )
  })

  test("reads each host's part alone", async () => {
    await collect()
    const { gateway, cloud } = site.topology
    const nowhere = join(site.folder, "nowhere.db")
    const onGateway = await readStatus({ ...site.topology, cloud: { ...cloud, store: nowhere } }, MONDAY_AT_SIX)
    expect(onGateway).toMatchObject({ complete: true, cloud: null })
    const onCloud = await readStatus({ ...site.topology, gateway: { ...gateway, spool: nowhere } }, MONDAY_AT_SIX)
    expect(onCloud).toMatchObject({ complete: true, gateway: null })
    expect(glance(onCloud, site.topology, MONDAY_AT_SIX)).toBe(
      "✔ greenhouse, sample data, Sunday 22 November 2026: 2 of 2 devices, stored",
    )
  })
})

test("gatewayLines() and cloudLines() tell days, debts, refusals and room", async () => {
  await collect()
  const { gateway, cloud, sites } = await status()
  expect(gateway && gatewayLines(gateway, site.topology, MONDAY_AT_SIX).slice(0, -1)).toEqual([
    "",
    "                      Sun 22",
    "192.168.1.2 tomatoes  ✔",
    "192.168.1.3 herbs     ✔",
    "✔ delivered",
    "",
    "Owed         nothing",
    "Undelivered  nothing",
    "Quarantine   empty",
    "Refused      nobody",
  ])
  expect(cloud && cloudLines(cloud, sites)[0]).toBe(
    "Sites        greenhouse: 1 day (2026-11-22 to 2026-11-22), 2 devices, 8 readings",
  )
})

test("gatewayLines() tells apart what is owed from what can never come", async () => {
  await rename(join(site.folder, "surveys/device2.txt"), join(site.folder, "away.txt"))
  await using network = await Network.start(site.topology, site.options)
  for (const days of [0, 1, 2]) await network.collect({ scheduledAt: MONDAY_AT_SIX + days * DAY_MS })
  const { gateway } = await status(MONDAY_AT_SIX + 2 * DAY_MS)
  const lines = gateway ? gatewayLines(gateway, site.topology, MONDAY_AT_SIX + 2 * DAY_MS) : []
  expect(lines).toContain("Owed         192.168.1.3 herbs: 24 November")
  expect(lines).toContain("Never comes  192.168.1.3 herbs: 22 November to 23 November")
})

test("bun run status: exit 2 with one line where there is nothing, then 0, and one JSON document for programs", async () => {
  const nothing = await run("status")
  expect(nothing).toMatchObject({ stdout: "", exit: 2 })
  expect(nothing.stderr).toMatch(
    /^Neither .*gateway\.db nor .*cloud\.db is there: nothing was collected here so far\n$/,
  )
  await run("start", "--once", "--quiet")
  const words = await run("status")
  expect(words).toMatchObject({ stderr: "", exit: 0 })
  expect(words.stdout).toMatch(/^✔ greenhouse, .*: 2 of 2 devices, delivered\n\n/)
  expect(words.stdout).not.toContain("\x1b")
  const document = await run("status", "--json")
  expect(JSON.parse(document.stdout)).toMatchObject({ site: "greenhouse", complete: true, overdueSince: null })
})
