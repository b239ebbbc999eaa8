// Bytes under construction, in one buffer that every case uses again.
import type { Dice } from "./dice"

const CAPACITY_BYTES = 2048

export class Scratch {
  readonly #bytes = new Uint8Array(CAPACITY_BYTES)
  readonly #views: Uint8Array[] = []
  #length = 0

  constructor() {
    for (let length = 0; length <= CAPACITY_BYTES; length++) this.#views.push(this.#bytes.subarray(0, length))
  }

  /** What is there now; a view that the next case overwrites. */
  get view(): Uint8Array {
    return this.#views[this.#length] ?? this.#bytes
  }

  get length(): number {
    return this.#length
  }

  clear(): void {
    this.#length = 0
  }

  push(byte: number): void {
    if (this.#length < CAPACITY_BYTES) this.#bytes[this.#length++] = byte
  }

  append(bytes: Uint8Array): void {
    if (this.#length + bytes.length > CAPACITY_BYTES) return
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.length
  }

  appendRandom(count: number, dice: Dice): void {
    for (let left = count; left > 0; left -= 4) {
      let bits = dice.next()
      for (let index = Math.min(4, left); index > 0; index--) {
        this.push(bits & 0xff)
        bits >>= 8
      }
    }
  }

  /** Overwrites one byte. */
  put(at: number, byte: number): void {
    this.#bytes[at] = byte
  }

  /** Makes room for so many bytes, whose content is yet to come. */
  insert(at: number, count: number): void {
    if (count === 0 || this.#length + count > CAPACITY_BYTES) return
    this.#bytes.copyWithin(at + count, at, this.#length)
    this.#length += count
  }

  /** One change to what lies behind `from`; `other` is what tails are taken from. */
  mutate(dice: Dice, other: Uint8Array, from = 0): void {
    const span = this.#length - from
    if (span <= 0) return this.appendRandom(1 + dice.below(8), dice)
    const bytes = this.#bytes
    const at = from + dice.below(span)
    const byte = bytes[at] ?? 0
    switch (dice.below(10)) {
      case 0:
      case 1:
        bytes[at] = byte ^ (1 << dice.below(8))
        break
      case 2:
        bytes[at] = dice.next()
        break
      case 3: // length nibbles: 13, 14 and 15 stand for more bytes, or for nothing
        bytes[at] =
          dice.below(2) === 0 ? (byte & 0x0f) | ((13 + dice.below(3)) << 4) : (byte & 0xf0) | (13 + dice.below(3))
        break
      case 4:
        bytes[at] = EDGES[dice.below(EDGES.length)] ?? 0
        break
      case 5:
        this.#length = at
        break
      case 6:
        this.appendRandom(1 + dice.below(8), dice)
        break
      case 7: {
        const cut = 1 + dice.below(Math.min(8, this.#length - at))
        bytes.copyWithin(at, at + cut, this.#length)
        this.#length -= cut
        break
      }
      case 8: {
        const count = 1 + dice.below(8)
        this.insert(at, count)
        for (let index = at; index < at + count; index++) bytes[index] = dice.next()
        break
      }
      default:
        this.#length = at
        this.append(other.subarray(dice.below(other.length)))
    }
  }
}

// Where formats turn: the payload marker, the extended nibbles, the largest and the smallest.
const EDGES = [0x00, 0x01, 0x0d, 0x0e, 0x0f, 0x40, 0x7f, 0x80, 0xd0, 0xdd, 0xe0, 0xee, 0xf0, 0xff]
