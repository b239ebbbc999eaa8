// Devices by name, as the options of the commands and the roles of `start` take them.
import { afterAll, beforeAll, describe, expect, test } from "bun:test"
import { join } from "node:path"
import { readDevice } from "../../src/cloud/export/devices"
import { describeRoles, readRoles, withAddresses } from "../../src/commands/roles"
import { formatAddress } from "../../src/topology/address"
import type { Topology } from "../../src/topology/topology"
import { parseTopology } from "../../src/topology/yaml/load"
import { Bench, SITE, SPOOL, TIME_ZONE } from "../cloud/fixtures"
import { changed } from "../topology/sample"

const DEVICES = `
  - { ip: 192.168.1.2, name: tomatoes }
  - { ip: 192.168.1.3, name: herbs }
  - { ip: 192.168.1.4, name: herbs }
  - { ip: 192.168.1.5, name: 192.168.1.2 }
  - { ip: 192.168.1.6, name: cloud }
  - { ip: 192.168.1.20-192.168.1.29, name: "pot {ip}" }
  - { ip: 192.168.1.30-192.168.1.39, name: row }`

let bench: Bench
let topology: Topology
beforeAll(async () => {
  bench = new Bench()
  const described = (site: string, name: string, ip: string) =>
    bench.store.describeSite(site, { timeZone: TIME_ZONE, spool: SPOOL, devices: [{ ip, name }] })
  await described(SITE, "lemons", "192.168.1.9") // which has left topology.yaml
  await described(SITE, "tomatoes", "192.168.1.8")
  await described("farm", "barley", "192.168.1.2")
  topology = withDevices(DEVICES)
})
afterAll(() => bench[Symbol.dispose]())

function withDevices(devices: string, store = bench.file): Topology {
  const yaml = changed(
    ["  - { ip: 192.168.1.2, survey: one.txt }\n  - { ip: 192.168.1.3, survey: two.txt }", devices],
    ["address: 10.10.10.2", `address: 10.10.10.2\n  store: ${store}`],
  )
  return parseTopology(yaml, "topology.yaml")
}

describe("readDevice()", () => {
  test.each([
    ["an address", "192.168.1.3", "192.168.1.3"],
    ["an address that nobody has", "10.0.0.1", "10.0.0.1"],
    ["a name", "tomatoes", "192.168.1.2"], // not 192.168.1.8, which had it before
    ["an address that is another one's name", "192.168.1.2", "192.168.1.2"],
    ["a name of a fleet that is each one's own", "pot 192.168.1.25", "192.168.1.25"],
    ["a name of a device that has left, from the store", "lemons", "192.168.1.9"],
  ])("takes %s", async (_, text, ip) => {
    expect(formatAddress((await readDevice(text, topology)) ?? 0)).toBe(ip)
  })

  test("takes another site's names from the store, and not this one's", async () => {
    expect(formatAddress((await readDevice("barley", topology, "farm")) ?? 0)).toBe("192.168.1.2")
    await expect(readDevice("herbs", topology, "farm")).rejects.toThrow(
      "--device herbs is neither an address nor a name in farm: known are barley",
    )
  })

  test.each([
    ["herbs", "herbs is the name of 192.168.1.3 and 192.168.1.4: give an address"],
    ["row", "row is the name of 192.168.1.30-192.168.1.39: give an address"],
    ["tomatos", "--device tomatos is neither an address nor a name in greenhouse, did you mean tomatoes?"],
    ["Lemons", "--device Lemons is neither an address nor a name in greenhouse, did you mean lemons?"],
    [
      "oranges",
      "--device oranges is neither an address nor a name in greenhouse: " +
        "known are tomatoes, herbs, 192.168.1.2, cloud, pot {ip}, row and lemons",
    ],
    [
      "192.168.1.300",
      "--device 192.168.1.300 is neither an address nor a name in greenhouse, did you mean 192.168.1.2?",
    ],
  ])("refuses %s", async (text, message) => {
    await expect(readDevice(text, topology)).rejects.toThrow(message)
  })

  test("lists no names where they are many, or none", async () => {
    const many = Array.from({ length: 11 }, (_, n) => `  - { ip: 192.168.1.${n + 2}, name: plant${n} }`).join("\n")
    const nowhere = join(bench.folder, "nothing.db")
    for (const devices of [`\n${many}`, "\n  - { ip: 192.168.1.2 }"]) {
      await expect(readDevice("oranges", withDevices(devices, nowhere))).rejects.toThrow(
        /^--device oranges is neither an address nor a name in greenhouse$/,
      )
    }
  })
})

describe("withAddresses()", () => {
  test.each([
    [
      ["device", "tomatoes", "192.168.1.7", "192.168.1.10-192.168.1.12"],
      "device 192.168.1.2 192.168.1.7 192.168.1.10-192.168.1.12",
    ],
    [["device", "cloud"], "device cloud"], // a role's word is the role
    [["gateway", "device", "pot 192.168.1.25"], "gateway device 192.168.1.25"],
    [["gatway"], "gatway"], // which readRoles() refuses
  ])("of %j", (words, expected) => {
    expect(withAddresses(words, topology).join(" ")).toBe(expected)
  })

  test("refuses a name that nobody has, or several", () => {
    expect(() => withAddresses(["device", "tomatos"], topology)).toThrow(
      "tomatos is neither an address nor a name in greenhouse, did you mean tomatoes?",
    )
    expect(() => withAddresses(["device", "gatway"], topology)).toThrow("did you mean gateway?")
    expect(() => withAddresses(["device", "herbs"], topology)).toThrow("herbs is the name of")
  })

  test("gives readRoles() what it needs", () => {
    const roles = readRoles(withAddresses(["device", "tomatoes", "192.168.1.2"], topology))
    expect(roles && describeRoles(roles)).toBe("1 device")
    expect(() => readRoles(withAddresses(["tomatoes"], topology))).toThrow(
      "Say `device 192.168.1.2` to play that device",
    )
  })
})
