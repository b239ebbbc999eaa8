import { expect, test } from "bun:test"
import { applyChanges, changesOf } from "../../src/topology/changes"
import { parseTopology } from "../../src/topology/yaml/load"

const topology = ({ devices = "", schedule = "", rest = "", cloud = "" }) =>
  parseTopology(
    `timeZone: Europe/Rome
schedule: { cron: "0 6 * * *"${schedule} }
gateway: { interfaces: { devices: { address: 192.168.1.1/24 }, cloud: { address: 10.10.10.1/24 } } }
cloud: { address: 10.10.10.2${cloud} }
${rest}
devices:
  - { ip: 192.168.1.2, name: tomatoes, survey: a.txt }
  - { ip: 192.168.1.10-192.168.1.19, survey: "{ip}.txt" }
${devices}`,
    "topology.yaml",
  )

test("changesOf() finds nothing where nothing changed", () => {
  expect(changesOf(topology({}), topology({}))).toEqual({ applied: [], postponed: [] })
})

test("changesOf() names devices that came, went, were paused or changed", () => {
  const before = topology({ devices: "  - { ip: 192.168.1.3, name: herbs }\n  - { ip: 192.168.1.4 }" })
  const after = topology({
    devices: "  - { ip: 192.168.1.4, paused: true }\n  - { ip: 192.168.1.6, name: basil, survey: b.txt }",
  })
  expect(changesOf(before, after).applied).toEqual([
    "- 192.168.1.3 herbs",
    "~ 192.168.1.4 paused",
    "+ 192.168.1.6 basil",
  ])
  expect(changesOf(after, before).applied).toContain("~ 192.168.1.4 no longer paused")
})

test("changesOf() tells what applies at once from what needs a new start", () => {
  const after = topology({ schedule: ", grace: 20m", rest: "bufferSize: 8192\ntransmission: { ackTimeout: 3s }" })
  expect(changesOf(topology({}), after)).toEqual({
    applied: ["schedule.grace: 20 min"],
    postponed: ["bufferSize", "transmission.ackTimeout"],
  })
})

test("a line that says the files are samples applies at once, gone or there", () => {
  const [sample, own] = [topology({ rest: "sample: true" }), topology({})]
  expect([sample.sample, own.sample]).toEqual([true, false])
  expect(changesOf(sample, own)).toEqual({ applied: ["sample: false"], postponed: [] })
  expect(changesOf(own, sample)).toEqual({ applied: ["sample: true"], postponed: [] })
  expect(applyChanges(sample, own).sample).toBe(false)
})

test("another monitor is told at once, and its URL stays a secret", () => {
  const [none, monitored] = [topology({}), topology({ rest: "alerts: { heartbeat: https://example.org/secret }" })]
  expect(changesOf(none, monitored)).toEqual({ applied: ["alerts.heartbeat changed"], postponed: [] })
  expect(changesOf(monitored, none)).toEqual({ applied: ["alerts.heartbeat changed"], postponed: [] })
  expect(applyChanges(none, monitored).alerts.heartbeat).toBe("https://example.org/secret")
})

test("who is told, and of what, applies at once; the URLs stay secrets", () => {
  const before = topology({})
  const after = topology({ rest: "alerts: { to: [https://ntfy.sh/secret], rules: { dry: 20, silent: 2d } }" })
  expect(changesOf(before, after)).toEqual({ applied: ["alerts.to changed", "alerts.rules changed"], postponed: [] })
  expect(applyChanges(before, after).alerts).toBe(after.alerts)
})

test("a device's own rules apply at once", () => {
  const before = topology({ devices: "  - { ip: 192.168.1.6, rules: { silent: 1d } }" })
  const after = topology({ devices: "  - { ip: 192.168.1.6, rules: { silent: 2d } }" })
  expect(changesOf(before, after)).toEqual({ applied: ["~ 192.168.1.6 rules changed"], postponed: [] })
  expect(changesOf(after, after).applied).toEqual([])
})

test("devices of a renumbered network wait for the new start with it", () => {
  const before = topology({})
  const after = topology({ devices: "  - { ip: 192.168.1.6 }" })
  const moved = { ...after.gateway.interfaces.devices, port: 1 }
  const renumbered = {
    ...after,
    gateway: { ...after.gateway, interfaces: { ...after.gateway.interfaces, devices: moved } },
  }
  expect(changesOf(before, renumbered)).toEqual({ applied: [], postponed: ["gateway.interfaces", "devices"] })
  expect(applyChanges(before, renumbered).devices).toBe(before.devices)
})

const withSites = (sites: string, rest = "") => topology({ cloud: `, sites: [${sites}]`, rest })

test("sites come, go and change at once", () => {
  const before = withSites("site, { site: barn, from: 10.0.0.0/24 }, { site: farm-b, from: 10.0.1.0/24 }")
  const after = withSites("{ site: farm-b, from: 10.0.2.0/24 }, { site: hill, from: 10.0.3.0/24 }, site")
  expect(changesOf(before, after)).toEqual({ applied: ["- site barn", "+ site hill", "~ site farm-b"], postponed: [] })
  expect(applyChanges(before, after).cloud).toEqual(after.cloud)
  const reordered = withSites("{ site: farm-b, from: 10.0.1.0/24 }, site, { site: barn, from: 10.0.0.0/24 }")
  expect(changesOf(before, reordered)).toEqual({ applied: [], postponed: [] })
})

test("of many sites ten are named and the others counted", () => {
  const many = Array.from({ length: 940 }, (_, index) => `{ site: s${index}, from: 10.1.0.0/16 }`)
  const { applied } = changesOf(withSites("site"), withSites(["site", ...many].join(", ")))
  expect(applied.slice(8)).toEqual(["+ site s8", "+ site s9", "+ 930 more sites"])
})

test("sites wait for the new start with whatever else they are known by", () => {
  const before = withSites("site, { site: barn, from: 10.0.0.0/24 }")
  const renamed = withSites("other, { site: hill, from: 10.0.3.0/24 }", "site: other")
  expect(changesOf(before, renamed)).toEqual({ applied: [], postponed: ["site", "cloud.sites"] })
  expect(applyChanges(before, renamed).cloud).toEqual(before.cloud)
  const console = topology({ cloud: ", console: off, sites: [site]" })
  expect(changesOf(before, console)).toEqual({ applied: ["- site barn"], postponed: ["cloud.console"] })
  expect(applyChanges(before, console).cloud).toEqual({ ...before.cloud, sites: [{ site: "site" }] })
})

test("sites of other keys wait for these", () => {
  const fingerprint = `sha256:${"5f".repeat(32)}`
  const plain = topology({})
  const gateway = { ...plain.gateway, tls: { fingerprint: [fingerprint] } }
  const tls = { fingerprint: [fingerprint], minVersion: "TLSv1.3" as const }
  const sites = [{ site: "site" }, { site: "barn", fingerprint: [fingerprint] }]
  const keyed = { ...plain, gateway, cloud: { ...plain.cloud, tls, sites } }
  expect(changesOf(plain, keyed)).toEqual({ applied: [], postponed: ["gateway.tls", "cloud.sites", "cloud.tls"] })
  expect(applyChanges(plain, keyed).cloud.sites).toEqual(plain.cloud.sites)
})

test("applyChanges() keeps what needs a new start", () => {
  const after = topology({ devices: "  - { ip: 192.168.1.6 }", rest: "bufferSize: 8192" })
  const applied = applyChanges(topology({}), after)
  expect(applied.bufferSize).toBe(4096)
  expect(applied.devices.size).toBe(12)
})
