// Which devices have a key, and how often it was made anew: `192.168.1.2 1` a line, or `10.0.0.1-10.0.66.64 1`. No secret.
import { errorText } from "../format"
import { type AddressRange, formatRange, parseRange } from "../topology/address"
import { type EpochRange, EpochTable } from "./epoch-table"

const MOST_EPOCH = 0xffff_ffff
const COMMENT = "#"

/** A million single devices cost 12 MB. */
export class Epochs {
  readonly #table: EpochTable

  /** @param ranges in any order. Throws an Error where an address is in two of them. */
  constructor(ranges: Iterable<EpochRange>) {
    const table = new EpochTable()
    for (const range of ranges) table.add(range)
    this.#table = table.inOrder()
  }

  get isEmpty(): boolean {
    return this.#table.size === 0
  }

  /** Undefined: it has no key. */
  epochOf(address: number): number | undefined {
    return this.#table.epochOf(address)
  }

  /** How many addresses of a range have a key. */
  countIn(range: AddressRange): number {
    return this.#table.countIn(range)
  }

  /** What of a range has no key. */
  gapsIn({ first, last }: AddressRange): AddressRange[] {
    const gaps: AddressRange[] = []
    let next = first
    for (const known of this.#table) {
      if (known.last < next || known.first > last) continue
      if (next < known.first) gaps.push({ first: next, last: known.first - 1 })
      next = known.last + 1
    }
    return next <= last ? [...gaps, { first: next, last }] : gaps
  }

  /** What the file says. */
  format(): string {
    return Array.from(this.#table, (range) => `${formatRange(range)} ${range.epoch}\n`).join("")
  }

  /** With the next epoch for all of these addresses, which ends their keys; the first for those that had none. */
  raise(range: AddressRange): Epochs {
    return new Epochs(raised(this.#table, range))
  }
}

function* raised(ranges: Iterable<EpochRange>, { first, last }: AddressRange): Generator<EpochRange> {
  let next = first
  for (const range of ranges) {
    if (range.last < first || range.first > last) {
      yield range
      continue
    }
    const { epoch } = range
    const from = Math.max(range.first, first)
    const to = Math.min(range.last, last)
    if (range.first < from) yield { first: range.first, last: from - 1, epoch }
    if (next < from) yield { first: next, last: from - 1, epoch: 1 }
    yield { first: from, last: to, epoch: epoch + 1 }
    if (to < range.last) yield { first: to + 1, last: range.last, epoch }
    next = to + 1
  }
  if (next <= last) yield { first: next, last, epoch: 1 }
}

/** Throws an Error that names the line. */
export function parseEpochs(text: string, path: string): Epochs {
  try {
    return new Epochs(rangesIn(text))
  } catch (cause) {
    throw new Error(`${path}${errorText(cause)}`, { cause })
  }
}

/** One by one: a list of a million lines would be large. */
function* rangesIn(text: string): Generator<EpochRange> {
  for (let from = 0, line = 1; from < text.length; line++) {
    const end = text.indexOf("\n", from)
    const written = text.slice(from, end < 0 ? undefined : end).trim()
    from = end < 0 ? text.length : end + 1
    if (written === "" || written.startsWith(COMMENT)) continue
    const space = written.lastIndexOf(" ")
    const range = parseRange(written.slice(0, space).trim())
    const epoch = Number(written.slice(space + 1))
    if (!range || !Number.isInteger(epoch) || epoch < 1 || epoch > MOST_EPOCH)
      throw new Error(`:${line} A line is an address, or a range of them, and a number from 1: it is ${written}`)
    yield { ...range, epoch }
  }
}
