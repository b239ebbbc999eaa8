// Who may speak for which site: its gateway alone, known by its key, or without keys by its address.
import { trustInGateway } from "../keys/ends"
import { refusalOf } from "../keys/trust"
import type { ShownCertificate } from "../net/tls"
import { contains, type Network, networkAddress, parseAddress } from "../topology/address"
import { type Addressing, bindAddress, boundAddress } from "../topology/addressing"
import type { Topology } from "../topology/topology"

const LOOPBACK = "127.0.0.1"
const RANK_OF_A_KEY = 2

export class Gateways {
  // worked out once: every delivery asks
  /** The address of the gateway that the topology declares. */
  readonly #own: string
  /** Where each served site's gateway comes from, if the topology says so. */
  readonly #networks: ReadonlyMap<string, Network | undefined>
  /** By the fingerprint of a key that was taken: the sites that it may speak for. */
  readonly #sitesOf = new Map<string, ReadonlySet<string>>()

  constructor(
    private readonly topology: Topology,
    private readonly addressing: Addressing,
  ) {
    const { cloud, gateway } = topology
    this.#own = bindAddress(gateway.interfaces.cloud.address.ip, addressing)
    this.#networks = new Map(cloud.sites.map(({ site, from }) => [site, from && boundNetwork(from, addressing)]))
  }

  serves(site: string): boolean {
    return this.#networks.has(site)
  }

  /**
   * Under TLS: what a peer's requests show as its identity, and the rank that it has; or why it may speak for nobody, in
   * words that follow "it".
   */
  identify(shown: ShownCertificate, now: number): { identity: string; rank: number } | { refusal: string } {
    const refusals = new Map<string, string | undefined>()
    for (const site of this.#networks.keys()) {
      refusals.set(site, refusalOf(shown, trustInGateway(site, this.topology), now))
    }
    const sites = [...refusals].filter(([, refusal]) => refusal === undefined).map(([site]) => site)
    const [refusal = "there is no site here"] = refusals.values()
    if (sites.length === 0) return { refusal }
    this.#sitesOf.set(shown.fingerprint, new Set(sites))
    return { identity: shown.fingerprint, rank: RANK_OF_A_KEY }
  }

  /**
   * Whether this sender may describe a site, deliver for it and close its collections.
   * @param identity under TLS, as identify() gave it: without it a sender may nothing there
   */
  maySpeakFor(sender: string, site: string, identity?: string): boolean {
    const isKeyed = this.topology.cloud.tls !== undefined
    if (isKeyed && !this.#sitesOf.get(identity ?? "")?.has(site)) return false
    // in the simulated network this machine may do so for all
    if (this.addressing === "simulated" && sender === LOOPBACK) return true
    const network = this.#networks.get(site)
    if (!network) return isKeyed || (site === this.topology.site && sender === this.#own)
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
