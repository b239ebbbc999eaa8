// Which address may speak for which site: its gateway's alone, because without keys an address is the only identity.
import { contains, type Network, networkAddress, parseAddress } from "../topology/address"
import { type Addressing, bindAddress, boundAddress } from "../topology/addressing"
import type { Topology } from "../topology/topology"

const LOOPBACK = "127.0.0.1"

export class Gateways {
  // worked out once: every delivery asks
  /** The address of the gateway that the topology declares. */
  readonly #own: string
  /** Where each served site's gateway comes from, if the topology says so. */
  readonly #networks: ReadonlyMap<string, Network | undefined>

  constructor(
    private readonly topology: Pick<Topology, "site" | "cloud" | "gateway">,
    private readonly addressing: Addressing,
  ) {
    const { cloud, gateway } = topology
    this.#own = bindAddress(gateway.interfaces.cloud.address.ip, addressing)
    this.#networks = new Map(cloud.sites.map(({ site, from }) => [site, from && boundNetwork(from, addressing)]))
  }

  serves(site: string): boolean {
    return this.#networks.has(site)
  }

  /** Whether this sender may describe a site, deliver for it and close its collections. */
  maySpeakFor(sender: string, site: string): boolean {
    // in the simulated network this machine may do so for all
    if (this.addressing === "simulated" && sender === LOOPBACK) return true
    const network = this.#networks.get(site)
    if (!network) return site === this.topology.site && sender === this.#own
    const address = parseAddress(sender)
    return address !== undefined && contains(network, address)
  }

  /** Who goes first where places are short: 2, a gateway that is named by its address; 1, whoever may speak for a site; 0. */
  rankOf(sender: string): number {
    const sites = [...this.#networks].filter(([site]) => this.maySpeakFor(sender, site))
    const isNamed = sites.some(([, network]) => (network ? network.prefix === 32 : sender === this.#own))
    return isNamed ? 2 : Math.min(1, sites.length)
  }

  /** Whether this sender may deliver plain text of one of our own devices: the device itself and the gateway may. */
  maySendFor(sender: string, ip: string): boolean {
    return this.maySpeakFor(sender, this.topology.site) || bindAddress(ip, this.addressing) === sender
  }
}

const boundNetwork = (from: Network, addressing: Addressing): Network => ({
  ...from,
  address: boundAddress(networkAddress(from), addressing),
})
