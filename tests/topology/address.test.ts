import { expect, test } from "bun:test"
import fc from "fast-check"
import {
  broadcastAddress,
  contains,
  formatAddress,
  formatNetwork,
  formatRange,
  formatRanges,
  type Network,
  networkAddress,
  parseAddress,
  parseNetwork,
  parseRange,
  parseRanges,
} from "../../src/topology/address"

const addresses = fc.nat(0xffffffff)

function networkOf(text: string): Network {
  const network = parseNetwork(text)
  if (!network) throw new Error(`not a network: ${text}`)
  return network
}

test("parseAddress() reads what formatAddress() writes", () => {
  expect(parseAddress("192.168.1.2")).toBe(0xc0a80102)
  expect(parseAddress("0.0.0.0")).toBe(0)
  expect(parseAddress("255.255.255.255")).toBe(0xffffffff)
  fc.assert(fc.property(addresses, (address) => parseAddress(formatAddress(address)) === address))
})

test.each([
  "",
  "1.2.3",
  "1.2.3.4.5",
  "1.2.3.256",
  "01.2.3.4",
  "1.2.3.04",
  " 1.2.3.4",
  "1.2.3.4\n",
  "1.2.3.-4",
  "0x1.2.3.4",
  "::1",
])("parseAddress() refuses %p", (text) => {
  expect(parseAddress(text)).toBeUndefined()
})

test("parseNetwork() reads an interface's address and its prefix", () => {
  const network = networkOf("192.168.1.77/24")
  expect(network).toEqual({ ip: "192.168.1.77", address: 0xc0a8014d, prefix: 24 })
  expect(formatNetwork(network)).toBe("192.168.1.0/24")
  expect(formatAddress(networkAddress(network))).toBe("192.168.1.0")
  expect(formatAddress(broadcastAddress(network))).toBe("192.168.1.255")
})

test.each([
  "192.168.1.1",
  "192.168.1.1/",
  "192.168.1.1/0",
  "192.168.1.1/33",
  "192.168.1.1/024",
  "192.168.1/24",
  "1.2.3.4/8/8",
])("parseNetwork() refuses %p", (text) => {
  expect(parseNetwork(text)).toBeUndefined()
})

test("contains() holds from the network address to the broadcast address, for every prefix", () => {
  fc.assert(
    fc.property(addresses, fc.integer({ min: 1, max: 32 }), (address, prefix) => {
      const network = { ip: formatAddress(address), address, prefix }
      const [first, last] = [networkAddress(network), broadcastAddress(network)]
      expect(last - first + 1).toBe(2 ** (32 - prefix))
      expect([address, first, last].every((inside) => contains(network, inside))).toBe(true)
      expect([first - 1, last + 1].some((outside) => contains(network, outside))).toBe(false)
    }),
  )
})

test("parseRange() reads one address and two with a dash", () => {
  expect(parseRange("10.0.0.2")).toEqual({ first: 0x0a000002, last: 0x0a000002 })
  expect(parseRange("10.0.0.2-10.0.39.255")).toEqual({ first: 0x0a000002, last: 0x0a0027ff })
  expect(parseRange("10.0.0.2 - 10.0.0.3")).toEqual({ first: 0x0a000002, last: 0x0a000003 })
})

test.each([
  "10.0.0.3-10.0.0.2",
  "10.0.0.2-",
  "-10.0.0.2",
  "10.0.0.2-3",
  "10.0.0.1-10.0.0.2-10.0.0.3",
  "10.0.0.2  -  10.0.0.3",
])("parseRange() refuses %p", (text) => {
  expect(parseRange(text)).toBeUndefined()
})

test("formatRanges() writes as few ranges as hold the addresses", () => {
  const base = 0xc0a80100
  expect(formatRanges([2, 3, 4, 5, 9].map((host) => base + host))).toEqual(["192.168.1.2-192.168.1.5", "192.168.1.9"])
  expect(formatRanges([])).toEqual([])
  expect(formatRanges([0, 0, 0xffffffff])).toEqual(["0.0.0.0", "255.255.255.255"])
})

test("parseRanges() reads what formatRanges() writes", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(300)), (hosts) => {
      const sorted = hosts.toSorted((a, b) => a - b)
      const texts = formatRanges(sorted)
      const ranges = parseRanges(texts) ?? []
      expect(ranges.map(formatRange)).toEqual(texts)
      const held = ranges.flatMap(({ first, last }) =>
        Array.from({ length: last - first + 1 }, (_, index) => first + index),
      )
      expect(held).toEqual(sorted)
    }),
  )
  expect(parseRanges(["10.0.0.2", "nonsense"])).toBeUndefined()
})
