// Sets of addresses as ranges: a million devices cost no more than one.
import type { AddressRange } from "./address"

/** How many of these ranges, rising and apart, end before the address: the next one may hold it. */
export function placeIn(ranges: readonly AddressRange[], address: number): number {
  let low = 0
  let high = ranges.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((ranges[middle]?.last ?? address) < address) low = middle + 1
    else high = middle
  }
  return low
}

/** Whether the address is in one of these ranges, which are rising and apart. */
export function covers(ranges: readonly AddressRange[], address: number): boolean {
  const range = ranges[placeIn(ranges, address)]
  return range !== undefined && range.first <= address
}

/** The same addresses in as few ranges as hold them, rising. */
export function joinRanges(ranges: readonly AddressRange[]): AddressRange[] {
  const joined: AddressRange[] = []
  for (const { first, last } of ranges.toSorted((a, b) => a.first - b.first)) {
    const before = joined.at(-1)
    if (before && first <= before.last + 1) before.last = Math.max(before.last, last)
    else joined.push({ first, last })
  }
  return joined
}

/** The addresses that are in both; each has its ranges joined. */
export function overlap(some: readonly AddressRange[], others: readonly AddressRange[]): AddressRange[] {
  const both: AddressRange[] = []
  for (let i = 0, j = 0; ; ) {
    const [one, other] = [some[i], others[j]]
    if (!one || !other) return both
    const [first, last] = [Math.max(one.first, other.first), Math.min(one.last, other.last)]
    if (first <= last) both.push({ first, last })
    if (one.last < other.last) i++
    else j++
  }
}

/** The addresses of some that are not among the others; each has its ranges joined. */
export function without(some: readonly AddressRange[], others: readonly AddressRange[]): AddressRange[] {
  const left: AddressRange[] = []
  let next = 0
  for (const { first, last } of some) {
    let from = first
    while ((others[next]?.last ?? first) < first) next++
    for (let at = next; at < others.length && from <= last; at++) {
      const other = others[at]
      if (!other || other.first > last) break
      if (other.first > from) left.push({ first: from, last: other.first - 1 })
      from = Math.max(from, other.last + 1)
    }
    if (from <= last) left.push({ first: from, last })
  }
  return left
}

/** Two of these ranges that have an address in common, in their order; undefined where there are none. */
export function overlapping(ranges: readonly AddressRange[]): [AddressRange, AddressRange] | undefined {
  let before: AddressRange | undefined
  for (const range of ranges.toSorted((a, b) => a.first - b.first)) {
    if (before && range.first <= before.last) return [before, range]
    before = range
  }
  return undefined
}

export const sizeOf = (ranges: readonly AddressRange[]): number =>
  ranges.reduce((size, { first, last }) => size + last - first + 1, 0)

/** The addresses of rising ranges, one by one. */
export function* addressesIn(ranges: Iterable<AddressRange>): Generator<number> {
  for (const { first, last } of ranges) for (let address = first; address <= last; address++) yield address
}

/** The same, so many at a time. */
export function* slicesIn(ranges: Iterable<AddressRange>, most: number): Generator<number[]> {
  let slice: number[] = []
  for (const address of addressesIn(ranges)) {
    if (slice.push(address) < most) continue
    yield slice
    slice = []
  }
  if (slice.length > 0) yield slice
}
