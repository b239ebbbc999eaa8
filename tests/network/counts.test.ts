import { expect, test } from "bun:test"
import { Network } from "../../src/network"
import { Counts } from "../../src/network/counts"
import type { Summary } from "../../src/network/summary"
import { StorageRefused } from "../../src/storage/errors"
import { MONDAY_AT_SIX, Site } from "../end-to-end/fixture"
import { DAY } from "../fixtures"

const NOTHING = {
  ...{ uploadsPostponed: 0, surveysDelivered: 0, readingsDelivered: 0, deliveryFailures: 0 },
  ...{ runsComplete: 0, runsIncomplete: 0 },
}
const FORWARDED = { surveys: 2, readings: 8, bytes: 100, elapsedMs: 5, refused: 0, differing: [] }

const finished = (complete: boolean, elapsedMs: number) =>
  ({ kind: "run-finished", day: DAY, summary: { complete, elapsedMs } as Summary, isCutShort: false }) as const

test("Counts adds up what a network tells of, and keeps the last run's duration", () => {
  const counts = new Counts()
  expect(counts.all).toEqual(NOTHING)
  counts.hear({ kind: "delivered", ...FORWARDED })
  counts.hear({ kind: "delivered-between-runs", ...FORWARDED }) // of the same surveys
  counts.hear({ kind: "not-delivered", error: new Error("no route"), againInMs: 1000 })
  counts.hear({ kind: "uploads-refused", error: new StorageRefused("the disk is full") })
  counts.hear({ kind: "run-failed", day: DAY, error: new Error("it is broken") })
  counts.hear(finished(true, 30))
  counts.hear(finished(false, 50))
  expect(counts.all).toEqual({
    ...{ uploadsPostponed: 1, surveysDelivered: 2, readingsDelivered: 8, deliveryFailures: 1 },
    ...{ runsComplete: 1, runsIncomplete: 2, lastRunMs: 50 },
  })
})

test("a network counts what its gateway and its runs did; one without a gateway nothing", async () => {
  await using site = await Site.make()
  await using network = await Network.start(site.topology, site.options)
  const summary = await network.collect({ scheduledAt: MONDAY_AT_SIX })
  expect(network.counts).toEqual({
    ...NOTHING,
    ...{ uploads: 2, changed: 2, refusedLines: 0, refusedMessages: 0 },
    ...{ surveysDelivered: 2, readingsDelivered: 8, runsComplete: 1, lastRunMs: summary.elapsedMs },
  })
  await network.stop()
  expect(network.counts).toBeUndefined()
})
