// Which connections a listener holds: bounded per address and in all; who has brought nothing yet gives way.
import type { Connection } from "./connection"

export interface GuestLimits {
  readonly perPeer: number
  readonly overall: number
}

export class Guests {
  /** The oldest comes first. */
  readonly #idle = new Set<Connection>()
  readonly #byAddress = new Map<string, Set<Connection>>()
  #size = 0

  constructor(private readonly limits: GuestLimits) {}

  get size(): number {
    return this.#size
  }

  /**
   * Takes a newcomer in, if need be in the place of the oldest that has brought nothing: of its own address where that has
   * its share, otherwise of all. False where everybody has: then the newcomer has to go.
   */
  admit(connection: Connection): boolean {
    const { perPeer, overall } = this.limits
    const own = this.#byAddress.get(connection.remoteAddress) ?? new Set()
    if (own.size >= perPeer && !this.#dismissOne(own)) return false
    if (this.#size >= overall && !this.#dismissOne(this.#idle)) return false
    this.#idle.add(connection)
    this.#byAddress.set(connection.remoteAddress, own.add(connection))
    this.#size++
    return true
  }

  /** It has brought something: nobody takes its place. */
  keep(connection: Connection): void {
    this.#idle.delete(connection)
  }

  /** It has gone. May be called twice. */
  leave(connection: Connection): void {
    const own = this.#byAddress.get(connection.remoteAddress)
    if (!own?.delete(connection)) return
    if (own.size === 0) this.#byAddress.delete(connection.remoteAddress)
    this.#idle.delete(connection)
    this.#size--
  }

  #dismissOne(among: ReadonlySet<Connection>): boolean {
    for (const connection of among) {
      if (!this.#idle.has(connection)) continue
      this.leave(connection)
      connection.destroy(new Error("others need its place"))
      return true
    }
    return false
  }
}
