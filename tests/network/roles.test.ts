import { expect, test } from "bun:test"
import { countOwnDevices, EVERYTHING, ownDevices } from "../../src/network/roles"
import { parseRange } from "../../src/topology/address"
import { parseTopology } from "../../src/topology/yaml/load"

const topology = parseTopology(
  `timeZone: Europe/Rome
schedule: { cron: "0 6 * * *" }
gateway: { interfaces: { devices: { address: 192.168.1.1/24 }, cloud: { address: 10.10.10.1/24 } } }
cloud: { address: 10.10.10.2 }
devices:
  - { ip: 192.168.1.2, survey: a.txt }
  - { ip: 192.168.1.3, survey: b.txt, paused: true }
  - { ip: 192.168.1.4 }
  - { ip: 192.168.1.10-192.168.1.19, survey: "{ip}.txt" }
`,
  "topology.yaml",
)

test.each([
  [["192.168.1.2"], 1],
  [["192.168.1.3", "192.168.1.4"], 0],
  [["192.168.1.15-192.168.1.30", "192.168.1.2-192.168.1.11", "192.168.1.11"], 8],
])("countOwnDevices() counts whom ownDevices() lists: %j", (texts, count) => {
  const roles = { cloud: false, gateway: false, devices: texts.flatMap((text) => parseRange(text) ?? []) }
  expect([...ownDevices(topology, roles)]).toHaveLength(count)
  expect(countOwnDevices(topology, roles)).toBe(count)
})

test("everything is every device that has a survey and is not paused", () => {
  expect(countOwnDevices(topology, EVERYTHING)).toBe(11)
  expect([...ownDevices(topology, EVERYTHING)]).toHaveLength(11)
})
