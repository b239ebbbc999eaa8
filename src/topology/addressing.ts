// Declared addresses and the ones that are bound: themselves, or their likeness on this machine, a.b.c.d as 127.b.c.d.
import { formatAddress, parseAddress } from "./address"
import type { Device, Devices } from "./devices"

export type Addressing = "simulated" | "declared"

const LOOPBACK = 127 * 2 ** 24
const SHARED_ADDRESS = "127.0.0.1"
const SHARED = LOOPBACK + 1

/** Does this platform bind all of 127.0.0.0/8, or 127.0.0.1 only, as macOS and the BSDs do? */
export function bindsWholeLoopback(platform: string = process.platform): boolean {
  return platform === "linux" || platform === "win32"
}

/** The address to bind or to reach for a declared address or host name; a simulated host name is 127.0.0.1. */
export function bindAddress(declared: string, addressing: Addressing, platform: string = process.platform): string {
  if (addressing === "declared") return declared
  const address = parseAddress(declared)
  return address === undefined ? SHARED_ADDRESS : formatAddress(boundAddress(address, addressing, platform))
}

/** The same of an address as a number. */
export function boundAddress(declared: number, addressing: Addressing, platform: string = process.platform): number {
  if (addressing === "declared") return declared
  return bindsWholeLoopback(platform) ? LOOPBACK + (declared % 2 ** 24) : SHARED
}

/** Which declared device sends from an address, or undefined. */
export function deviceOfSender(
  declared: { devices: Devices },
  sender: string,
  addressing: Addressing,
): Device | undefined {
  const address = declaredAddress(declared, sender, addressing)
  return address === undefined ? undefined : declared.devices.get(address)
}

/** That device's declared address. It is asked of every datagram, and makes nothing that has to be collected. */
export function declaredAddress(
  { devices }: { devices: Devices },
  sender: string,
  addressing: Addressing,
): number | undefined {
  const address = parseAddress(sender)
  if (address === undefined) return undefined
  if (addressing === "declared") return devices.has(address) ? address : undefined
  if (address >>> 24 !== 127) return undefined
  for (const octet of devices.firstOctets) {
    const declared = octet * 2 ** 24 + (address % 2 ** 24)
    if (devices.has(declared)) return declared
  }
  return undefined
}
