import { describe, expect, test } from "bun:test"
import { blockBytes, decodeBlock, encodeBlock } from "../../src/coap/block"
import { answeringInBlocks } from "../../src/coap/block2"
import { Code, formatCode } from "../../src/coap/code"
import { findOption, OptionNumber, uintOf, uintOption } from "../../src/coap/option"
import { type Response, say, textOf } from "../../src/coap/resource"
import { requestFor } from "../fixtures"

const TEXT = "0123456789".repeat(10)
const FORMAT = uintOption(OptionNumber.ContentFormat, 40)
const whole = say(Code.Content, TEXT, [FORMAT])

/** What a client gets that asks for this block. */
async function get(number: number, exponent: number, response: Response | Promise<Response> = whole) {
  const options = [{ number: OptionNumber.Block2, value: encodeBlock({ number, more: false, exponent }) }]
  return answeringInBlocks(() => response)(requestFor("x", "", { code: Code.Get, options }))
}
const blockOf = ({ options = [] }: Response) => {
  const option = findOption(options, OptionNumber.Block2)
  return option && decodeBlock(option.value)
}

describe("answeringInBlocks()", () => {
  test.each([0, 1, 2])("gives the whole in blocks of the size that is asked for, exponent %d", async (exponent) => {
    let text = ""
    for (let number = 0, more = true; more; number++) {
      const response = await get(number, exponent, number % 2 ? Promise.resolve(whole) : whole)
      text += textOf(response)
      more = text.length < TEXT.length
      expect(blockOf(response)).toEqual({ number, more, exponent })
      expect([response.code, uintOf(response.options ?? [], OptionNumber.ContentFormat)]).toEqual([Code.Content, 40])
      expect(response.payload?.length).toBe(more ? blockBytes(exponent) : TEXT.length - number * blockBytes(exponent))
    }
    expect(text).toBe(TEXT)
  })

  test("leaves an answer that fits into one block, and one to which nobody asked for blocks", async () => {
    expect(await get(0, 3)).toBe(whole)
    expect(await answeringInBlocks(() => whole)(requestFor("x", "", { code: Code.Get }))).toBe(whole)
  })

  test("leaves what is no content", async () => {
    const changed = say(Code.Changed, TEXT)
    expect(await get(0, 0, changed)).toBe(changed)
  })

  test.each([
    [7, 0, "4.00 There is no block 7"],
    [1, 6, "4.00 There is no block 1"],
    [0, 7, "4.00 Block size 7 is reserved"],
  ])("refuses block %d of exponent %d with %s", async (number, exponent, expected) => {
    const response = await get(number, exponent)
    expect(`${formatCode(response.code)} ${textOf(response)}`).toBe(expected)
  })
})
