// Who has which address: nobody has another's, and each is in its network. Also once simulated (a.b.c.d → 127.b.c.d).
import {
  type AddressRange,
  broadcastAddress,
  contains,
  formatAddress,
  formatNetwork,
  formatRange,
  type Network,
  networkAddress,
  parseAddress,
} from "./address"
import type { Draft } from "./validate"
import type { Finding, Path } from "./yaml/problem"

/** Addresses that something in the topology calls its own; `where` is how a message names it. */
interface Claim {
  range: AddressRange
  path: Path
  where: string
}

/** Refuses duplicate, misplaced and, once simulated, colliding addresses. `lineOf` tells a device entry's line. */
export function claimRefusals(draft: Draft, lineOf: (deviceIndex: number) => number): Finding[] {
  const { devices: deviceSide, cloud: cloudSide } = draft.gateway?.interfaces ?? {}
  const devices = (draft.devices ?? []).flatMap((entry, index): Claim[] =>
    entry?.ip ? [{ range: entry.ip, path: ["devices", index, "ip"], where: `on line ${lineOf(index)}` }] : [],
  )
  const gateway = claim(deviceSide?.address?.address, "gateway", "interfaces", "devices", "address")
  const gatewayToCloud = claim(cloudSide?.address?.address, "gateway", "interfaces", "cloud", "address")
  const cloud = claim(parseAddress(draft.cloud?.address ?? ""), "cloud", "address")
  const { address: deviceNetwork } = deviceSide ?? {}
  const { address: cloudNetwork } = cloudSide ?? {}
  return [
    ...gateway.flatMap((claim) => noHost(claim, deviceNetwork)),
    ...[...gatewayToCloud, ...cloud].flatMap((claim) => noHost(claim, cloudNetwork)),
    ...devices.flatMap((claim) => misplaced(claim, deviceNetwork)),
    ...clashes(devices).map(([earlier, later]) => duplicate(earlier, later)),
    ...collisions([...gateway, ...devices]),
    ...collisions([...gatewayToCloud, ...cloud]),
  ]
}

function claim(address: number | undefined, ...path: string[]): Claim[] {
  return address === undefined
    ? []
    : [{ range: { first: address, last: address }, path, where: `of ${path.join(".")}` }]
}

/** At most one finding on where a device is. */
function misplaced(claim: Claim, network: Network | undefined): Finding[] {
  const { range, path } = claim
  if (!network) return []
  const text = formatRange(range)
  if (!contains(network, range.first) || !contains(network, range.last)) {
    return [{ path, message: `${text} is not in ${formatNetwork(network)}, the network of gateway.interfaces.devices` }]
  }
  if (holds(range, network.address)) {
    const holder = range.first === range.last ? `${text} is` : `${text} holds ${network.ip},`
    return [{ path, message: `${holder} the gateway's own address, at gateway.interfaces.devices` }]
  }
  return noHost(claim, network)
}

/** The first and the last address of a network are no host's, unless it has only one or two (RFC 3021). */
function noHost({ range, path }: Claim, network: Network | undefined): Finding[] {
  if (!network || network.prefix > 30) return []
  const special = [
    { address: networkAddress(network), what: "the network's own address" },
    { address: broadcastAddress(network), what: "the broadcast address" },
  ]
  return special
    .filter(({ address }) => holds(range, address))
    .map(({ address, what }) => {
      const holder = range.first === range.last ? "is" : `in ${formatRange(range)} is`
      return { path, message: `${formatAddress(address)} ${holder} ${what} of ${formatNetwork(network)}` }
    })
}

function duplicate(earlier: Claim, later: Claim): Finding {
  const [text, other] = [formatRange(later.range), formatRange(earlier.range)]
  const message =
    text === other ? `${text} is declared already ${earlier.where}` : `${text} overlaps ${other} ${earlier.where}`
  return { path: later.path, message }
}

/** Different addresses that would be the same one in the simulated network; at most one finding for each claim. */
function collisions(claims: readonly Claim[]): Finding[] {
  const simulated = claims.flatMap((claim) => loopbackRanges(claim.range).map((range) => ({ range, claim })))
  const findings = new Map<Claim, Finding>()
  for (const [{ claim: earlier, range }, { claim: later, range: laterRange }] of clashes(simulated)) {
    const isDuplicate = earlier !== later && overlap(earlier.range, later.range)
    if (isDuplicate || findings.has(later)) continue
    const both = { first: Math.max(range.first, laterRange.first), last: Math.min(range.last, laterRange.last) }
    const who = earlier === later ? "addresses of it" : `${formatRange(earlier.range)} ${earlier.where}`
    const message = `${formatRange(later.range)} and ${who} would both be simulated as ${formatRange(both)}, which keeps the last three numbers only`
    findings.set(later, { path: later.path, message })
  }
  return [...findings.values()]
}

/** Where the addresses of a range are in 127.0.0.0/8: one range for each first number. */
function loopbackRanges({ first, last }: AddressRange): AddressRange[] {
  const octets = Array.from({ length: (last >>> 24) - (first >>> 24) + 1 }, (_, index) => (first >>> 24) + index)
  return octets.map((octet) => {
    const base = octet * 2 ** 24
    const loopback = 127 * 2 ** 24 - base
    return { first: Math.max(first, base) + loopback, last: Math.min(last, base + 2 ** 24 - 1) + loopback }
  })
}

/** Each range that shares addresses with another, with that other; the earlier in the list comes first. */
function clashes<T extends { range: AddressRange }>(claims: readonly T[]): [T, T][] {
  const sorted = claims
    .map((claim, order) => ({ claim, order }))
    .sort((a, b) => a.claim.range.first - b.claim.range.first)
  const pairs: [T, T][] = []
  let reach: (typeof sorted)[number] | undefined
  for (const next of sorted) {
    if (reach && overlap(reach.claim.range, next.claim.range)) {
      pairs.push(reach.order < next.order ? [reach.claim, next.claim] : [next.claim, reach.claim])
    }
    if (!reach || next.claim.range.last > reach.claim.range.last) reach = next
  }
  return pairs
}

function overlap(a: AddressRange, b: AddressRange): boolean {
  return a.first <= b.last && b.first <= a.last
}

function holds({ first, last }: AddressRange, address: number): boolean {
  return first <= address && address <= last
}
