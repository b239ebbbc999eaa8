import { expect, test } from "bun:test"
import fc from "fast-check"
import { contains, type Network } from "../../../src/topology/address"
import { Networks } from "../../../src/topology/cloud/networks"

const near = fc.integer({ min: 0, max: 255 }).map((last) => 203 * 2 ** 24 + last)
const address = fc.oneof(near, fc.integer({ min: 0, max: 2 ** 32 - 1 }))
const network = fc.record({ ip: fc.constant(""), address, prefix: fc.integer({ min: 1, max: 32 }) })

const longest = (networks: readonly Network[]) =>
  networks.length === 0 ? undefined : Math.max(...networks.map(({ prefix }) => prefix))

test("longestPrefixOf() is that of the smallest network that the address is in", () => {
  fc.assert(
    fc.property(fc.array(network, { maxLength: 20 }), fc.array(address), (networks, addresses) => {
      const index = new Networks(networks)
      expect(index.longestPrefix).toBe(longest(networks))
      for (const each of [...addresses, ...networks.map((one) => one.address)]) {
        expect(index.longestPrefixOf(each)).toBe(longest(networks.filter((one) => contains(one, each))))
      }
    }),
  )
})
