// The surveys that came last, whose slots are not written yet: where each is, in some 40 bytes a survey.
import type { Database } from "bun:sqlite"
import { AddressMap } from "./address-map"
import { A_DAY, addressOfSlot } from "./slot"

/** What `slots` will say of a version. */
export interface SlotEntry {
  /** The version's row in `surveys`. */
  readonly id: number
  readonly readings: number
  /** CRC-32 of its body. */
  readonly content: number
  readonly late: number
}

const SETTLED = 0
const FIRST_CAPACITY = 1024

/** What `surveys` has behind `settled` and `slots` does not; also beside a running gateway. */
export function* readTail(sqlite: Database): Generator<SlotEntry & { readonly slot: number }> {
  const rows = sqlite.query<{ slot: number; id: number; readings: number; late: number; body: string }, []>(
    `SELECT slot, id, readings, late, body FROM surveys WHERE id > (SELECT up_to FROM settled)
     AND NOT EXISTS (SELECT 1 FROM slots WHERE slots.slot = surveys.slot AND slots.id = surveys.id) ORDER BY id`,
  )
  for (const { body, ...row } of rows.iterate()) yield { ...row, content: contentOf(body) }
}

/** CRC-32 of a survey's body. */
export const contentOf = (body: string): number => Bun.hash.crc32(body)

export class Tail {
  /** By day: each address's version, counted from the first one here, from 1. */
  readonly #days = new Map<number, AddressMap>()
  #latest: { day: number; versions: AddressMap } | undefined
  #base = 0
  #readings = new Uint32Array(FIRST_CAPACITY)
  #contents = new Uint32Array(FIRST_CAPACITY)
  #late = new Uint8Array(FIRST_CAPACITY)
  #size = 0

  /** Slots that are yet to be written. */
  get size(): number {
    return this.#size
  }

  idOf(slot: number): number | undefined {
    const version = this.#versionsOf(slot)?.get(addressOfSlot(slot)) ?? SETTLED
    return version === SETTLED ? undefined : this.#base + version
  }

  find(slot: number): SlotEntry | undefined {
    const id = this.idOf(slot)
    if (id === undefined) return undefined
    const at = id - this.#base
    const [readings = 0, content = 0, late = 0] = [this.#readings[at], this.#contents[at], this.#late[at]]
    return { id, readings, content, late }
  }

  /** The slot's latest version, of a higher id than all others. */
  add(slot: number, id: number, readings: number, content: number, late: number): void {
    if (this.#size === 0) this.#base = id - 1
    const version = id - this.#base
    if (version >= this.#readings.length) this.#grow(version)
    this.#readings[version] = readings
    this.#contents[version] = content
    this.#late[version] = late
    const versions = this.#versionsOf(slot) ?? this.#begin(slot)
    if (!versions.set(addressOfSlot(slot), version)) this.#size++ // there was none, or it was settled
  }

  /** The slot is written, with this version. */
  settle(slot: number, id: number): void {
    if (this.idOf(slot) !== id) return
    this.#versionsOf(slot)?.set(addressOfSlot(slot), SETTLED)
    this.#size--
    if (this.#size === 0) this.#empty()
  }

  /** All that are yet to be written, rising. */
  slots(): Float64Array {
    const slots = new Float64Array(this.#size)
    let at = 0
    for (const [day, versions] of this.#days) {
      for (const [address, version] of versions) if (version !== SETTLED) slots[at++] = day * A_DAY + address
    }
    return slots.sort()
  }

  /** Whether some may be up to this slot's day. */
  mayHave(upTo: number): boolean {
    return this.#days.keys().some((day) => day * A_DAY <= upTo)
  }

  #versionsOf(slot: number): AddressMap | undefined {
    const day = Math.floor(slot / A_DAY)
    if (this.#latest?.day === day) return this.#latest.versions
    const versions = this.#days.get(day)
    if (versions) this.#latest = { day, versions }
    return versions
  }

  #begin(slot: number): AddressMap {
    const versions = new AddressMap()
    this.#days.set(Math.floor(slot / A_DAY), versions)
    return versions
  }

  #grow(version: number): void {
    const capacity = Math.max(version + 1, this.#readings.length * 2)
    const grown = <T extends Uint32Array | Uint8Array>(longer: T, from: T): T => {
      longer.set(from)
      return longer
    }
    this.#readings = grown(new Uint32Array(capacity), this.#readings)
    this.#contents = grown(new Uint32Array(capacity), this.#contents)
    this.#late = grown(new Uint8Array(capacity), this.#late)
  }

  #empty(): void {
    this.#days.clear()
    this.#latest = undefined
    this.#readings = new Uint32Array(FIRST_CAPACITY)
    this.#contents = new Uint32Array(FIRST_CAPACITY)
    this.#late = new Uint8Array(FIRST_CAPACITY)
  }
}
