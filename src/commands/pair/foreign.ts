// A device's key for a sensor of another make: all that its OSCORE context is made of (RFC 8613 §3.2.1), as a line and as a QR code.
import { generate } from "lean-qr"
import { GATEWAY_ID, idOf } from "../../coap/oscore/identity"
import { formatAddress } from "../../topology/address"
import type { Topology } from "../../topology/topology"

const HALVES = [" ", "▀", "▄", "█"] // none, upper, lower, both
const QUIET_ZONE = 4 // modules, ISO/IEC 18004 §9.1

/** One line, without a salt and without an ID context. */
export function foreignLine(address: number, key: Uint8Array, { gateway }: Topology): string {
  const { address: at, port } = gateway.interfaces.devices
  const ids = `sender=${idOf(address).toHex()} recipient=${GATEWAY_ID.toHex()}`
  const url = `coap://${at.ip}:${port}/surveys/${formatAddress(address)}`
  return `${url} OSCORE AES-CCM-16-64-128 HKDF-SHA-256 secret=${key.toHex()} ${ids}`
}

/** The same line as a QR code, two rows of it in one of the terminal, light where the terminal's text is light. */
export function foreignCode(address: number, key: Uint8Array, topology: Topology): string {
  const { size, get } = generate(foreignLine(address, key, topology))
  const isLight = (x: number, y: number) => !get(x, y) // also outside of it
  let picture = ""
  for (let y = -QUIET_ZONE; y < size + QUIET_ZONE; y += 2) {
    for (let x = -QUIET_ZONE; x < size + QUIET_ZONE; x++) {
      picture += HALVES[(isLight(x, y) ? 1 : 0) + (isLight(x, y + 1) ? 2 : 0)]
    }
    picture += "\n"
  }
  return `\n${formatAddress(address)}\n${picture}\n`
}
