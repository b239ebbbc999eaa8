// Many networks, asked which of them an address is in: a look-up for each length of prefix that occurs, of 32 (RFC 4632).
import { type Network, networkAddress } from "../address"

export class Networks {
  /** The networks' own addresses, by their prefix; the longest one first. */
  readonly #byPrefix: readonly (readonly [prefix: number, addresses: ReadonlySet<number>])[]

  constructor(networks: Iterable<Network>) {
    const byPrefix = new Map<number, Set<number>>()
    for (const network of networks) {
      const addresses = byPrefix.get(network.prefix) ?? new Set()
      byPrefix.set(network.prefix, addresses.add(networkAddress(network)))
    }
    this.#byPrefix = [...byPrefix].sort(([one], [other]) => other - one)
  }

  /** Of all of them; undefined where there are none. */
  get longestPrefix(): number | undefined {
    return this.#byPrefix[0]?.[0]
  }

  /** Of those that the address is in; undefined where it is in none. */
  longestPrefixOf(address: number): number | undefined {
    return this.#byPrefix.find(([prefix, addresses]) => addresses.has(networkAddress({ ip: "", address, prefix })))?.[0]
  }
}
