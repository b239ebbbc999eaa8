// A security context: two keys and an IV from one secret (RFC 8613 §3), and the nonces that are made of them (§5.2).
import { createHmac } from "node:crypto"
import { NO_BYTES } from "../option"
import { array, bytes, nil, text, uint } from "./cbor"
import { KEY_BYTES, NONCE_BYTES } from "./ccm"

/** COSE's number of AES-CCM-16-64-128, the one algorithm here (RFC 9053 §4.2). */
export const AES_CCM_16_64_128 = 10

const PARTIAL_IV_BYTES = 5
const LONGEST_ID_BYTES = NONCE_BYTES - 6

/** The largest Partial IV there is: whoever has used it needs another context (RFC 8613 §7.2.1). */
export const LAST_SEQUENCE_NUMBER = 2 ** 40 - 1

/** What both ends know before they speak. */
export interface ContextInput {
  readonly masterSecret: Uint8Array
  readonly masterSalt?: Uint8Array
  readonly idContext?: Uint8Array | undefined
  /** Ours, 7 bytes at most. */
  readonly senderId: Uint8Array
  /** The other end's, 7 bytes at most. */
  readonly recipientId: Uint8Array
}

/** What of a context never changes; sequence number and replay window are their owner's. */
export interface Context {
  readonly idContext: Uint8Array | undefined
  readonly senderId: Uint8Array
  readonly recipientId: Uint8Array
  readonly senderKey: Uint8Array
  readonly recipientKey: Uint8Array
  readonly commonIv: Uint8Array
}

const hmac = (key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array => {
  const hash = createHmac("sha256", key)
  for (const part of parts) hash.update(part)
  return hash.digest()
}

/** A copy, that holds on to nothing else. */
const first = (bytes: Uint8Array, length: number): Uint8Array => Uint8Array.prototype.slice.call(bytes, 0, length)

const ALGORITHM = uint(AES_CCM_16_64_128)
const FIRST_OUTPUT = Uint8Array.of(1) // all of them are shorter than one hash (RFC 5869 §2.3)
const TYPES = { Key: [text("Key"), uint(KEY_BYTES)], IV: [text("IV"), uint(NONCE_BYTES)] } as const

/** `info` of the derivation (RFC 8613 §3.2.1). */
export const infoOf = (id: Uint8Array, idContext: Uint8Array | undefined, type: keyof typeof TYPES): Uint8Array =>
  array(bytes(id), idContext === undefined ? nil() : bytes(idContext), ALGORITHM, ...TYPES[type])

export function deriveContext(input: ContextInput): Context {
  const { masterSecret, masterSalt = NO_BYTES, idContext, senderId, recipientId } = input
  if (senderId.length > LONGEST_ID_BYTES || recipientId.length > LONGEST_ID_BYTES)
    throw new RangeError(`An ID has ${LONGEST_ID_BYTES} bytes at most`)
  // HKDF-Extract; an empty salt is as good as one of zeros (RFC 5869 §2.2)
  const key = hmac(masterSalt, masterSecret)
  const expand = (id: Uint8Array, type: keyof typeof TYPES) => hmac(key, infoOf(id, idContext, type), FIRST_OUTPUT)
  return {
    idContext,
    senderId,
    recipientId,
    senderKey: first(expand(senderId, "Key"), KEY_BYTES),
    recipientKey: first(expand(recipientId, "Key"), KEY_BYTES),
    commonIv: first(expand(NO_BYTES, "IV"), NONCE_BYTES),
  }
}

/** A sequence number in as few bytes as hold it, one at least (RFC 8613 §5). */
export function partialIv(sequenceNumber: number): Uint8Array {
  if (!(sequenceNumber >= 0 && sequenceNumber <= LAST_SEQUENCE_NUMBER))
    throw new RangeError(`A sequence number is 0 to 2^40 - 1: it is ${sequenceNumber}`)
  let length = 1
  for (let limit = 256; sequenceNumber >= limit; limit *= 256) length++
  const encoded = new Uint8Array(length)
  for (let at = length - 1, rest = sequenceNumber; at >= 0; at--, rest = Math.floor(rest / 256))
    encoded[at] = rest % 256
  return encoded
}

/** A Partial IV as the number it is. */
export function sequenceNumberOf(encoded: Uint8Array): number {
  let value = 0
  for (let at = 0; at < encoded.length; at++) value = value * 256 + (encoded[at] ?? 0)
  return value
}

/** RFC 8613 §5.2. @param idPiv the Sender ID of whoever made the Partial IV */
export function nonceOf({ commonIv }: Pick<Context, "commonIv">, idPiv: Uint8Array, piv: Uint8Array): Uint8Array {
  const nonce = new Uint8Array(NONCE_BYTES)
  nonce[0] = idPiv.length
  nonce.set(idPiv, NONCE_BYTES - PARTIAL_IV_BYTES - idPiv.length)
  nonce.set(piv, NONCE_BYTES - piv.length)
  for (let at = 0; at < NONCE_BYTES; at++) nonce[at] = (nonce[at] ?? 0) ^ (commonIv[at] ?? 0)
  return nonce
}
