// A map from IPv4 addresses to small numbers that a million devices can afford: 8 to 32 bytes each, no objects.

const SMALLEST = 16 // slots, a power of two
const GOLDEN = 0x9e37_79b1 // 2^32 / φ: spreads neighbours (Knuth, TAOCP 6.4)

export class AddressMap {
  #addresses = new Uint32Array(SMALLEST)
  /** The number plus one; zero marks a free slot. */
  #values = new Uint32Array(SMALLEST)
  #size = 0

  get size(): number {
    return this.#size
  }

  /** Memory that it takes. */
  get sizeBytes(): number {
    return this.#addresses.byteLength + this.#values.byteLength
  }

  /** Undefined when the address is not there. */
  get(address: number): number | undefined {
    const value = this.#values[this.#slotOf(address)] ?? 0
    return value === 0 ? undefined : value - 1
  }

  /**
   * Returns the number that it had before.
   * @param value 0 to 2^32 − 2
   */
  set(address: number, value: number): number | undefined {
    const slot = this.#slotOf(address)
    const before = this.#values[slot] ?? 0
    if (before === 0) this.#size++
    this.#addresses[slot] = address
    this.#values[slot] = value + 1
    if (this.#size * 2 > this.#addresses.length) this.#grow()
    return before === 0 ? undefined : before - 1
  }

  /** Each address with its number, in no order. */
  *[Symbol.iterator](): Generator<readonly [address: number, value: number]> {
    for (let slot = 0; slot < this.#values.length; slot++) {
      const value = this.#values[slot] ?? 0
      if (value !== 0) yield [this.#addresses[slot] ?? 0, value - 1]
    }
  }

  /** Where the address is, or would be. */
  #slotOf(address: number): number {
    const mask = this.#addresses.length - 1
    let slot = (Math.imul(address, GOLDEN) >>> 7) & mask
    while (this.#values[slot] !== 0 && this.#addresses[slot] !== address) slot = (slot + 1) & mask
    return slot
  }

  #grow(): void {
    const [addresses, values] = [this.#addresses, this.#values]
    this.#addresses = new Uint32Array(addresses.length * 2)
    this.#values = new Uint32Array(values.length * 2)
    for (let slot = 0; slot < values.length; slot++) {
      const value = values[slot] ?? 0
      if (value === 0) continue
      const to = this.#slotOf(addresses[slot] ?? 0)
      this.#addresses[to] = addresses[slot] ?? 0
      this.#values[to] = value
    }
  }
}
