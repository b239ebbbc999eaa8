// Ranges of addresses, each with a number, in as little memory as they need: three columns, as long as there are ranges.
import { type AddressRange, formatAddress } from "../topology/address"

/** Devices whose keys are of one epoch, 1 or more. */
export interface EpochRange extends AddressRange {
  readonly epoch: number
}

const FIRST_ROWS = 64

/** add() all, then inOrder(). */
export class EpochTable implements Iterable<EpochRange> {
  #first = new Uint32Array(FIRST_ROWS)
  #last = new Uint32Array(FIRST_ROWS)
  #epoch = new Uint32Array(FIRST_ROWS)
  #size = 0
  #isRising = true

  get size(): number {
    return this.#size
  }

  /** One that follows the one before, with the same number, is one with it. */
  add({ first, last, epoch }: EpochRange): void {
    const before = this.#size - 1
    if (before >= 0 && this.#last[before] === first - 1 && this.#epoch[before] === epoch) {
      this.#last[before] = last
      return
    }
    if (before >= 0 && (this.#last[before] ?? 0) >= first) this.#isRising = false
    if (this.#size === this.#first.length) this.#grow()
    this.#first[this.#size] = first
    this.#last[this.#size] = last
    this.#epoch[this.#size] = epoch
    this.#size++
  }

  /** Rising, and each address once. Throws an Error where one is there twice. */
  inOrder(): EpochTable {
    if (this.#isRising) return this
    const order = Uint32Array.from({ length: this.#size }, (_, row) => row)
    order.sort((one, other) => (this.#first[one] ?? 0) - (this.#first[other] ?? 0))
    const sorted = new EpochTable()
    for (let place = 0; place < order.length; place++) sorted.add(this.#row(order[place] ?? 0))
    for (let row = 1; row < sorted.#size; row++) {
      const { first } = sorted.#row(row)
      if (first <= sorted.#row(row - 1).last) throw new Error(`: ${formatAddress(first)} is there twice`)
    }
    return sorted
  }

  epochOf(address: number): number | undefined {
    const row = this.#rowOf(address)
    return row < this.#size && (this.#first[row] ?? 0) <= address ? this.#epoch[row] : undefined
  }

  /** How many addresses of a range have a number. */
  countIn({ first, last }: AddressRange): number {
    let counted = 0
    for (let row = this.#rowOf(first); row < this.#size && (this.#first[row] ?? 0) <= last; row++)
      counted += Math.min(this.#last[row] ?? 0, last) - Math.max(this.#first[row] ?? 0, first) + 1
    return counted
  }

  *[Symbol.iterator](): Generator<EpochRange> {
    for (let row = 0; row < this.#size; row++) yield this.#row(row)
  }

  /** The first row that does not end before the address. */
  #rowOf(address: number): number {
    let low = 0
    let high = this.#size
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#last[middle] ?? 0) < address) low = middle + 1
      else high = middle
    }
    return low
  }

  #row(row: number): EpochRange {
    return { first: this.#first[row] ?? 0, last: this.#last[row] ?? 0, epoch: this.#epoch[row] ?? 0 }
  }

  #grow(): void {
    const grown = (column: Uint32Array) => {
      const longer = new Uint32Array(2 * column.length)
      longer.set(column)
      return longer
    }
    this.#first = grown(this.#first)
    this.#last = grown(this.#last)
    this.#epoch = grown(this.#epoch)
  }
}
