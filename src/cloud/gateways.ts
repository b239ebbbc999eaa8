// Which address may speak for which site: its gateway's alone, because without keys an address is the only identity.
import { contains, networkAddress, parseAddress } from "../topology/address"
import { type Addressing, bindAddress, boundAddress } from "../topology/addressing"
import type { Topology } from "../topology/topology"

const LOOPBACK = "127.0.0.1"

export class Gateways {
  constructor(
    private readonly topology: Pick<Topology, "site" | "cloud" | "gateway">,
    private readonly addressing: Addressing,
  ) {}

  serves(site: string): boolean {
    return this.topology.cloud.sites.some((served) => served.site === site)
  }

  /** Whether this sender may describe a site, deliver for it and close its collections. */
  maySpeakFor(sender: string, site: string): boolean {
    // in the simulated network this machine may do so for all
    if (this.addressing === "simulated" && sender === LOOPBACK) return true
    const { from } = this.topology.cloud.sites.find((served) => served.site === site) ?? {}
    if (from) return this.#isFrom(from, sender)
    return site === this.topology.site && this.isOwn(sender)
  }

  /** Whether this is the gateway that the topology declares. */
  isOwn(sender: string): boolean {
    return bindAddress(this.topology.gateway.interfaces.cloud.address.ip, this.addressing) === sender
  }

  #isFrom(from: NonNullable<Topology["cloud"]["sites"][number]["from"]>, sender: string): boolean {
    const address = parseAddress(sender)
    if (address === undefined) return false
    const first = boundAddress(networkAddress(from), this.addressing)
    return contains({ ...from, address: first }, address)
  }
}
