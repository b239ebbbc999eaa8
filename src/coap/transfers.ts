// The block-wise transfers that a server holds: bounded in number, bytes and time, per address and in all. No sockets.
import type { Clock } from "../clock"
import { NO_BYTES } from "./option"
import { EXCHANGE_LIFETIME_MS, type Request, type Response } from "./resource"

export interface TransferLimits {
  /** Transfers of one address, finished ones included. */
  readonly perAddress: number
  /** Transfers in all, finished ones included. */
  readonly transfers: number
  /** Bytes held, in all. */
  readonly totalBytes: number
}

export interface Transfer {
  /** What tells its blocks from those of all others; it begins with the endpoint and a space. */
  readonly key: string
  readonly address: string
  /** When its first block came, ms since the epoch. */
  readonly arrivedAt: number
  /** Both by the monotonic clock. */
  readonly startedAt: number
  touchedAt: number
  blocks: number
  /** What has come, and room for more; once it is finished, the last block alone, to know it again. */
  buffer: Uint8Array
  receivedBytes: number
  lastBytes: number
  /** Its share of the memory. */
  heldBytes: number
  /** Of a finished transfer. */
  answer?: Response | Promise<Response>
}

const PACE_MS = 1000 // a block: what goes on more slowly gives way where places are short
const LONGEST_STAY_MS = 30_000 // so does whatever takes longer than this
const LOOK_EVERY_MS = 100 // for those that are slow, and for who holds most
const MUCH_MORE = 4 // times what whoever asks would hold
const OBJECT_BYTES = 512 // of a transfer, beside its key and its buffer
const FIRST_BYTES = 1024 // of a buffer, which doubles: a block may be small, and there may be many
const MOST_SPARE = 1024 // first buffers of transfers that came to nothing: a flood of them makes no work for the collector

/** What an address holds; the transfer that was silent for longest comes first. */
interface Share {
  readonly transfers: Transfer[]
  heldBytes: number
}

/** begin() → append() → hold(): from then on it counts. Then release() → append() → hold() for each block, or remove(). */
export class Transfers {
  /** In each of these the one that was silent for longest comes first. */
  readonly #byKey = new Map<string, Transfer>()
  readonly #byAddress = new Map<string, Share>()
  readonly #finished = new Set<Transfer>()
  #heldBytes = 0
  /** Keys of transfers that were slow at the last look, the most silent last. */
  #slow: string[] = []
  #lookedAt = Number.NEGATIVE_INFINITY
  /** The address that held most at the last comparison. */
  #greediest = ""
  #comparedAt = Number.NEGATIVE_INFINITY
  readonly #spare: Uint8Array[] = []

  constructor(
    private readonly limits: TransferLimits,
    private readonly clock: Pick<Clock, "monotonic">,
  ) {}

  get size(): number {
    return this.#byKey.size
  }

  get(key: string): Transfer | undefined {
    return this.#byKey.get(key)
  }

  /** A transfer of which nothing has come yet. */
  begin(key: string, { address, arrivedAt }: Pick<Request, "address" | "arrivedAt">): Transfer {
    const startedAt = this.clock.monotonic()
    const heldBytes = OBJECT_BYTES + key.length
    const empty = { blocks: 0, buffer: NO_BYTES, receivedBytes: 0, lastBytes: 0, heldBytes }
    return { key, address, arrivedAt, startedAt, touchedAt: startedAt, ...empty }
  }

  /** Adds a block to one that is not held; false, and nothing is left of it, where there is no room. */
  append(transfer: Transfer, block: Uint8Array): boolean {
    const receivedBytes = transfer.receivedBytes + block.length
    let capacity = Math.max(FIRST_BYTES, transfer.buffer.length)
    while (capacity < receivedBytes) capacity *= 2
    const heldBytes = OBJECT_BYTES + transfer.key.length + capacity
    if (!this.#makeRoom(heldBytes, transfer.address)) {
      this.#recycle(transfer)
      return false
    }
    if (capacity > transfer.buffer.length) {
      const spare = capacity === FIRST_BYTES ? this.#spare.pop() : undefined
      const grown = spare ?? new Uint8Array(capacity)
      grown.set(transfer.buffer)
      this.#recycle(transfer)
      transfer.buffer = grown
    }
    transfer.buffer.set(block, transfer.receivedBytes)
    transfer.receivedBytes = receivedBytes
    transfer.lastBytes = block.length
    transfer.heldBytes = heldBytes
    transfer.blocks++
    return true
  }

  /** The whole body of one that is not held; of it only the last block is left. */
  finish(transfer: Transfer): Uint8Array {
    const { buffer, receivedBytes, lastBytes, key } = transfer
    transfer.buffer = buffer.slice(receivedBytes - lastBytes, receivedBytes)
    transfer.heldBytes = OBJECT_BYTES + key.length + lastBytes
    return buffer.subarray(0, receivedBytes)
  }

