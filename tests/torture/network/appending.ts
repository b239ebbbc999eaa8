// The planted receiver of blocks: what comes is taken for the next one, also when it came before.
import { decodeBlock, encodeBlock } from "../../../src/coap/block"
import { findOption, OptionNumber } from "../../../src/coap/option"
import { type Handler, type Request, readTarget } from "../../../src/coap/resource"

/** Counts the blocks of a transfer as they come, and gives them the numbers that a strict receiver waits for. */
export function appending(handle: Handler): Handler {
  const received = new Map<string, number>()
  return (request) => {
    const option = findOption(request.options, OptionNumber.Block1)
    const block = option && decodeBlock(option.value)
    if (!block) return handle(request)
    const key = keyOf(request)
    const number = block.number === 0 ? 0 : (received.get(key) ?? block.number)
    received.set(key, number + 1)
    const value = encodeBlock({ ...block, number })
    const options = request.options.map((each) => (each === option ? { ...each, value } : each))
    return handle({ ...request, options })
  }
}

function keyOf(request: Request): string {
  const target = readTarget(request)
  return "path" in target ? `${request.endpoint} ${target.path.join("/")}` : request.endpoint
}
