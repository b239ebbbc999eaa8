import { describe, expect, test } from "bun:test"
import { bannerOf, deliveryLine, labelWidth, summaryLine, uploadLine } from "../../../src/commands/start/report"
import type { Summary } from "../../../src/network/summary"
import { parseTopology } from "../../../src/topology/yaml/load"
import { changed, SAMPLE } from "../../topology/sample"

const TOPOLOGY = parseTopology(SAMPLE, "topology.yaml")
const COMPLETE: Summary = {
  day: "2026-11-22",
  expected: 2,
  missing: [],
  readings: 8,
  stored: 8,
  refusedLines: 0,
  refusedSurveys: 0,
  refusals: [],
  differing: [],
  delivered: true,
  warnings: [],
  elapsedMs: 30,
  complete: true,
}
const line = (change: Partial<Summary>) => summaryLine({ ...COMPLETE, ...change }, TOPOLOGY)

describe("bannerOf()", () => {
  const NETWORK = "2 devices ─UDP─▶ gateway 192.168.1.1 | 10.10.10.1 ─TCP─▶ cloud 10.10.10.2"
  const TRUST = "Without keys: keep both legs on a network that you trust."

  test("tells what is simulated, the network, and what holds without keys", () => {
    expect(bannerOf(TOPOLOGY, undefined, "simulated")).toEqual([
      "greenhouse, simulated on this machine",
      NETWORK,
      TRUST,
    ])
    const roles = { cloud: true, gateway: false, devices: [] }
    expect(bannerOf(TOPOLOGY, roles, "declared")).toEqual(["greenhouse, cloud", NETWORK, TRUST])
  })

  test("tells sample data", () => {
    const sample = parseTopology(`sample: true\n${SAMPLE}`, "topology.yaml")
    expect(bannerOf(sample, undefined, "simulated")[0]).toBe("greenhouse, sample data, simulated on this machine")
  })
})

describe("summaryLine()", () => {
  test("tells what was stored", () => {
    expect(line({})).toBe("2 of 2 devices, 8 readings stored, 0 refused, 30 ms")
    expect(line({ stored: 0 })).toBe("2 of 2 devices, nothing new (8 already stored), 0 refused, 30 ms")
  })

  test("tells a cloud that cannot be reached from one that refuses for good", () => {
    const undelivered = { delivered: false, complete: false }
    expect(line(undelivered)).toBe(
      `2 of 2 devices, not delivered; what has arrived is safe in ${TOPOLOGY.gateway.spool} until the cloud answers`,
    )
    const refusals = [{ ip: "192.168.1.2", reason: "line 3: no" }]
    expect(line({ refusals, refusedSurveys: 1, complete: false })).toBe(
      "2 of 2 devices, 1 survey refused by the cloud (192.168.1.2, line 3: no): it is kept and tried again, three runs in all",
    )
    expect(line({ ...undelivered, refusals, refusedSurveys: 2, differing: ["2026-11-22"] })).toBe(
      "2 of 2 devices, the cloud's store differs on 22 November, although all was delivered again; " +
        "2 surveys refused by the cloud (192.168.1.2, line 3: no): they are kept and tried again, three runs in all",
    )
  })

  test("names who is missing, delivered or not", () => {
    const device = TOPOLOGY.devices.get(TOPOLOGY.devices.entries[0]?.ip.first ?? 0)
    if (!device) throw new Error("the sample has devices")
    const missing = [{ device, reason: "one.txt not found" }]
    const who = "Missing: 192.168.1.2, one.txt not found (topology.yaml:12)"
    expect(line({ missing, complete: false })).toBe(`1 of 2 devices. ${who}`)
    expect(line({ missing, complete: false, delivered: false })).toBe(
      `1 of 2 devices, not delivered; what has arrived is safe in ${TOPOLOGY.gateway.spool} until the cloud answers. ${who}`,
    )
  })
})

test("uploadLine() and deliveryLine() stand below each other, in whatever script the names are", () => {
  const topology = parseTopology(changed(["192.168.1.2,", "192.168.1.2, name: 番茄,"]), "topology.yaml")
  const width = labelWidth(topology)
  const [device, other] = [...topology.devices]
  if (!device || !other) throw new Error("the sample has two devices")
  const uploaded = { day: COMPLETE.day, place: 1, days: 1, readings: 4, refused: 0, bytes: 68, elapsedMs: 2, resent: 0 }
  const forwarded = { surveys: 2, readings: 8, bytes: 136, elapsedMs: 12, refused: 0, differing: [] }
  expect([
    uploadLine({ ...uploaded, device }, width, COMPLETE.day),
    uploadLine({ ...uploaded, device: other }, width, COMPLETE.day),
    deliveryLine(forwarded, width, 1024),
  ]).toEqual([
    "192.168.1.2 番茄   4 readings     68 B    2 ms", // four columns
    "192.168.1.3        4 readings     68 B    2 ms",
    "cloud              8 readings    136 B   12 ms   buffer 1024 B",
  ])
})
