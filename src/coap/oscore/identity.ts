// Who is who: a device's Sender ID is its IPv4 address, the gateway's is one byte. Each device has a Master Secret of its own,
// so these pairs are unique (RFC 8613 §3.3).

/** The gateway's Sender ID, every device's Recipient ID. */
export const GATEWAY_ID = Uint8Array.of(0x67)

const ADDRESS_BYTES = 4

/** What the gateway knows of devices' keys. Addresses are IPv4 as numbers. */
export interface DeviceKeys {
  /** How often its key was made anew; undefined: it has none. It is asked of each request. */
  epochOf(address: number): number | undefined
  /** Its Master Secret of that epoch. */
  secretOf(address: number, epoch: number): Uint8Array
}

const PROTECTED = ":oscore"

/** Where a device with a key speaks from, as far as anybody need know: its address by its key, in place of a port. */
export const protectedEndpoint = (ip: string): string => `${ip}${PROTECTED}`

/** Whether a message that came from there was protected. */
export const isProtected = (endpoint: string): boolean => endpoint.endsWith(PROTECTED)

/** A device's Sender ID. */
export const idOf = (address: number): Uint8Array =>
  Uint8Array.of(address >>> 24, (address >>> 16) & 255, (address >>> 8) & 255, address & 255)

/** The address that is a Sender ID; undefined where it is none. */
export function addressOf(id: Uint8Array): number | undefined {
  if (id.length !== ADDRESS_BYTES) return undefined
  let address = 0
  for (let at = 0; at < ADDRESS_BYTES; at++) address = address * 256 + (id[at] ?? 0)
  return address
}
