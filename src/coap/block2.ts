// Block-wise answers, Block2, the server's side (RFC 7959 §2.4): no state, each block is cut out of an answer made anew.
import { blockBytes, decodeBlock, encodeBlock } from "./block"
import { Code } from "./code"
import { findOption, NO_BYTES, OptionNumber } from "./option"
import { type Handler, type Response, say } from "./resource"

const RESERVED = 7 // an exponent, over UDP

/** Gives clients that ask for blocks the one that they ask for, of what the handler answers with 2.05. */
export const answeringInBlocks =
  (handler: Handler): Handler =>
  (request) => {
    const response = handler(request)
    const option = findOption(request.options, OptionNumber.Block2)
    if (!option) return response
    return response instanceof Promise
      ? response.then((whole) => cutOut(whole, option.value))
      : cutOut(response, option.value)
  }

function cutOut(whole: Response, asked: Uint8Array): Response {
  const { code, options = [], payload = NO_BYTES } = whole
  const block = decodeBlock(asked)
  if (code !== Code.Content || !block) return whole
  const { number, exponent } = block
  if (exponent === RESERVED) return say(Code.BadRequest, `Block size ${RESERVED} is reserved`)
  const size = blockBytes(exponent)
  const [from, to] = [number * size, (number + 1) * size]
  if (number === 0 && payload.length <= size) return whole // it needs no blocks
  if (from >= payload.length) return say(Code.BadRequest, `There is no block ${number}`)
  const value = encodeBlock({ number, more: to < payload.length, exponent })
  return {
    ...whole,
    options: [...options, { number: OptionNumber.Block2, value }],
    payload: payload.subarray(from, to),
  }
}
