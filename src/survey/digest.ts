// A survey's fingerprint on the wire and in the databases: UDP's 16-bit checksum is not enough for "no wrong value".
import type { Day } from "./calendar"

const DIGEST_HEX = 16 // 64 bits
const HALF_HEX = 8

/** 64 bits of SHA-256, hexadecimal, over the device's address, the day and the body. It is what both databases keep. */
export function surveyDigest(ip: string, day: Day, body: string | Uint8Array): string {
  const head = `${ip}\n${day}\n`
  const digest =
    typeof body === "string"
      ? Bun.SHA256.hash(head + body, "hex") // one call costs half of what a hasher's three do
      : new Bun.CryptoHasher("sha256").update(head).update(body).digest("hex")
  return digest.slice(0, DIGEST_HEX)
}

/**
 * A delivery's fingerprint, which travels and is not kept: so a site can be renamed.
 * @param digest of its survey; `zone` is the time zone in which its day was measured
 */
export function deliveryDigest(
  digest: string,
  { site, revision, zone }: { site: string; revision: number; zone: string },
): string {
  return Bun.SHA256.hash(`${site}\n${digest}\n${revision}\n${zone}`, "hex").slice(0, DIGEST_HEX)
}

export const isDigest = (text: string): boolean => /^[0-9a-f]{16}$/.test(text)

/** A digest as the databases keep it: a signed 64-bit number. */
export const digestNumber = (digest: string): bigint => BigInt.asIntN(64, BigInt(`0x${digest}`))

/** Such a number as the digest that it was. */
export const digestText = (number: bigint): string => BigInt.asUintN(64, number).toString(16).padStart(DIGEST_HEX, "0")

/** SQL: the digest of a column of such numbers. */
export const digestSql = (column: string): string => `printf('%016x', ${column})`

/** How many surveys, and the sum of their digests modulo 2^64: the same in whatever order they come. */
export interface Agreement {
  readonly surveys: number
  readonly digest: string
}

/** Such a sum as SQL tells it: halves of 32 bits, because SQLite's sum() ends at 63. */
export interface SumRow {
  readonly surveys: number
  readonly high: number
  readonly low: number
}

const HALF = 0xffff_ffff
const low = (column: string) => `coalesce(sum(${column} & ${HALF}), 0)`

/** SQL: the columns of a SumRow over a column of digests. */
export const sumSql = (column: string): string =>
  `count(${column}) AS surveys, ${low(column)} & ${HALF} AS low,
   (coalesce(sum(${column} >> 32 & ${HALF}), 0) + (${low(column)} >> 32)) & ${HALF} AS high`

export const agreementOf = ({ surveys, high, low }: SumRow): Agreement => ({
  surveys,
  digest: hexOfHalf(high) + hexOfHalf(low),
})

/** Of two sets of surveys, none of which is in both, what their union has. */
export function addAgreements(some: Agreement, others: Agreement): Agreement {
  const sum = BigInt(`0x${some.digest}`) + BigInt(`0x${others.digest}`)
  return { surveys: some.surveys + others.surveys, digest: digestText(sum) }
}

export const NO_SURVEYS: Agreement = { surveys: 0, digest: "0".repeat(DIGEST_HEX) }

const hexOfHalf = (half: number): string => half.toString(16).padStart(HALF_HEX, "0")
