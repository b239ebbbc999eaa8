import { afterEach, beforeEach, expect, test } from "bun:test"
import { KnownDevices } from "../../../src/gateway/ledger/known-devices"
import { formatRange } from "../../../src/topology/address"
import { parseTopology } from "../../../src/topology/yaml/load"
import { SAMPLE } from "../../topology/sample"
import { Bench, DAY } from "../fixtures"

let bench: Bench
beforeEach(() => {
  bench = new Bench()
})
afterEach(() => bench[Symbol.dispose]())

const devicesOf = (...ips: string[]) =>
  parseTopology(
    SAMPLE.replace(/devices:\n( {2}- .*\n)+$/, `devices:\n${ips.map((ip) => `  - { ip: ${ip} }\n`).join("")}`),
    "topology.yaml",
  ).devices

test("a device that is not declared any more is known for as long as its days are kept, also after a restart", async () => {
  const known = new KnownDevices(bench.database, bench.commits)
  await known.note("2026-11-20", devicesOf("192.168.1.2", "192.168.1.10-192.168.1.20"))
  await known.note(DAY, devicesOf("192.168.1.3"))
  await known.note(DAY, devicesOf("192.168.1.4", "192.168.1.15"))
  bench.reopen()
  const again = new KnownDevices(bench.database, bench.commits)
  const former = () => again.former(devicesOf("192.168.1.4", "192.168.1.15")).map(formatRange)
  expect(former()).toEqual(["192.168.1.2-192.168.1.3", "192.168.1.10-192.168.1.14", "192.168.1.16-192.168.1.20"])
  await bench.commits.add(() => again.prune(DAY))
  expect(former()).toEqual(["192.168.1.3"])
})
