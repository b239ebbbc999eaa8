// Which connections a listener holds: bounded per peer and in all. Where places are short, who has most gives one up.
import type { Connection } from "./connection"

export interface GuestOptions {
  readonly perPeer: number
  readonly overall: number
  /** An address of a higher rank goes before those of a lower one. */
  readonly rankOf: (address: string) => number
}

/** The connections of one address, or of one identity; in each set the one that was silent for longest comes first. */
interface Party {
  readonly rank: number
  /** They have brought nothing yet. */
  readonly idle: Set<Connection>
  readonly kept: Set<Connection>
}

export class Guests {
  /** Who has been here for longest comes first. */
  readonly #parties = new Map<string, Party>()
  /** Of connections that have proved who they are. */
  readonly #identities = new Map<Connection, string>()
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
    const own = this.#parties.get(remoteAddress) ?? partyOf(rankOf(remoteAddress))
    if (sizeOf(own) >= perPeer) dismissOne(own, this)
    else if (this.#size >= overall) {
      const giving = this.#whoGivesWay(own.rank)
      if (!giving) return false
      dismissOne(giving, this)
    }
    this.#add(connection, remoteAddress, own)
    return true
  }

  /** It has proved who it is: from now on it counts among those of that identity, and no more to its address. */
  identify(connection: Connection, identity: string, rank: number): void {
    this.leave(connection)
    const own = this.#parties.get(identity) ?? partyOf(rank)
    if (sizeOf(own) >= this.options.perPeer) dismissOne(own, this)
    this.#identities.set(connection, identity)
    this.#add(connection, identity, own)
  }

  /** It has brought something: those of its address that have not, or longer ago, give way before it. */
  keep(connection: Connection): void {
    const own = this.#parties.get(this.#peerOf(connection))
    if (own?.idle.delete(connection) || own?.kept.delete(connection)) own.kept.add(connection)
  }

  /** It has gone. May be called twice. */
  leave(connection: Connection): void {
    const peer = this.#peerOf(connection)
    const own = this.#parties.get(peer)
    if (!own?.idle.delete(connection) && !own?.kept.delete(connection)) return
    if (sizeOf(own) === 0) this.#parties.delete(peer)
    this.#identities.delete(connection)
    this.#size--
  }

  #peerOf(connection: Connection): string {
    return this.#identities.get(connection) ?? connection.remoteAddress
  }

  #add(connection: Connection, peer: string, own: Party): void {
    own.idle.add(connection)
    this.#parties.set(peer, own)
    this.#size++
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

const partyOf = (rank: number): Party => ({ rank, idle: new Set(), kept: new Set() })

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
