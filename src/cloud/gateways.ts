// Who may speak for which site: its gateway alone, known by its key, or without keys by its address.
import { trustInGateway } from "../keys/ends"
import { refusalOf, type Trust } from "../keys/trust"
import type { ShownCertificate } from "../net/tls"
import { contains, type Network, networkAddress, parseAddress } from "../topology/address"
import { type Addressing, bindAddress, boundAddress } from "../topology/addressing"
import { Networks } from "../topology/cloud/networks"
import type { ServedSite, Topology } from "../topology/topology"

const LOOPBACK = "127.0.0.1"
const RANK_OF_A_KEY = 2
const RANK_OF_AN_ADDRESS = 2
const HOST = 32 // the prefix of a single address
const NAMES = /[A-Za-z\d][\w.-]*/g

interface Known {
  /** Where its gateway comes from, if the topology says so. */
  readonly network: Network | undefined
  /** How it is known under TLS. */
  readonly trust: Trust
}

export class Gateways {
  // worked out once for thousands of sites: every delivery, every connection and every handshake asks
  /** The address of the gateway that the topology declares. */
  readonly #own: string
  #sites: ReadonlyMap<string, Known> = new Map()
  #networks = new Networks([])
  /** The fingerprints that sites are known by. */
  #keys: ReadonlySet<string> = new Set()
  /** In small letters: the sites that an authority's certificate may be for. */
  #names: ReadonlyMap<string, readonly string[]> = new Map()
  /** The sites of each key whose certificate an authority signed, by the key's fingerprint. */
  readonly #certified = new Map<string, ReadonlySet<string>>()

  constructor(
    private readonly topology: Topology,
    private readonly addressing: Addressing,
  ) {
    this.#own = bindAddress(topology.gateway.interfaces.cloud.address.ip, addressing)
    this.serve(topology.cloud.sites)
  }

  /** From now on these sites may deliver, and no others. */
  serve(sites: readonly ServedSite[]): void {
    const known = sites.map((served) => {
      const network = served.from && boundNetwork(served.from, this.addressing)
      return { site: served.site, network, trust: trustInGateway(served, this.topology) }
    })
    this.#sites = new Map(known.map(({ site, ...each }) => [site, each]))
    this.#networks = new Networks(known.flatMap(({ network }) => network ?? []))
    this.#keys = new Set(known.flatMap(({ trust }) => (trust.by === "key" ? trust.fingerprints : [])))
    const named = known.flatMap(({ site, trust }) => (trust.by === "authority" ? [site] : []))
    this.#names = Map.groupBy(named, (site) => site.toLowerCase())
  }

  serves(site: string): boolean {
    return this.#sites.has(site)
  }

  /**
   * Under TLS: what a peer's requests show as its identity, and the rank that it has; or why it may speak for nobody, in
   * words that follow "it".
   */
  identify(shown: ShownCertificate, now: number): { identity: string; rank: number } | { refusal: string } {
    const { fingerprint } = shown
    const certified = this.#sitesIn(shown, now)
    if (certified.length === 0 && !this.#keys.has(fingerprint)) {
      const [first] = this.#sites.values()
      return { refusal: (first && refusalOf(shown, first.trust, now)) ?? "there is no site here" }
    }
    if (certified.length > 0) this.#certified.set(fingerprint, new Set(certified))
    else this.#certified.delete(fingerprint)
    return { identity: fingerprint, rank: RANK_OF_A_KEY }
  }

  /**
   * Whether this sender may describe a site, deliver for it and close its collections.
   * @param identity under TLS, as identify() gave it: without it a sender may nothing there
   */
  maySpeakFor(sender: string, site: string, identity?: string): boolean {
    const known = this.#sites.get(site)
    const isKeyed = this.topology.cloud.tls !== undefined
    if (isKeyed && !(known && this.#isKeyOf(identity, site, known.trust))) return false
    // in the simulated network this machine may do so for all
    if (this.addressing === "simulated" && sender === LOOPBACK) return true
    if (!known?.network) return isKeyed || (site === this.topology.site && sender === this.#own)
    const address = parseAddress(sender)
    return address !== undefined && contains(known.network, address)
  }

  /** Who goes first where places are short: 2, a gateway that is named by its address; 1, whoever may speak for a site; 0. */
  rankOf(sender: string): number {
    const { cloud, site } = this.topology
    if (cloud.tls) return 0 // until its key is known
    const own = this.#sites.get(site)
    if (own && !own.network && sender === this.#own) return RANK_OF_AN_ADDRESS
    const isEverybody = this.addressing === "simulated" && sender === LOOPBACK
    const address = parseAddress(sender)
    const named = address === undefined ? undefined : this.#networks.longestPrefixOf(address)
    const prefix = isEverybody ? this.#networks.longestPrefix : named
    if (prefix === HOST) return RANK_OF_AN_ADDRESS
    return prefix !== undefined || (isEverybody && this.#sites.size > 0) ? 1 : 0
  }

  /** Whether this sender may deliver plain text of one of our own devices: the device itself and the gateway may. */
  maySendFor(sender: string, ip: string): boolean {
    return this.maySpeakFor(sender, this.topology.site) || bindAddress(ip, this.addressing) === sender
  }

  #isKeyOf(identity: string | undefined, site: string, trust: Trust): boolean {
    if (identity === undefined) return false
    if (trust.by === "key") return trust.fingerprints.includes(identity)
    return this.#certified.get(identity)?.has(site) ?? false
  }

  /** The sites that a certificate of an authority is for: of those whose names it holds anywhere, its rules decide. */
  #sitesIn(shown: ShownCertificate, now: number): string[] {
    if (this.#names.size === 0) return []
    const { subjectAltName = "", subject = "" } = shown.certificate
    const names = new Set(`${subjectAltName}\n${subject}`.toLowerCase().match(NAMES))
    const sites = [...names].flatMap((name) => this.#names.get(name) ?? [])
    return sites.filter((name) => refusalOf(shown, { by: "authority", name }, now) === undefined)
  }
}

const boundNetwork = (from: Network, addressing: Addressing): Network => ({
  ...from,
  address: boundAddress(networkAddress(from), addressing),
})
