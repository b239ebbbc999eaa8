// Devices' keys: all of them are derived from one secret of the site, so that a million need no files (HKDF, RFC 5869). Pure.
import { createHmac } from "node:crypto"

export const SITE_SECRET_BYTES = 32
export const DEVICE_KEY_BYTES = 16 // a Master Secret, RFC 8613 Appendix B

const LABEL = new TextEncoder().encode("smart-meter-iot device key 1")
const NO_SALT = new Uint8Array()
const HEX = /^[0-9a-f]*$/i

const hmac = (key: Uint8Array, data: Uint8Array): Uint8Array => createHmac("sha256", key).update(data).digest()
const { slice } = Uint8Array.prototype // a Buffer's own is a view

/** A new secret for a site. @param randomBytes fit for keys */
export const makeSiteSecret = (randomBytes: (length: number) => Uint8Array): Uint8Array =>
  randomBytes(SITE_SECRET_BYTES)

/**
 * A device's key: its Master Secret in OSCORE.
 * @param address the declared one, IPv4 as a number
 * @param epoch how often its key was made anew, from 1 on: what was derived of another one is worth nothing
 */
export function deviceKeyOf(siteSecret: Uint8Array, address: number, epoch: number): Uint8Array {
  // the label, the address, the epoch, and the number of the output (RFC 5869 §2.3)
  const info = new Uint8Array(LABEL.length + 9)
  info.set(LABEL)
  const numbers = new DataView(info.buffer)
  numbers.setUint32(LABEL.length, address)
  numbers.setUint32(LABEL.length + 4, epoch)
  info[info.length - 1] = 1
  return slice.call(hmac(hmac(NO_SALT, siteSecret), info), 0, DEVICE_KEY_BYTES)
}

/** A secret as its file holds it: hexadecimal digits, one line. */
export const formatSecret = (secret: Uint8Array): string => `${secret.toHex()}\n`

/** Undefined unless it is so many bytes in hexadecimal digits. */
export function parseSecret(text: string, length: number): Uint8Array | undefined {
  const digits = text.trim()
  return digits.length === 2 * length && HEX.test(digits) ? Uint8Array.fromHex(digits) : undefined
}
