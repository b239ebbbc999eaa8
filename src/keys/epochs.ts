// Which devices have a key, and how often it was made anew: `192.168.1.2 1` a line, or `10.0.0.1-10.0.66.64 1`. No secret.
import { type AddressRange, formatRange, parseRange } from "../topology/address"

/** Devices whose keys are of one epoch, 1 or more. */
export interface EpochRange extends AddressRange {
  epoch: number
}

const MOST_EPOCH = 0xffff_ffff
const COMMENT = "#"

/** Rising and apart; a million single devices cost 12 MB. */
export class Epochs {
  readonly #first: Uint32Array
  readonly #last: Uint32Array
  readonly #epoch: Uint32Array

  /** @param ranges in any order; no address may be in two of them */
  constructor(ranges: readonly EpochRange[]) {
    const joined = join(ranges)
    this.#first = Uint32Array.from(joined, ({ first }) => first)
    this.#last = Uint32Array.from(joined, ({ last }) => last)
    this.#epoch = Uint32Array.from(joined, ({ epoch }) => epoch)
  }

  get isEmpty(): boolean {
    return this.#first.length === 0
  }

  /** Undefined: it has no key. */
  epochOf(address: number): number | undefined {
    let low = 0
    let high = this.#last.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#last[middle] ?? 0) < address) low = middle + 1
      else high = middle
    }
    const first = this.#first[low]
    return first !== undefined && first <= address ? this.#epoch[low] : undefined
  }

  get ranges(): EpochRange[] {
    return Array.from(this.#first, (first, at) => ({ first, last: this.#last[at] ?? 0, epoch: this.#epoch[at] ?? 0 }))
  }

  /** What the file says. */
  format(): string {
    return this.ranges.map((range) => `${formatRange(range)} ${range.epoch}\n`).join("")
  }

  /** With the next epoch for all of these addresses, which ends their keys; the first for those that had none. */
  raise({ first, last }: AddressRange): Epochs {
    const raised: EpochRange[] = []
    let next = first
    for (const range of this.ranges) {
      if (range.last < first || range.first > last) {
        raised.push(range)
        continue
      }
      const { epoch } = range
      const from = Math.max(range.first, first)
      const to = Math.min(range.last, last)
      if (range.first < from) raised.push({ first: range.first, last: from - 1, epoch })
      if (next < from) raised.push({ first: next, last: from - 1, epoch: 1 })
      raised.push({ first: from, last: to, epoch: epoch + 1 })
      if (to < range.last) raised.push({ first: to + 1, last: range.last, epoch })
      next = to + 1
    }
    if (next <= last) raised.push({ first: next, last, epoch: 1 })
    return new Epochs(raised)
  }
}

/** Throws an Error that names the line. */
export function parseEpochs(text: string, path: string): Epochs {
  const ranges: EpochRange[] = []
  for (const [index, line] of text.split("\n").entries()) {
    const written = line.trim()
    if (written === "" || written.startsWith(COMMENT)) continue
    const space = written.lastIndexOf(" ")
    const range = parseRange(written.slice(0, space).trim())
    const epoch = Number(written.slice(space + 1))
    if (!range || !Number.isInteger(epoch) || epoch < 1 || epoch > MOST_EPOCH)
      throw new Error(
        `${path}:${index + 1} A line is an address, or a range of them, and a number from 1: it is ${written}`,
      )
    ranges.push({ ...range, epoch })
  }
  const double = overlapOf(ranges)
  if (double) throw new Error(`${path}: ${formatRange(double)} is there twice`)
  return new Epochs(ranges)
}

function overlapOf(ranges: readonly EpochRange[]): EpochRange | undefined {
  let before: EpochRange | undefined
  for (const range of ranges.toSorted(byFirst)) {
    if (before && range.first <= before.last) return range
    before = range
  }
  return undefined
}

const byFirst = (one: EpochRange, other: EpochRange): number => one.first - other.first

function join(ranges: readonly EpochRange[]): EpochRange[] {
  const joined: EpochRange[] = []
  for (const range of ranges.toSorted(byFirst)) {
    const before = joined.at(-1)
    if (before && before.epoch === range.epoch && before.last + 1 === range.first) before.last = range.last
    else joined.push({ ...range })
  }
  return joined
}
