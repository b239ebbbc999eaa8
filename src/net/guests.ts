// Which connections a listener holds: bounded per address and in all. Where places are short, who has most gives one up.
import type { Connection } from "./connection"

export interface GuestOptions {
  readonly perPeer: number
  readonly overall: number
  /** An address of a higher rank goes before those of a lower one. */
  readonly rankOf: (address: string) => number
}

/** The connections of one address; in each set the one that was silent for longest comes first. */
interface Party {
  readonly rank: number
  /** They have brought nothing yet. */
  readonly idle: Set<Connection>
  readonly kept: Set<Connection>
}

export class Guests {
  /** Who has been here for longest comes first. */
  readonly #parties = new Map<string, Party>()
  #size = 0

  constructor(private readonly options: GuestOptions) {}

  get size(): number {
    return this.#size
  }

  /**
   * Takes a newcomer in, if need be in the place of another one: of its own address where that has its share, otherwise of
   * whoever has most among those of the lowest rank. False where all others are of a higher rank and have no more than one
   * place: then the newcomer has to go.
   */
  admit(connection: Connection): boolean {
    const { perPeer, overall, rankOf } = this.options
    const { remoteAddress } = connection
    const own = this.#parties.get(remoteAddress) ?? { rank: rankOf(remoteAddress), idle: new Set(), kept: new Set() }
    if (sizeOf(own) >= perPeer) dismissOne(own, this)
    else if (this.#size >= overall) {
      const giving = this.#whoGivesWay(own.rank)
      if (!giving) return false
      dismissOne(giving, this)
    }
    own.idle.add(connection)
    this.#parties.set(remoteAddress, own)
    this.#size++
    return true
  }

  /** It has brought something: those of its address that have not, or longer ago, give way before it. */
  keep(connection: Connection): void {
    const own = this.#parties.get(connection.remoteAddress)
    if (own?.idle.delete(connection) || own?.kept.delete(connection)) own.kept.add(connection)
  }

  /** It has gone. May be called twice. */
  leave(connection: Connection): void {
    const own = this.#parties.get(connection.remoteAddress)
    if (!own?.idle.delete(connection) && !own?.kept.delete(connection)) return
    if (sizeOf(own) === 0) this.#parties.delete(connection.remoteAddress)
    this.#size--
  }

  #whoGivesWay(rank: number): Party | undefined {
    let giving: Party | undefined
    for (const party of this.#parties.values()) {
      const isAbove = party.rank > rank && sizeOf(party) === 1
      if (!isAbove && (!giving || givesWayBefore(party, giving))) giving = party
    }
    return giving
  }
}

const sizeOf = ({ idle, kept }: Party): number => idle.size + kept.size

function givesWayBefore(one: Party, other: Party): boolean {
  if (one.rank !== other.rank) return one.rank < other.rank
  if (sizeOf(one) !== sizeOf(other)) return sizeOf(one) > sizeOf(other)
  return one.idle.size > 0 && other.idle.size === 0
}

function dismissOne({ idle, kept }: Party, guests: Guests): void {
  const [connection] = idle.size > 0 ? idle : kept
  if (!connection) return
  guests.leave(connection)
  connection.destroy(new Error("others need its place"))
}
