// AES-CCM-16-64-128: 16 bytes of key, 13 of nonce, 8 of tag (RFC 3610, RFC 9053 §4.2). Bun has no CCM of its own: it is put
// together here from CBC, whose last block is the CBC-MAC, and CTR.
import { createCipheriv, timingSafeEqual } from "node:crypto"

export const KEY_BYTES = 16
export const NONCE_BYTES = 13
export const TAG_BYTES = 8

const BLOCK_BYTES = 16
const LENGTH_BYTES = 2 // L of RFC 3610: 15 less the nonce
const MOST_BYTES = 0xffff // that so many bytes can count
const MOST_AAD_BYTES = 0xfeff // of which the length has two bytes, RFC 3610 §2.2
const ZERO_IV = new Uint8Array(BLOCK_BYTES)
const AAD_FLAG = 0x40
const TAG_FLAG = ((TAG_BYTES - 2) / 2) << 3

const padded = (bytes: number): number => Math.ceil(bytes / BLOCK_BYTES) * BLOCK_BYTES

/** The tag in clear: the first bytes of the CBC-MAC over B_0, the additional data and the plaintext (RFC 3610 §2.2). */
function authenticate(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): Uint8Array {
  const aadBytes = padded(2 + aad.length)
  const blocks = new Uint8Array(BLOCK_BYTES + aadBytes + padded(plaintext.length))
  blocks[0] = AAD_FLAG | TAG_FLAG | (LENGTH_BYTES - 1)
  blocks.set(nonce, 1)
  blocks[14] = plaintext.length >> 8
  blocks[15] = plaintext.length & 0xff
  blocks[16] = aad.length >> 8
  blocks[17] = aad.length & 0xff
  blocks.set(aad, BLOCK_BYTES + 2)
  blocks.set(plaintext, BLOCK_BYTES + aadBytes)
  const encrypted = createCipheriv("aes-128-cbc", key, ZERO_IV).update(blocks)
  const last = blocks.length - BLOCK_BYTES
  return encrypted.subarray(last, last + TAG_BYTES)
}

/** What begins with the tag's block, with the text behind it, en- or decrypted (RFC 3610 §2.3): S_0 is the tag's, S_1 the text's. */
function applyKeyStream(key: Uint8Array, nonce: Uint8Array, tagAndText: Uint8Array): Uint8Array {
  const counter = new Uint8Array(BLOCK_BYTES)
  counter[0] = LENGTH_BYTES - 1
  counter.set(nonce, 1)
  return createCipheriv("aes-128-ctr", key, counter).update(tagAndText)
}

/** The ciphertext with its tag behind it. The same key must never see the same nonce with another plaintext. */
export function seal(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): Uint8Array {
  if (plaintext.length > MOST_BYTES || aad.length > MOST_AAD_BYTES) throw new RangeError("AES-CCM takes 64 KiB at most")
  const end = BLOCK_BYTES + plaintext.length
  const input = new Uint8Array(end + TAG_BYTES)
  input.set(authenticate(key, nonce, aad, plaintext))
  input.set(plaintext, BLOCK_BYTES)
  const sealed = applyKeyStream(key, nonce, input)
  sealed.copyWithin(end, 0, TAG_BYTES) // the tag, from its block to where it belongs
  return sealed.subarray(BLOCK_BYTES)
}

/** The plaintext; undefined where key, nonce, additional data and ciphertext do not belong together. */
export function open(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Uint8Array | undefined {
  const length = sealed.length - TAG_BYTES
  if (length < 0 || length > MOST_BYTES) return undefined
  const input = new Uint8Array(BLOCK_BYTES + length)
  input.set(sealed.subarray(length))
  input.set(sealed.subarray(0, length), BLOCK_BYTES)
  const decrypted = applyKeyStream(key, nonce, input)
  const plaintext = decrypted.subarray(BLOCK_BYTES)
  const expected = authenticate(key, nonce, aad, plaintext)
  return timingSafeEqual(expected, decrypted.subarray(0, TAG_BYTES)) ? plaintext : undefined
}
