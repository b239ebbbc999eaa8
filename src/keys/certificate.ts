// A key and a certificate that it signs itself (RFC 5280, X.690 DER): for an end that is known by its key, and needs no authority.
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto"
import { parseAddress } from "../topology/address"

export interface NewPair {
  /** PEM. */
  readonly certificate: string
  readonly key: string
  readonly publicKey: KeyObject
}

const TAG = {
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectId: 0x06,
  utf8: 0x0c,
  generalizedTime: 0x18,
  utcTime: 0x17,
  sequence: 0x30,
  set: 0x31,
  version: 0xa0,
  extensions: 0xa3,
}
// of a GeneralName (RFC 5280 §4.2.1.6)
const [DNS_NAME, IP_ADDRESS] = [0x82, 0x87]

// object identifiers, encoded
const COMMON_NAME = [0x55, 0x04, 0x03]
const SUBJECT_ALT_NAME = [0x55, 0x1d, 0x11]
const ECDSA_WITH_SHA256 = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02]

// A pinned key ends when its line is taken away, not on a day: neither a clock of 1970 nor one that was forgotten for
// years keeps readings from the cloud. 99991231235959Z is RFC 5280's "no end" (§4.1.2.5).
const NOT_BEFORE = "700101000000Z"
const NOT_AFTER = "99991231235959Z"
const LONGEST_NAME = 64 // of a common name (RFC 5280, ub-common-name)

/** @param name an IPv4 address, a host name, or a site's name */
export function makePair(name: string): NewPair {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" })
  const subject = der(TAG.sequence, der(TAG.set, der(TAG.sequence, objectId(COMMON_NAME), utf8(name))))
  const algorithm = der(TAG.sequence, objectId(ECDSA_WITH_SHA256))
  const toSign = der(
    TAG.sequence,
    der(TAG.version, der(TAG.integer, Buffer.of(2))), // v3
    der(TAG.integer, serialNumber()),
    algorithm,
    subject, // as issuer
    der(TAG.sequence, der(TAG.utcTime, Buffer.from(NOT_BEFORE)), der(TAG.generalizedTime, Buffer.from(NOT_AFTER))),
    subject,
    publicKey.export({ type: "spki", format: "der" }),
    der(TAG.extensions, der(TAG.sequence, alternativeName(name))),
  )
  const signature = sign("sha256", toSign, privateKey)
  const whole = der(TAG.sequence, toSign, algorithm, der(TAG.bitString, Buffer.of(0), signature))
  return {
    certificate: pem("CERTIFICATE", whole),
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    publicKey,
  }
}

/** Tag, length, what it holds. */
function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts)
  return Buffer.concat([Buffer.of(tag), lengthOf(content.length), content])
}

function lengthOf(length: number): Buffer {
  if (length < 0x80) return Buffer.of(length)
  return length < 0x100 ? Buffer.of(0x81, length) : Buffer.of(0x82, length >> 8, length & 0xff)
}

const objectId = (bytes: readonly number[]): Buffer => der(TAG.objectId, Buffer.from(bytes))

const utf8 = (text: string): Buffer => der(TAG.utf8, Buffer.from(text.slice(0, LONGEST_NAME)))

/** Positive, and not to be guessed. */
function serialNumber(): Buffer {
  const bytes = randomBytes(16)
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40
  return bytes
}

function alternativeName(name: string): Buffer {
  const address = parseAddress(name)
  const written = Buffer.alloc(4)
  if (address !== undefined) written.writeUInt32BE(address)
  const entry = address === undefined ? der(DNS_NAME, Buffer.from(name, "ascii")) : der(IP_ADDRESS, written)
  return der(TAG.sequence, objectId(SUBJECT_ALT_NAME), der(TAG.octetString, der(TAG.sequence, entry)))
}

function pem(label: string, bytes: Uint8Array): string {
  const lines =
    Buffer.from(bytes)
      .toString("base64")
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`
}
