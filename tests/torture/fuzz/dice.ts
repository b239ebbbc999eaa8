// Randomness of which every case has its own: any single one can be thrown again (xoroshiro64**, Blackman and Vigna).

/** What murmur3 ends with: every bit of the input moves half of the output's. */
function mixed(value: number): number {
  let bits = value ^ (value >>> 16)
  bits = Math.imul(bits, 0x85ebca6b)
  bits ^= bits >>> 13
  bits = Math.imul(bits, 0xc2b2ae35)
  return bits ^ (bits >>> 16)
}

export class Dice {
  #low = 1
  #high = 1

  constructor(seed = 0, index = 0) {
    this.begin(seed, index)
  }

  /** From here on the numbers depend on these two alone. */
  begin(seed: number, index: number): void {
    this.#low = mixed(mixed(seed | 0) ^ (index | 0)) | 1
    this.#high = mixed(Math.imul(index | 0, 0x9e3779b1) + (seed | 0))
  }

  /** 32 bits, as a signed number. */
  next(): number {
    const low = this.#low
    const high = this.#high ^ low
    const product = Math.imul(low, 0x9e3779bb)
    this.#low = ((low << 26) | (low >>> 6)) ^ high ^ (high << 9)
    this.#high = (high << 13) | (high >>> 19)
    return Math.imul((product << 5) | (product >>> 27), 5)
  }

  /** A whole number from 0 to below `limit`, which is at most 65,536. */
  below(limit: number): number {
    return (this.next() >>> 8) % limit
  }

  pick<T>(list: readonly [T, ...T[]]): T
  pick<T>(list: readonly T[]): T | undefined
  pick<T>(list: readonly T[]): T | undefined {
    return list[this.below(list.length)]
  }
}