  /** Keeps it, as the one that was heard last. */
  hold(transfer: Transfer): void {
    const { key, address, answer, heldBytes } = transfer
    transfer.touchedAt = this.clock.monotonic()
    this.#byKey.set(key, transfer)
    if (answer) this.#finished.add(transfer)
    const share = this.#byAddress.get(address) ?? { transfers: [], heldBytes: 0 }
    share.transfers.push(transfer)
    share.heldBytes += heldBytes
    this.#byAddress.set(address, share)
    this.#heldBytes += heldBytes
  }

  /** Takes it out, so that it may be changed. */
  release(transfer: Transfer): void {
    const { key, address, heldBytes } = transfer
    this.#byKey.delete(key)
    this.#finished.delete(transfer)
    this.#heldBytes -= heldBytes
    const share = this.#byAddress.get(address)
    if (!share) return
    share.transfers.splice(share.transfers.indexOf(transfer), 1)
    share.heldBytes -= heldBytes
    if (share.transfers.length === 0) this.#byAddress.delete(address)
  }

  /** Forgets it. */
  remove(transfer: Transfer): void {
    this.release(transfer)
    this.#recycle(transfer)
  }

  /** All of an endpoint that has gone. */
  removeAll(address: string, endpoint: string): void {
    for (const transfer of [...(this.#byAddress.get(address)?.transfers ?? [])]) {
      if (transfer.key.startsWith(`${endpoint} `)) this.remove(transfer)
    }
  }

  /** Those of which nothing was heard for EXCHANGE_LIFETIME. */
  removeExpired(): void {
    const oldest = this.clock.monotonic() - EXCHANGE_LIFETIME_MS
    for (const transfer of this.#byKey.values()) {
      if (transfer.touchedAt >= oldest) break
      this.remove(transfer)
    }
  }

  /** A place for one transfer more of this address, which loses its own oldest if it has its share already. */
  makePlace(address: string): void {
    const { transfers = [] } = this.#byAddress.get(address) ?? {}
    const [oldest] = transfers
    if (oldest && transfers.length >= this.limits.perAddress) this.remove(oldest)
  }

  /**
   * Room for one of so many bytes, at the cost of finished ones, which only spare a repetition, then of slow ones, then of
   * an address that has several and holds much more than the one that asks.
   */
  #makeRoom(bytes: number, address: string): boolean {
    const { transfers, totalBytes } = this.limits
    const isFull = () => this.#byKey.size >= transfers || this.#heldBytes + bytes > totalBytes
    while (isFull()) {
      const [finished] = this.#finished
      const asked = (this.#byAddress.get(address)?.heldBytes ?? 0) + bytes
      const least = finished ?? this.#slowest() ?? this.#ofGreediest(asked)
      if (!least) return false
      this.remove(least)
    }
    return true
  }

  #recycle({ buffer, answer }: Transfer): void {
    if (answer === undefined && buffer.length === FIRST_BYTES && this.#spare.length < MOST_SPARE)
      this.#spare.push(buffer)
  }

  /**
   * One that does not keep its pace, the most silent first: an address that was forged begins many and ends none. Whoever
   * goes on keeps its place, however many others ask for it: taking turns, nobody would get through.
   */
  #slowest(): Transfer | undefined {
    const monotonic = this.clock.monotonic()
    if (this.#slow.length === 0 && monotonic - this.#lookedAt >= LOOK_EVERY_MS) {
      this.#lookedAt = monotonic
      for (const transfer of this.#byKey.values()) if (isSlow(transfer, monotonic)) this.#slow.push(transfer.key)
      this.#slow.reverse()
    }
    for (let key = this.#slow.pop(); key !== undefined; key = this.#slow.pop()) {
      const transfer = this.#byKey.get(key)
      if (transfer && isSlow(transfer, monotonic)) return transfer
    }
    return undefined
  }

  /** Its most silent one. An address that has one keeps it: what goes on is worth more than what begins. */
  #ofGreediest(askedBytes: number): Transfer | undefined {
    const isGreedy = (share: Share | undefined): share is Share =>
      share !== undefined && share.transfers.length > 1 && share.heldBytes > MUCH_MORE * askedBytes
    const monotonic = this.clock.monotonic()
    if (!isGreedy(this.#byAddress.get(this.#greediest)) && monotonic - this.#comparedAt >= LOOK_EVERY_MS) {
      this.#comparedAt = monotonic
      let most = 0
      for (const [address, { transfers, heldBytes }] of this.#byAddress) {
        if (transfers.length < 2 || heldBytes <= most) continue
        most = heldBytes
        this.#greediest = address
      }
    }
    const share = this.#byAddress.get(this.#greediest)
    return isGreedy(share) ? share.transfers[0] : undefined
  }
}

function isSlow({ answer, startedAt, blocks }: Transfer, monotonic: number): boolean {
  return answer === undefined && monotonic - startedAt > Math.min(LONGEST_STAY_MS, blocks * PACE_MS)
}
