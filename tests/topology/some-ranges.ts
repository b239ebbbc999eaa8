// Any few ranges of low addresses, which may overlap, and what they hold.
import fc from "fast-check"
import type { AddressRange } from "../../src/topology/address"
import { addressesIn } from "../../src/topology/ranges"

export const ranges = fc
  .array(fc.tuple(fc.nat(60), fc.nat(8)))
  .map((pairs) => pairs.map(([first, length]): AddressRange => ({ first, last: first + length })))
export const listed = (some: readonly AddressRange[]) => [...new Set(addressesIn(some))].sort((a, b) => a - b)
