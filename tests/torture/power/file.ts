// One file's bytes on a disk: what is durable, what was written since, and what a power cut may leave of that.
import type { Random } from "../../../src/clock"
import type { Event } from "./trace"

export const SECTOR_BYTES = 512 // what a disk writes whole or not at all

export type Write = Extract<Event, { kind: "write" }>
export type Change = Write | Extract<Event, { kind: "truncate" }>

/** What is left of the writes that nobody synced. */
export type Loss =
  | { readonly kind: "nothing" }
  /** All but the first sectors of one write that was under way. */
  | { readonly kind: "torn"; readonly write: Write; readonly sectors: number }
  | { readonly kind: "everything" }
  /** In each file another number of writes is there. */
  | { readonly kind: "behind"; readonly random: Random }
  /** In each sector another number of writes is there; `share` of them is up to date. */
  | { readonly kind: "scattered"; readonly random: Random; readonly share: number }

/** How many sectors a write touches. */
export function sectorsOf({ offset, data }: Write): number {
  return Math.floor((offset + data.length - 1) / SECTOR_BYTES) - Math.floor(offset / SECTOR_BYTES) + 1
}

export class File {
  #durable: Uint8Array = new Uint8Array(0)
  readonly #written = new Bytes(this.#durable)
  #whole: Uint8Array | undefined
  #pending: Change[] = []

  get pendingSectors(): number {
    return this.#pending.reduce((sum, change) => sum + (change.kind === "write" ? sectorsOf(change) : 1), 0)
  }

  change(change: Change): void {
    this.#written.change(change)
    this.#whole = undefined
    this.#pending.push(change)
  }

  sync(): void {
    this.#durable = this.#now()
    this.#pending = []
  }

  after(loss: Loss, name: string): Uint8Array {
    switch (loss.kind) {
      case "nothing":
        return this.#now()
      case "everything":
        return this.#durable
      case "torn":
        return loss.write.file === name ? this.#torn(loss.write, loss.sectors) : this.#now()
      case "behind":
        return this.#behind(loss.random)
      case "scattered":
        return this.#scattered(loss.random, loss.share)
    }
  }

  #now(): Uint8Array {
    this.#whole ??= this.#written.copy()
    return this.#whole
  }

  #torn(write: Write, sectors: number): Uint8Array {
    const bytes = new Bytes(this.#now())
    bytes.change(firstSectors(write, sectors))
    return bytes.end()
  }

  #behind(random: Random): Uint8Array {
    if (this.#pending.length === 0) return this.#durable
    const bytes = new Bytes(this.#durable)
    const there = Math.floor(random() * (this.#pending.length + 1))
    for (const change of this.#pending.slice(0, there)) bytes.change(change)
    const torn = this.#pending[there]
    if (torn?.kind === "write") bytes.change(firstSectors(torn, Math.floor(random() * sectorsOf(torn))))
    return bytes.end()
  }

  #scattered(random: Random, share: number): Uint8Array {
    if (this.#pending.length === 0) return this.#durable
    const bytes = new Bytes(this.#durable)
    const reached = new Map<number, number>() // by sector: the changes from here on are not there
    const reaches = (sector: number, index: number) => {
      const limit = reached.get(sector) ?? (random() < share ? Infinity : Math.floor(random() * this.#pending.length))
      reached.set(sector, limit)
      return index < limit
    }
    for (const [index, change] of this.#pending.entries()) {
      if (change.kind === "truncate") {
        if (reaches(-1, index)) bytes.change(change)
      } else for (const part of sectorsIn(change)) if (reaches(part.sector, index)) bytes.change(part)
    }
    return bytes.end()
  }
}

/** Bytes that grow. */
class Bytes {
  #bytes: Uint8Array
  #size: number

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes.slice()
    this.#size = bytes.length
  }

  change(change: Change): void {
    if (change.kind === "truncate") {
      if (change.size > this.#size) this.#reserve(change.size)
      else this.#bytes.fill(0, change.size, this.#size)
      this.#size = change.size
      return
    }
    if (change.data.length === 0) return
    const end = change.offset + change.data.length
    this.#reserve(end)
    this.#bytes.set(change.data, change.offset)
    this.#size = Math.max(this.#size, end)
  }

  copy(): Uint8Array {
    return this.#bytes.slice(0, this.#size)
  }

  /** Themselves: they may not be changed any more. */
  end(): Uint8Array {
    return this.#bytes.subarray(0, this.#size)
  }

  #reserve(size: number): void {
    if (size <= this.#bytes.length) return
    const grown = new Uint8Array(size * 2)
    grown.set(this.#bytes)
    this.#bytes = grown
  }
}

function firstSectors(write: Write, sectors: number): Write {
  const bytes = Math.max(0, (Math.floor(write.offset / SECTOR_BYTES) + sectors) * SECTOR_BYTES - write.offset)
  return { ...write, data: write.data.subarray(0, bytes) }
}

function* sectorsIn(write: Write): Generator<Write & { sector: number }> {
  const end = write.offset + write.data.length
  for (let from = write.offset; from < end; ) {
    const sector = Math.floor(from / SECTOR_BYTES)
    const to = Math.min(end, (sector + 1) * SECTOR_BYTES)
    yield { ...write, sector, offset: from, data: write.data.subarray(from - write.offset, to - write.offset) }
    from = to
  }
}
