// The value of the OSCORE option, a compressed COSE object: Partial IV, kid context and kid (RFC 8613 §6.1). Pure and strict.
import { NO_BYTES } from "../option"
import { concat } from "./cbor"

export interface CoseObject {
  readonly partialIv?: Uint8Array | undefined
  readonly kidContext?: Uint8Array | undefined
  readonly kid?: Uint8Array | undefined
}

const PARTIAL_IV_LENGTH = 0b0000_0111
const KID_FLAG = 0b0000_1000
const KID_CONTEXT_FLAG = 0b0001_0000
const RESERVED = 0b1110_0000
const LONGEST_PARTIAL_IV = 5
const LONGEST_KID_CONTEXT = 255

/** An object without anything is no bytes at all (RFC 8613 §2). */
export function encodeObject({ partialIv = NO_BYTES, kidContext, kid }: CoseObject): Uint8Array {
  if (partialIv.length > LONGEST_PARTIAL_IV) throw new RangeError("A Partial IV has 5 bytes at most")
  const flags =
    partialIv.length | (kid === undefined ? 0 : KID_FLAG) | (kidContext === undefined ? 0 : KID_CONTEXT_FLAG)
  if (flags === 0) return NO_BYTES
  if (kidContext === undefined) return concat(Uint8Array.of(flags), partialIv, kid ?? NO_BYTES)
  if (kidContext.length > LONGEST_KID_CONTEXT) throw new RangeError("A kid context has 255 bytes at most")
  return concat(Uint8Array.of(flags), partialIv, Uint8Array.of(kidContext.length), kidContext, kid ?? NO_BYTES)
}

/** Undefined where it fails to decode. A Partial IV with zeros in front would be a second name of the same number (§5). */
export function decodeObject(value: Uint8Array): CoseObject | undefined {
  if (value.length === 0) return {}
  const flags = value[0] ?? 0
  const length = flags & PARTIAL_IV_LENGTH
  // a flag byte of zero stands for no bytes at all
  if (flags === 0 || (flags & RESERVED) !== 0 || length > LONGEST_PARTIAL_IV) return undefined
  let at = 1 + length
  if (at > value.length) return undefined
  const partialIv = length > 0 ? value.slice(1, at) : undefined
  if (length > 1 && partialIv?.[0] === 0) return undefined
  let kidContext: Uint8Array | undefined
  if (flags & KID_CONTEXT_FLAG) {
    const size = value[at]
    if (size === undefined || at + 1 + size > value.length) return undefined
    kidContext = value.slice(at + 1, at + 1 + size)
    at += 1 + size
  }
  if (!(flags & KID_FLAG) && at < value.length) return undefined
  return { partialIv, kidContext, kid: flags & KID_FLAG ? value.slice(at) : undefined }
}
