// What of a network is protected by keys and what is not, in words; and what is wrong with the keys of this host.
import { existsSync } from "node:fs"
import { join } from "node:path"
import { systemClock } from "../clock"
import { count } from "../format"
import { INVOCATION } from "../installation"
import { type End, pathsOf, readOwn } from "../keys/ends"
import { KeyError } from "../keys/errors"
import { KEYS, KeyFolder, SITE_SECRET_FILE } from "../keys/folder"
import type { Topology } from "../topology/topology"

const ENDS: readonly End[] = ["cloud", "gateway"]
const DAY_MS = 86_400_000
const SOON_DAYS = 30 // before an authority's certificate ends

/** One line for the cloud's leg, and one for the devices'; one for both where neither has keys; none where they cannot be read. */
export function protectionLines(topology: Topology): string[] {
  const { cloud, gateway, devices } = topology
  const [keyed, all] = [countKeyed(topology), devices.size]
  if (keyed === undefined) return []
  if (!cloud.tls && keyed === 0) return ["Without keys: keep both legs on a network that you trust."]
  return [
    cloud.tls && gateway.tls
      ? `Gateway ↔ cloud: TLS, each known by ${waysOf(cloud.tls, gateway.tls)}.`
      : "Gateway ↔ cloud without keys: keep that leg on a network that you trust.",
    keyed === all ? "Devices: OSCORE, each with a key of its own." : devicesLine(keyed, all, topology),
  ]
}

function devicesLine(keyed: number, all: number, topology: Topology): string {
  const ofAll = `${keyed} of ${count(all, "device")}`
  if (!isGatewaysHost(topology)) {
    if (keyed > 0) return `${ofAll} with a key here (OSCORE); of the others the gateway's host knows.`
    if (topology.cloud.tls) return "Devices: whether they have keys is known where the gateway's keys are."
  }
  const some = keyed === 0 ? "Devices without keys" : `${ofAll} with a key (OSCORE); without one`
  if (topology.security === "required")
    return `${some}: nothing of them is taken, ${INVOCATION} pair devices makes keys.`
  return `${some}: keep their leg on a network that you trust.`
}

/** As far as keys tell: another host has its own parts alone. */
const isGatewaysHost = (topology: Topology): boolean =>
  [join(topology.folder, KEYS, SITE_SECRET_FILE), pathsOf("gateway", topology).key].some((path) => existsSync(path))

function waysOf(...ends: readonly { readonly ca?: unknown }[]): string {
  return [...new Set(ends.map(({ ca }) => (ca === undefined ? "its key" : "an authority")))].join(" or ")
}

/** Undefined where the keys cannot be read: whoever needs them says why. */
function countKeyed({ folder, devices }: Topology): number | undefined {
  try {
    return KeyFolder.open(folder, systemClock).countOf(devices.entries.map(({ ip }) => ip))
  } catch (error) {
    if (!(error instanceof KeyError)) throw error
    return undefined
  }
}

/** What a person has to mend of the keys that this host has, and what is worth knowing of those that it has not. */
export function lookAtKeys(topology: Topology, now: number): { problems: string[]; notes: string[] } {
  const problems: string[] = []
  const notes: string[] = []
  try {
    KeyFolder.open(topology.folder, systemClock)
  } catch (error) {
    if (!(error instanceof KeyError)) throw error
    problems.push(error.message)
  }
  if (!topology.cloud.tls) return { problems, notes }
  for (const end of ENDS) {
    const { certificate, key } = pathsOf(end, topology)
    if (!existsSync(certificate) && !existsSync(key)) {
      notes.push(`The ${end}'s key is not on this host: ${key}`)
      continue
    }
    try {
      const { leaf } = readOwn(end, topology)
      // a key that is pinned has no end
      const ending = topology[end].tls?.ca === undefined ? undefined : leaf.validTo
      if (ending !== undefined) problems.push(...endingOf(certificate, ending, now))
    } catch (error) {
      if (!(error instanceof KeyError)) throw error
      problems.push(error.message)
    }
  }
  return { problems, notes }
}

function endingOf(certificate: string, validTo: string, now: number): string[] {
  const leftDays = Math.floor((Date.parse(validTo) - now) / DAY_MS)
  if (leftDays >= SOON_DAYS) return []
  return [`${certificate} is valid until ${validTo}: ${leftDays < 0 ? "nobody takes it any more" : "make a new one"}`]
}
