// The keys of gateway and cloud: made where they are missing, and the lines of topology.yaml that name them.
import { existsSync } from "node:fs"
import { relative } from "node:path"
import { INVOCATION } from "../../installation"
import { makePair } from "../../keys/certificate"
import { type End, pathsOf } from "../../keys/ends"
import { readKeyPair, replaceFile } from "../../keys/files"
import { fingerprintOf } from "../../net/tls"
import type { Topology } from "../../topology/topology"
import { UsageError } from "../arguments"
import type { Screen } from "../screen"

const ENDS: readonly End[] = ["cloud", "gateway"]

/**
 * Makes the keys of both ends where nobody knows of any; prints the lines that name them.
 * @param anew the end whose key is made anew: the one of before is worth nothing once its line is taken away
 * Throws KeyError where a file that is there cannot be used: without `anew` none is written anew.
 */
export async function pairCloud(topology: Topology, screen: Screen, anew?: End): Promise<void> {
  for (const end of ENDS) refuseAuthority(end, topology)
  const fingerprints = ENDS.map((end) =>
    end === anew ? makeKey(end, topology, screen) : fingerprintFor(end, topology, screen),
  )
  await screen.print(linesFor(topology, fingerprints))
  screen.plain()
  screen.info(
    "Each tls line belongs under its section in topology.yaml, on both hosts. Fingerprints are no secret; files are:",
  )
  for (const end of ENDS) screen.info(`  the ${end}'s host needs ${shown(end, topology)}, and no other host does`)
  screen.info(
    "Then start both again. Where two are named, take the first one out when both hosts have started with the second.",
  )
}

function refuseAuthority(end: End, { [end]: { tls } }: Topology): void {
  if (tls?.ca === undefined) return
  throw new UsageError(`${end}.tls.ca names an authority: ask that one for the certificate, or take the line away`)
}

/** Of the key that is here, or of a new one; undefined where it is on another host. */
function fingerprintFor(end: End, topology: Topology, screen: Screen): string | undefined {
  const { certificate, key } = pathsOf(end, topology)
  if (existsSync(certificate) || existsSync(key)) {
    const again = `bring it back, or make both anew: ${INVOCATION} pair ${end} --new`
    const { leaf } = readKeyPair(certificate, key, again)
    screen.info(`The ${end}'s key is there already, and stays: ${shown(end, topology)}`)
    return fingerprintOf(leaf.publicKey)
  }
  if (!topology[end].tls) return makeKey(end, topology, screen)
  screen.info(`The ${end}'s key is not on this host, and stays. If it is lost: ${INVOCATION} pair ${end} --new`)
  return undefined
}

function makeKey(end: End, topology: Topology, screen: Screen): string {
  const { certificate, key } = pathsOf(end, topology)
  const pair = makePair(end === "cloud" ? topology.cloud.address : topology.site)
  replaceFile(key, pair.key)
  replaceFile(certificate, pair.certificate)
  screen.success(`The ${end}'s key is made: ${shown(end, topology)}`)
  return fingerprintOf(pair.publicKey)
}

/** Both files, as seen from the topology's folder. */
function shown(end: End, topology: Topology): string {
  const { certificate, key } = pathsOf(end, topology)
  return [key, certificate].map((path) => relative(topology.folder, path)).join(" and ")
}

/** What to write, at its place: keys that are named already stay, so that a change has no gap. */
function linesFor(topology: Topology, fingerprints: readonly (string | undefined)[]): string {
  const lines = ENDS.flatMap((end, index) => {
    const named = topology[end].tls?.fingerprint ?? []
    const all = [...new Set([...named, ...fingerprints.slice(index, index + 1)])].filter((one) => one !== undefined)
    const value = all.length > 1 ? `[ ${all.join(", ")} ]` : all.join("")
    return [`${end}:`, `  tls: { fingerprint: ${value} }`]
  })
  return `${lines.join("\n")}\n`
}
