import { expect, test } from "bun:test"
import { Owners } from "../../../src/commands/import/owners"
import { parseRange } from "../../../src/topology/address"
import { Devices } from "../../../src/topology/devices"

const ip = parseRange("192.168.1.2")

test.each([
  ["/site/bed[3]{x}-1.csv", true],
  ["/site/bed3x-1.csv", false],
  ["/site/bed[3]{x}-/1.csv", false],
  ["bed[3]{x}-1.csv", false],
])("of() takes only * and ? in a survey's path for signs: %s", (file, isOwn) => {
  if (!ip) throw new Error("no range")
  const survey = "bed[3]{x}-*.csv"
  const devices = new Devices([{ ip, paused: false, line: 1, survey, format: "own" }])
  expect([...new Owners({ devices, folder: "/site" }).of(file)]).toHaveLength(isOwn ? 1 : 0)
})
