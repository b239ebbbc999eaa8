// Requests and answers ↔ OSCORE messages: what is encrypted, what stays outside, and what binds an answer to its request
// (RFC 8613 §4, §5, §8). Pure: sequence numbers and replay windows are the caller's.
import { Code } from "../code"
import { type Content, decodeBody, encodeBody, findOption, NO_BYTES, type Option, OptionNumber } from "../option"
import { array, bytes, concat, text, uint } from "./cbor"
import { open, seal } from "./ccm"
import { type CoseObject, decodeObject, encodeObject } from "./compression"
import { AES_CCM_16_64_128, type Context, nonceOf, partialIv } from "./context"

/** What an answer is bound to: the Partial IV and the kid of its request, and the nonce made of them. */
export interface Binding {
  readonly kid: Uint8Array
  readonly partialIv: Uint8Array
  /** What both are sealed with besides (RFC 8613 §5.4). */
  readonly aad: Uint8Array
}

export const bindingOf = (kid: Uint8Array, partialIv: Uint8Array): Binding => ({
  kid,
  partialIv,
  aad: aadOf({ kid, partialIv }),
})

// Class U: what a proxy needs stays outside (RFC 8613 §4.1, Figure 5). All else is class E, what nobody knows as well.
const OUTSIDE: ReadonlySet<number> = new Set([
  OptionNumber.UriHost,
  OptionNumber.UriPort,
  OptionNumber.ProxyUri,
  OptionNumber.ProxyScheme,
])

const OSCORE_VERSION = 1
const ALGORITHMS = array(uint(AES_CCM_16_64_128))
const NO_CLASS_I = bytes(NO_BYTES) // there are no options of class I
const AAD_HEAD = concat(Uint8Array.of(0x83), text("Encrypt0"), bytes(NO_BYTES))
const VERSION = uint(OSCORE_VERSION)

/** `external_aad` without its wrapping (RFC 8613 §5.4). */
export const aadArrayOf = ({ kid, partialIv: piv }: Pick<Binding, "kid" | "partialIv">): Uint8Array =>
  array(VERSION, ALGORITHMS, bytes(kid), bytes(piv), NO_CLASS_I)

/** COSE's Enc_structure around it (RFC 9052 §5.3). */
export const aadOf = (binding: Pick<Binding, "kid" | "partialIv">): Uint8Array =>
  concat(AAD_HEAD, bytes(aadArrayOf(binding)))

/** Code, options of class E and payload: a message without its header (RFC 8613 §5.3). */
function plaintextOf({ code, options, payload }: Content): Uint8Array {
  const inside = options.some(isOutside) ? options.filter((option) => !isOutside(option)) : options
  const plaintext = encodeBody(inside, payload, 1)
  plaintext[0] = code
  return plaintext
}

const isOutside = ({ number }: Option): boolean => OUTSIDE.has(number)

/** The message as it travels. */
function messageOf(code: number, { options }: Content, object: CoseObject, ciphertext: Uint8Array): Content {
  const option = { number: OptionNumber.Oscore, value: encodeObject(object) }
  return {
    code,
    options: options.some(isOutside) ? [...options.filter(isOutside), option] : [option],
    payload: ciphertext,
  }
}

/** The message that is inside a plaintext, with what stays outside. Throws MessageFormatError. */
function contentOf(plaintext: Uint8Array, outer: readonly Option[]): Content {
  const { options, payload } = decodeBody(plaintext, 1)
  const all = outer.some(isOutside) ? [...outer.filter(isOutside), ...options].sort(byNumber) : options
  return { code: plaintext[0] ?? 0, options: all, payload }
}

const byNumber = (a: Option, b: Option): number => a.number - b.number

/** Whether a message says that it is protected. */
export const hasOscore = ({ options }: Pick<Content, "options">): boolean =>
  findOption(options, OptionNumber.Oscore) !== undefined

/** What the OSCORE option of a message says: `none` where there is none, undefined where it fails to decode. */
export function objectOf({ options, payload }: Pick<Content, "options" | "payload">): CoseObject | "none" | undefined {
  const option = findOption(options, OptionNumber.Oscore)
  if (!option) return "none"
  // a message without a ciphertext is malformed (RFC 8613 §2), and so is a second option (RFC 7252 §5.4.5)
  const isOne = options.every((other) => other.number !== OptionNumber.Oscore || other === option)
  return isOne && payload.length > 0 ? decodeObject(option.value) : undefined
}

/** RFC 8613 §8.1. @param sequenceNumber of which this context has never made use */
export function protectRequest(
  context: Context,
  sequenceNumber: number,
  request: Content,
  kidContext?: Uint8Array,
): { readonly message: Content; readonly binding: Binding } {
  const binding = bindingOf(context.senderId, partialIv(sequenceNumber))
  const nonce = nonceOf(context, context.senderId, binding.partialIv)
  const ciphertext = seal(context.senderKey, nonce, binding.aad, plaintextOf(request))
  return {
    message: messageOf(Code.Post, request, { kid: binding.kid, partialIv: binding.partialIv, kidContext }, ciphertext),
    binding,
  }
}

/** RFC 8613 §8.2, steps 4 to 7. Undefined where decryption fails; throws MessageFormatError where what is inside is none. */
export function openRequest(context: Context, binding: Binding, { options, payload }: Content): Content | undefined {
  const nonce = nonceOf(context, context.recipientId, binding.partialIv)
  const plaintext = open(context.recipientKey, nonce, binding.aad, payload)
  return plaintext && contentOf(plaintext, options)
}

export interface ResponseExtras {
  /** A number of our own, of which this context has never made use; without it the request's nonce serves, once. */
  readonly sequenceNumber?: number
  readonly kidContext?: Uint8Array
}

/** RFC 8613 §8.3. */
export function protectResponse(
  context: Context,
  binding: Binding,
  response: Content,
  { sequenceNumber, kidContext }: ResponseExtras = {},
): Content {
  const own = sequenceNumber === undefined ? undefined : partialIv(sequenceNumber)
  const nonce = own ? nonceOf(context, context.senderId, own) : nonceOf(context, context.recipientId, binding.partialIv)
  const ciphertext = seal(context.senderKey, nonce, binding.aad, plaintextOf(response))
  return messageOf(Code.Changed, response, { partialIv: own, kidContext }, ciphertext)
}

/** RFC 8613 §8.4. Undefined where it does not verify; throws MessageFormatError where what is inside is no message. */
export function openResponse(
  context: Context,
  binding: Binding,
  object: CoseObject,
  { options, payload }: Content,
): Content | undefined {
  const nonce = object.partialIv
    ? nonceOf(context, context.recipientId, object.partialIv)
    : nonceOf(context, context.senderId, binding.partialIv)
  const plaintext = open(context.recipientKey, nonce, binding.aad, payload)
  return plaintext && contentOf(plaintext, options)
}
