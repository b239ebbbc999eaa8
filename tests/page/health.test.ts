// `/health` and `/health/last-run`, for monitors.
import { describe, expect, test } from "bun:test"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { DAY, MORNING, SITE } from "../cloud/fixtures"
import { DAY_MS, MONDAY_AT_SIX, Site } from "../end-to-end/fixture"
import { PageBench } from "./api/fixture"

/** A run that is not overdue by today's clock. */
const SCHEDULED_AT = new Date(Date.now() + DAY_MS).toISOString()

function close(page: PageBench, site: string, report: object = {}): void {
  const whole = { scheduledAt: SCHEDULED_AT, arrived: [], late: [], missing: [], stale: [], refused: [], reasons: [] }
  page.bench.write(
    "INSERT OR REPLACE INTO collections VALUES ((SELECT id FROM sites WHERE site = ?), ?, 0, NULL, ?, 1)",
    ...[site, DAY, JSON.stringify({ ...whole, ...report })],
  )
}

describe("/health", () => {
  test("is 200 while the store can be read, whatever the last run", async () => {
    using page = new PageBench()
    await page.describe(SITE)
    close(page, SITE, { missing: ["192.168.1.3"] })
    expect(await page.said("/health")).toBe("200 ok\n")
  })

  test("is 200 before anything is collected", async () => {
    using page = new PageBench({ store: "none.db" })
    expect(await page.said("/health")).toBe("200 ok, nothing is collected yet\n")
  })

  test("is 503 with the reason where it cannot be read", async () => {
    using page = new PageBench({ store: "text.db" })
    writeFileSync(join(page.bench.folder, "text.db"), "no database at all, but text in its place, and more of it")
    for (const path of ["/health", "/health/last-run"]) {
      expect(await page.said(path)).toStartWith(`503 ${page.bench.folder}/text.db`)
    }
  })
})

describe("/health/last-run", () => {
  test("is 503 before the first run", async () => {
    using page = new PageBench({ store: "none.db" })
    expect(await page.said("/health/last-run")).toBe("503 no run so far\n")
    using empty = new PageBench()
    expect(await empty.said("/health/last-run")).toBe("503 no run so far\n")
    await empty.describe(SITE)
    empty.views.update(empty.views.topology)
    expect(await empty.said("/health/last-run")).toBe("503 greenhouse no run so far\n")
  })

  test("of a cloud is 200 where all sites' last runs were complete, and names who was not", async () => {
    using page = new PageBench()
    await page.describe(SITE)
    await page.describe("farm")
    close(page, SITE)
    close(page, "farm")
    await page.put(MORNING)
    const said = () => {
      page.views.update(page.views.topology)
      return page.said("/health/last-run")
    }
    expect(await said()).toBe(`200 greenhouse ${DAY} complete; farm ${DAY} complete\n`)
    close(page, "farm", { missing: ["192.168.1.3"] })
    expect(await said()).toBe(`503 greenhouse ${DAY} complete; farm ${DAY} not complete\n`)
    await page.describe("orchard")
    close(page, "farm")
    expect(await said()).toBe(`503 greenhouse ${DAY} complete; farm ${DAY} complete; orchard no run so far\n`)
  })

  test("of a gateway goes by its own run, and is 503 when one was due since", async () => {
    await using site = await Site.collected()
    using page = new PageBench({ spool: site.topology.gateway.spool })
    const { status } = await page.views.status()
    // by the clock of this machine the run of 23 November 2026 is to come, or long ago
    const isOverdue = Date.now() > MONDAY_AT_SIX + DAY_MS
    const said = await page.said("/health/last-run")
    expect(status?.complete).toBe(!isOverdue)
    expect(said).toStartWith(
      isOverdue ? "503 greenhouse no run since 2026-11-22, one was due" : "200 greenhouse 2026-11-22 complete",
    )
  })
})
