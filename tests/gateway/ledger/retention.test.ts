import { expect, test } from "bun:test"
import { oldestKept, retentionDays } from "../../../src/gateway/ledger/retention"
import { parseTopology } from "../../../src/topology/yaml/load"
import { changed } from "../../topology/sample"

test("oldestKept() counts from the last day that the cloud confirmed, or from today where that is earlier", () => {
  expect(oldestKept("2026-11-22", "2026-11-21", 90)).toBe("2026-08-23")
  expect(oldestKept("2030-01-01", "2026-11-21", 90)).toBe("2026-08-23") // the clock leapt ahead
  expect(oldestKept("2026-11-01", "2026-11-21", 90)).toBe("2026-08-03") // or was set back
})

test("oldestKept() keeps everything before the cloud has confirmed anything", () => {
  expect(oldestKept("2026-11-22", undefined, 90)).toBe("0000-01-01")
})

test.each([
  ["90d", 90],
  ["36h", 2],
  ["24h", 1],
])("retentionDays() of %s is %d whole days", (retention, days) => {
  const text = changed(["gateway:\n", `gateway:\n  retention: ${retention}\n`])
  expect(retentionDays(parseTopology(text, "topology.yaml"))).toBe(days)
})
