// Answers that are no longer than what was asked with: nobody shall use us against a forged sender (RFC 7252 §11.3).
import { encodeBody, NO_BYTES, wholeWords } from "./option"
import type { Response } from "./resource"

const HEADER_BYTES = 4
const OPTION_HEAD_BYTES = 5 // at most, RFC 7252 §3.1

/** The same answer in a message, its token left out, of so many bytes: its text cut, or nothing but its code. */
export function cut(response: Response, limitBytes: number): Response {
  const { code, options = [], payload = NO_BYTES } = response
  let most = HEADER_BYTES + 1 + payload.length
  for (const { value } of options) most += OPTION_HEAD_BYTES + value.length
  if (most <= limitBytes) return response
  const excess = encodeBody(options, payload, HEADER_BYTES).length - limitBytes
  if (excess <= 0) return response
  const shorter = payload.subarray(0, wholeWords(payload, payload.length - excess))
  const fits = encodeBody(options, shorter, HEADER_BYTES).length <= limitBytes
  return fits ? { code, options, payload: shorter } : { code }
}
