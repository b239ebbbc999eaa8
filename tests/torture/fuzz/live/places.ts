// The network under fire, on addresses of 127.0.0.0/8, and where the fuzzer's datagrams and streams come from.
import { existsSync } from "node:fs"
import { join } from "node:path"
import { type KeyPair, readKeyPair } from "../../../../src/keys/files"
import { fingerprintOf } from "../../../../src/net/tls"
import type { Topology } from "../../../../src/topology/topology"
import { parseTopology } from "../../../../src/topology/yaml/load"
import { keyDevices, makeKeys, withKeys } from "../../../bench/keys"
import { pairIn } from "../../../end-to-end/tls/keys"
import type { Dice } from "../dice"

export const SITE = "greenhouse"
/** Without daylight saving: every time of every day may be sent. */
export const TIME_ZONE = "UTC"
/** A site that the cloud knows too, and whose gateway anybody is: for whatever fuzzed deliveries may get through. */
export const OTHER_SITE = "elsewhere"
export const HONEST = ["127.200.0.2", "127.200.0.3", "127.200.0.4"] as const

const DECLARED = 61 // devices, beside the honest ones, that the fuzzer speaks as
const UNDECLARED_NETWORKS = 120 // 127.66.0.0/16 and the next ones

const FUZZED = `127.65.0.1-127.65.0.${DECLARED}`
const IN_CORPUS = "192.168.1.2" // whom OSCORE's messages there name

/** Both legs get keys, and so does the other site: whoever fuzzes has that one's. */
export function makeKeysIn(folder: string): void {
  makeKeys(folder)
  pairIn(join(folder, "keys"), OTHER_SITE)
  keyDevices(folder, [`${HONEST[0]}-${HONEST.at(-1)}`, FUZZED, IN_CORPUS])
}

/** What the other site's gateway shows; undefined where the network has no keys. */
export function othersPair(folder: string): KeyPair | undefined {
  const path = join(folder, "keys", OTHER_SITE)
  return existsSync(`${path}.key`) ? readKeyPair(`${path}.crt`, `${path}.key`, "") : undefined
}

/** Both databases are in `folder`, both ports are whichever is free; with TLS where there are keys. */
export function topologyIn(folder: string): Topology {
  const pair = othersPair(folder)
  const known = pair ? `fingerprint: ${fingerprintOf(pair.leaf.publicKey)}` : "from: 127.0.0.0/8"
  return parseTopology(withKeys(textWith(known), folder), `${folder}/topology.yaml`)
}

const textWith = (known: string): string => `
site: ${SITE}
timeZone: ${TIME_ZONE}
schedule: { cron: "0 6 * * *", grace: 60s }
transmission: { ackTimeout: 250ms }
gateway:
  interfaces:
    devices: { address: 127.1.0.1/8, port: 0 }
    cloud: { address: 127.1.0.2/8 }
cloud: { address: 127.1.0.3, port: 0, console: "off", sites: [${SITE}, { site: ${OTHER_SITE}, ${known} }] }
devices:
  - { ip: ${HONEST[0]}-${HONEST.at(-1)} }
  - { ip: ${FUZZED}, paused: true }
`

/** Where the fuzzer speaks from: by turns a declared device that is not honest, and nobody that is known. */
export function sourceAddress(dice: Dice): string {
  if (dice.below(2) === 0) return `127.65.0.${1 + dice.below(DECLARED)}`
  return `127.${66 + dice.below(UNDECLARED_NETWORKS)}.${dice.below(256)}.${1 + dice.below(254)}`
}
