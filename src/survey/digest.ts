// A survey's fingerprint on the wire and in the ledger: UDP's 16-bit checksum is not enough for "no wrong value".
import type { Day } from "./calendar"

const DIGEST_HEX = 16 // 64 bits

/**
 * 64 bits of SHA-256, hexadecimal, over who, day and body.
 * @param owner the device's address on its leg, `site/address` on the leg to the cloud
 */
export function surveyDigest(owner: string, day: Day, body: string | Uint8Array): string {
  const head = `${owner}\n${day}\n`
  const digest =
    typeof body === "string"
      ? Bun.SHA256.hash(head + body, "hex") // one call costs half of what a hasher's three do
      : new Bun.CryptoHasher("sha256").update(head).update(body).digest("hex")
  return digest.slice(0, DIGEST_HEX)
}

/** A delivery's fingerprint: of its survey's, its revision and the zone that its day was measured in. */
export function deliveryDigest(digest: string, revision: number, zone = ""): string {
  return Bun.SHA256.hash(`${digest}\n${revision}\n${zone}`, "hex").slice(0, DIGEST_HEX)
}

/** The common digest of surveys whose digests come in address order. */
export const commonDigest = (digests: Iterable<string>): string => countedDigest(digests).digest

/** The same, and how many they are. */
export function countedDigest(digests: Iterable<string>): { surveys: number; digest: string } {
  const hasher = new Bun.CryptoHasher("sha256")
  let surveys = 0
  for (const digest of digests) {
    hasher.update(digest)
    surveys++
  }
  return { surveys, digest: hasher.digest("hex").slice(0, DIGEST_HEX) }
}

export const isDigest = (text: string): boolean => /^[0-9a-f]{16}$/.test(text)
