import { expect, test } from "bun:test"
import { formatRange, parseAddress } from "../../src/topology/address"
import { addressesNamed, namedRanges, nameOf } from "../../src/topology/names"

const NAMES = namedRanges([
  { ip: "192.168.1.9", name: "basil" },
  { ip: "10.0.0.2-10.0.0.255", name: "pot {ip}" },
  { ip: "192.168.1.2", name: "tomatoes" },
  { ip: "192.168.1.3" },
  { ip: "192.168.1.4", name: "tomatoes" },
  { ip: "10.1.0.2-10.1.0.9", name: "row" },
  { ip: "192.168.1.5", name: "caf\u00e9" },
])

test.each([
  ["192.168.1.2", "tomatoes"],
  ["192.168.1.3", undefined],
  ["192.168.1.9", "basil"],
  ["10.0.0.7", "pot 10.0.0.7"],
  ["10.0.1.0", undefined],
  ["255.255.255.255", undefined],
])("nameOf() of %s is %p", (ip, name) => {
  expect(nameOf(NAMES, parseAddress(ip) ?? 0)).toBe(name)
})

test.each([
  ["basil", ["192.168.1.9"]],
  ["tomatoes", ["192.168.1.2", "192.168.1.4"]],
  ["Basil", []],
  ["pot 10.0.0.7", ["10.0.0.7"]],
  ["pot 10.0.1.0", []],
  ["pot", []],
  ["row", ["10.1.0.2-10.1.0.9"]],
  ["cafe\u0301", ["192.168.1.5"]], // the same letter, composed otherwise
  ["", []],
])("addressesNamed() finds %p at %p", (name, ranges) => {
  expect(addressesNamed(NAMES, name).map(formatRange)).toEqual(ranges)
})
