// What the two ends of the cloud's leg show each other, read from their files; they stand beside topology.yaml, in keys/.
import { resolve } from "node:path"
import { INVOCATION } from "../installation"
import type { TlsSettings } from "../net/tls"
import { fingerprintOf } from "../net/tls"
import type { ServedSite, Topology } from "../topology/topology"
import { KeyError } from "./errors"
import { type KeyPair, readAuthorities, readKeyPair } from "./files"
import type { Trust } from "./trust"

export type End = "cloud" | "gateway"

/** Where an end's key and its certificate belong. */
export function pathsOf(
  end: End,
  topology: Pick<Topology, "folder" | "cloud" | "gateway">,
): {
  certificate: string
  key: string
} {
  const { folder } = topology
  const { certificate = `keys/${end}.crt`, key = `keys/${end}.key` } = topology[end].tls ?? {}
  return { certificate: resolve(folder, certificate), key: resolve(folder, key) }
}

/** All files that this end reads; none on a plain leg. */
export function filesOf(end: End, topology: Topology): string[] {
  const { cloud, gateway, folder } = topology
  if (!cloud.tls || !gateway.tls) return []
  const { certificate, key } = pathsOf(end, topology)
  const { ca } = end === "cloud" ? gateway.tls : cloud.tls
  return [key, certificate, ...(ca === undefined ? [] : [resolve(folder, ca)])]
}

/** What this end shows and whose authorities it asks, as the files are now; undefined on a plain leg. Throws KeyError. */
export function tlsOf(end: End, topology: Topology): TlsSettings | undefined {
  const { cloud, gateway, folder } = topology
  if (!cloud.tls || !gateway.tls) return undefined
  const { certificate, key } = readOwn(end, topology)
  const { ca } = end === "cloud" ? gateway.tls : cloud.tls
  return {
    certificate,
    key,
    ...(ca !== undefined && { ca: readAuthorities(resolve(folder, ca)) }),
    minVersion: cloud.tls.minVersion,
    ...(end === "gateway" && { serverName: cloudName(topology) }),
  }
}

/** Throws KeyError also where the other end could not know it. */
export function readOwn(end: End, topology: Topology): KeyPair {
  const { certificate, key } = pathsOf(end, topology)
  const { fingerprint: known } = topology[end].tls ?? {}
  const remedy = known
    ? `bring it back, or make another one: ${INVOCATION} pair ${end} --new`
    : `ask the authority for it: the ${end}'s host needs it`
  const pair = readKeyPair(certificate, key, remedy)
  const fingerprint = fingerprintOf(pair.leaf.publicKey)
  if (known && !known.includes(fingerprint)) {
    throw new KeyError(
      `${certificate} has the key ${fingerprint}, which ${end}.tls.fingerprint of ${topology.file} does not name: ${INVOCATION} pair cloud prints what to name`,
    )
  }
  return pair
}

/** What a gateway shows, and whom it takes for its cloud. */
export interface GatewaySecurity {
  readonly tls: TlsSettings
  readonly trust: Trust
}

/** As the files are now: a certificate that was made anew is shown from the next connection on. Throws KeyError. */
export function gatewaySecurity(topology: Topology): GatewaySecurity | undefined {
  const tls = tlsOf("gateway", topology)
  const { fingerprint, ca } = topology.cloud.tls ?? {}
  return tls && { tls, trust: trustBy(fingerprint, ca, cloudName(topology)) }
}

/**
 * What a gateway that runs shows at each connection. A key that is being changed, or was lost, leaves the one of before until
 * the next start. Throws KeyError where there was none.
 * @param warn hears once why it is not another one
 */
export function keepingSecurity(topology: Topology, warn: (text: string) => void): () => GatewaySecurity | undefined {
  let shown: GatewaySecurity | undefined
  let told = ""
  return () => {
    try {
      return (shown = gatewaySecurity(topology))
    } catch (error) {
      if (!shown || !(error instanceof KeyError)) throw error
      if (told !== error.message) warn(`The gateway's key of before is still shown: ${error.message}`)
      told = error.message
      return shown
    }
  }
}

/** How the cloud knows a site's gateway: by the key that is named beside the site, or its own by gateway.tls. */
export function trustInGateway(
  { site, fingerprint }: ServedSite,
  { site: own, gateway }: Pick<Topology, "site" | "gateway">,
): Trust {
  const fingerprints = fingerprint ?? (site === own ? gateway.tls?.fingerprint : undefined)
  return trustBy(fingerprints, gateway.tls?.ca, site)
}

/** Without an authority nobody has one of its certificates: Bun would take those of the public ones. */
const trustBy = (fingerprints: readonly string[] | undefined, ca: string | undefined, name: string): Trust =>
  fingerprints || ca === undefined ? { by: "key", fingerprints: fingerprints ?? [] } : { by: "authority", name }

const cloudName = ({ cloud }: Topology): string => cloud.tls?.name ?? cloud.address
