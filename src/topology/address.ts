// IPv4 addresses as unsigned 32-bit numbers, the networks they are in (RFC 4632) and ranges of them.

const OCTET = "(25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)"
const ADDRESS = [OCTET, OCTET, OCTET, OCTET].join("\\.")

export const NETWORK_PATTERN = new RegExp(`^${ADDRESS}/(3[0-2]|[12]\\d|[1-9])$`)
export const RANGE_PATTERN = new RegExp(`^${ADDRESS}(?: ?- ?${ADDRESS})?$`)

/** An interface's address and the network it is in: `ip` is `address` as text, `prefix` is 1 to 32. */
export interface Network {
  ip: string
  address: number
  prefix: number
}

/** The addresses from `first` to `last`, both included. */
export interface AddressRange {
  first: number
  last: number
}

export const EVERY_ADDRESS: Readonly<AddressRange> = { first: 0, last: 0xffff_ffff }

/** Whether only this machine reaches it: an address of 127.0.0.0/8 (RFC 1122 §3.2.1.3), or localhost. */
export const isLoopback = (host: string): boolean =>
  host.toLowerCase() === "localhost" || (parseAddress(host) ?? 0) >>> 24 === 127

const DOT = 46
const ZERO = 48

/** "192.168.1.2" → 3232235778; undefined unless it is four numbers of 0 to 255 without leading zeros. */
export function parseAddress(text: string): number | undefined {
  let address = 0
  let octets = 0
  let octet = -1 // before its first digit
  for (let at = 0; at <= text.length; at++) {
    const code = at === text.length ? DOT : text.charCodeAt(at)
    if (code === DOT) {
      if (octet < 0 || octets === 4) return undefined
      address = address * 256 + octet
      octets++
      octet = -1
    } else {
      const digit = code - ZERO
      if (!(digit >= 0 && digit <= 9) || octet === 0) return undefined
      octet = octet < 0 ? digit : octet * 10 + digit
      if (octet > 255) return undefined
    }
  }
  return octets === 4 ? address : undefined
}

/** 3232235778 → "192.168.1.2". */
export function formatAddress(address: number): string {
  return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`
}

/** "192.168.1.1/24" → the address and its prefix; undefined unless it is an address, a slash and 1 to 32. */
export function parseNetwork(text: string): Network | undefined {
  const [ip = "", prefix] = text.split("/")
  const address = parseAddress(ip)
  if (address === undefined || !NETWORK_PATTERN.test(text)) return undefined
  return { ip, address, prefix: Number(prefix) }
}

/** The network's own name: "192.168.1.0/24" for the interface 192.168.1.1/24. */
export function formatNetwork(network: Network): string {
  return `${formatAddress(networkAddress(network))}/${network.prefix}`
}

/** Is the address in the interface's network? */
export function contains(network: Network, address: number): boolean {
  return networkAddress(network) <= address && address <= broadcastAddress(network)
}

/** The lowest address of the network. It is no host's own unless the prefix is 31 or 32 (RFC 3021). */
export function networkAddress({ address, prefix }: Network): number {
  return (address & (0xffffffff << (32 - prefix))) >>> 0
}

/** The highest address of the network. It is no host's own unless the prefix is 31 or 32 (RFC 3021). */
export function broadcastAddress(network: Network): number {
  return networkAddress(network) + 2 ** (32 - network.prefix) - 1
}

/** "10.0.0.2-10.0.39.255" or "10.0.0.2" → a range; undefined if an end is no address or they are the wrong way round. */
export function parseRange(text: string): AddressRange | undefined {
  const [from = "", to = from] = text.split(/ ?- ?/)
  const first = parseAddress(from)
  const last = parseAddress(to)
  if (first === undefined || last === undefined || first > last || !RANGE_PATTERN.test(text)) return undefined
  return { first, last }
}

/** A range as text: "10.0.0.2-10.0.39.255", or "10.0.0.2" if it is one address. */
export function formatRange({ first, last }: AddressRange): string {
  return first === last ? formatAddress(first) : `${formatAddress(first)}-${formatAddress(last)}`
}

/** Rising addresses as text, as few ranges as hold them: ["192.168.1.2-192.168.1.5", "192.168.1.9"]. */
export const formatRanges = (sortedAddresses: Iterable<number>): string[] => rangesOf(sortedAddresses).map(formatRange)

/** As few ranges as hold these rising addresses. */
export function rangesOf(sortedAddresses: Iterable<number>): AddressRange[] {
  const ranges: AddressRange[] = []
  let current: AddressRange | undefined
  for (const address of sortedAddresses) {
    if (current && address <= current.last + 1) current.last = address
    else ranges.push((current = { first: address, last: address }))
  }
  return ranges
}

/** What `formatRanges()` writes, read again; undefined if any of it is no range. */
export function parseRanges(texts: readonly string[]): AddressRange[] | undefined {
  const ranges = texts.map(parseRange)
  return ranges.every((range) => range !== undefined) ? ranges : undefined
}
