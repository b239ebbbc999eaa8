// The keys of gateway and cloud: made where they are missing, and the lines of topology.yaml that name them.
import { existsSync } from "node:fs"
import { relative } from "node:path"
import { makePair } from "../../keys/certificate"
import { type End, pathsOf } from "../../keys/ends"
import { readKeyPair, writeSecret } from "../../keys/files"
import { fingerprintOf } from "../../net/tls"
import type { Topology } from "../../topology/topology"
import { UsageError } from "../arguments"
import type { Screen } from "../screen"

const ENDS: readonly End[] = ["cloud", "gateway"]

/** Throws KeyError where a file that is there cannot be used: it is never written anew. */
export async function pairCloud(topology: Topology, screen: Screen): Promise<void> {
  for (const end of ENDS) refuseAuthority(end, topology)
  const fingerprints = ENDS.map((end) => fingerprintFor(end, topology, screen))
  await screen.print(linesFor(topology, fingerprints))
  screen.plain()
  screen.info("These lines belong into topology.yaml of both hosts. Fingerprints are no secret; files are:")
  for (const end of ENDS) screen.info(`  the ${end}'s host needs ${shown(end, topology)}, and no other host does`)
  screen.info("Then start both again. While a key is changed for another, fingerprint may be a list: [ old, new ].")
}

function refuseAuthority(end: End, { [end]: { tls } }: Topology): void {
  if (tls?.ca === undefined) return
  throw new UsageError(`${end}.tls.ca names an authority: ask that one for the certificate, or take the line away`)
}

/** Of the key that is there, or of a new one. */
function fingerprintFor(end: End, topology: Topology, screen: Screen): string {
  const { certificate, key } = pathsOf(end, topology)
  if (existsSync(certificate) || existsSync(key)) {
    const { leaf } = readKeyPair(certificate, key, "its other half is: move that away, and pair again")
    screen.info(`The ${end}'s key is there already, and stays: ${shown(end, topology)}`)
    return fingerprintOf(leaf.publicKey)
  }
  const pair = makePair(end === "cloud" ? topology.cloud.address : topology.site)
  writeSecret(key, pair.key)
  writeSecret(certificate, pair.certificate)
  screen.success(`The ${end}'s key is made: ${shown(end, topology)}`)
  return fingerprintOf(pair.publicKey)
}

/** Both files, as seen from the topology's folder. */
function shown(end: End, topology: Topology): string {
  const { certificate, key } = pathsOf(end, topology)
  return [key, certificate].map((path) => relative(topology.folder, path)).join(" and ")
}

/** What to write, at its place: keys that are named already stay, so that a change has no gap. */
function linesFor(topology: Topology, fingerprints: readonly string[]): string {
  const lines = ENDS.flatMap((end, index) => {
    const named = topology[end].tls?.fingerprint ?? []
    const all = [...new Set([...named, ...fingerprints.slice(index, index + 1)])]
    const value = all.length > 1 ? `[ ${all.join(", ")} ]` : all.join("")
    return [`${end}:`, `  tls: { fingerprint: ${value} }`]
  })
  return `${lines.join("\n")}\n`
}
