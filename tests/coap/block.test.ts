import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import {
  type Block,
  type BlockLimits,
  BlockReceiver,
  blockBytes,
  decodeBlock,
  encodeBlock,
  sendBlockwise,
} from "../../src/coap/block"
import { Code, formatCode } from "../../src/coap/code"
import { findOption, type Option, OptionNumber, textOption, uintOf, uintOption } from "../../src/coap/option"
import { EXCHANGE_LIFETIME_MS, type Request, type Response, say, textOf } from "../../src/coap/resource"
import type { Outgoing, Reply } from "../../src/coap/udp/exchange"
import { VirtualClock } from "../virtual-clock"

const NONE = new Uint8Array(0)
const hex = (text: string) => Uint8Array.fromHex(text.replaceAll(" ", ""))
const PATH = textOption(OptionNumber.UriPath, "surveys")
const LIMITS: BlockLimits = { bodyBytes: 10_000, perAddress: 4, transfers: 8, totalBytes: 50_000 }
const bodyOf = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8)) & 0xff)
const blockOf = ({ options = [] }: { options?: readonly Option[] | undefined }): Block | undefined => {
  const option = findOption(options, OptionNumber.Block1)
  return option && decodeBlock(option.value)
}

interface Part extends Partial<Request> {
  readonly block?: Block
  readonly extra?: readonly Option[]
}

/** A receiver whose peers are the test. */
function receiver(
  limits: Partial<BlockLimits> = {},
  respond: (request: Request) => Response | Promise<Response> = () => say(Code.Changed, "Surveys arrived"),
) {
  const clock = new VirtualClock(1_000_000)
  const bodies: Uint8Array[] = []
  const requests: Request[] = []
  const admitted: Request[] = []
  const refusal: { response?: Response } = {}
  const blocks = new BlockReceiver(
    { ...LIMITS, ...limits },
    clock,
    (request) => {
      admitted.push(request)
      return refusal.response
    },
    (request) => {
      requests.push(request)
      bodies.push(request.payload)
      return respond(request)
    },
  )
  const give = ({ block, extra = [], ...fields }: Part) => {
    const address = fields.address ?? "192.168.1.2"
    const request = {
      code: Code.Put,
      options: [PATH, ...extra, ...(block ? [{ number: OptionNumber.Block1, value: encodeBlock(block) }] : [])],
      payload: NONE,
      address,
      endpoint: `${address}:5683`,
      arrivedAt: clock.now(),
      sizeBytes: 2000,
      ...fields,
    }
    return blocks.handle(request)
  }
  const code = async (part: Part) => formatCode((await give(part)).code)
  /** Block `number` of a body, in blocks of 2^(4 + exponent) bytes. */
  const part = (body: Uint8Array, number: number, exponent = 6, fields: Part = {}): Part => {
    const size = blockBytes(exponent)
    const payload = body.subarray(number * size, (number + 1) * size)
    return { block: { number, exponent, more: (number + 1) * size < body.length }, payload, ...fields }
  }
  return { blocks, clock, bodies, requests, admitted, refusal, give, code, part }
}

describe("Block1's value", () => {
  test.each<[string, Block]>([
    ["", { number: 0, more: false, exponent: 0 }],
    ["06", { number: 0, more: false, exponent: 6 }],
    ["0a", { number: 0, more: true, exponent: 2 }], // 0/1/64
    ["1e", { number: 1, more: true, exponent: 6 }],
    ["16", { number: 1, more: false, exponent: 6 }],
    ["0fe3", { number: 254, more: false, exponent: 3 }],
    ["010e", { number: 16, more: true, exponent: 6 }],
    ["010006", { number: 0x1000, more: false, exponent: 6 }],
    ["ffffff", { number: 0xfffff, more: true, exponent: 7 }],
  ])("%p both ways", (bytes, block) => {
    expect(encodeBlock(block)).toEqual(hex(bytes))
    expect(decodeBlock(hex(bytes))).toEqual(block)
  })

  test("both ways for every value", () => {
    const block = fc.record({ number: fc.nat({ max: 0xfffff }), more: fc.boolean(), exponent: fc.nat({ max: 7 }) })
    fc.assert(fc.property(block, (one) => expect(decodeBlock(encodeBlock(one))).toEqual(one)))
  })

  test("may have leading zeros, and three bytes at most", () => {
    expect(decodeBlock(hex("00001e"))).toEqual({ number: 1, more: true, exponent: 6 })
    expect(decodeBlock(hex("0000001e"))).toBeUndefined()
  })

  test.each([0, 1, 2, 3, 4, 5, 6, 7])("exponent %p counts in its unit", (exponent) => {
    expect(blockBytes(exponent)).toBe([16, 32, 64, 128, 256, 512, 1024, 1024][exponent] ?? 0)
  })
})

describe("sendBlockwise()", () => {
  const put = (length: number): Outgoing => ({ code: Code.Put, options: [PATH], payload: bodyOf(length) })
  const reply = (code: number, block?: Block, options: readonly Option[] = []): Reply => ({
    code,
    options: [...options, ...(block ? [{ number: OptionNumber.Block1, value: encodeBlock(block) }] : [])],
    payload: NONE,
  })
  /** A server that answers as told; what it was asked. */
  const asked = (answer: (block: Block, count: number) => Reply) => {
    const requests: Outgoing[] = []
    const ask = async (request: Outgoing) => {
      requests.push(request)
      return answer(blockOf(request) ?? { number: 0, more: false, exponent: 6 }, requests.length)
    }
    return { requests, ask, blocks: () => requests.map((request) => blockOf(request)) }
  }
  const wellBehaved = (block: Block) => reply(block.more ? Code.Continue : Code.Changed, block)
  const limits = { wholeBytes: 1024, blockBytes: 1024 }

  test.each([0, 1, 1024])("sends %p bytes whole", async (length) => {
    const { ask, requests } = asked(wellBehaved)
    await sendBlockwise(ask, put(length), limits)
    expect(requests).toEqual([{ ...put(length), options: [PATH, uintOption(OptionNumber.Size1, length)] }])
  })

  test.each([16, 32, 64, 128, 256, 512, 1024])("cuts at %p bytes, Size1 on each", async (size) => {
    for (const length of [size + 1, 2 * size - 1, 2 * size, 2 * size + 1]) {
      const { ask, requests, blocks } = asked(wellBehaved)
      const last = await sendBlockwise(ask, put(length), { wholeBytes: size, blockBytes: size })
      const count = Math.ceil(length / size)
      const exponent = Math.log2(size) - 4
      expect(blocks()).toEqual(Array.from({ length: count }, (_, i) => ({ number: i, more: i < count - 1, exponent })))
      expect(Buffer.concat(requests.map(({ payload }) => payload))).toEqual(Buffer.from(bodyOf(length)))
      expect(requests.map(({ options }) => uintOf(options, OptionNumber.Size1))).toEqual(Array(count).fill(length))
      expect(last.code).toBe(Code.Changed)
    }
  })

  test.each([
    [1500, 6],
    [1023, 5],
    [17, 0],
    [16, 0],
    [1, 0],
    [-100, 0],
  ])("with room for %p bytes uses exponent %p", async (room, exponent) => {
    const { ask, blocks } = asked(wellBehaved)
    await sendBlockwise(ask, put(2000), { wholeBytes: room, blockBytes: room })
    expect(blocks()[0]).toEqual({ number: 0, more: true, exponent })
  })

  test("goes on in smaller blocks where the server asks for them, as in RFC 7959 §3.2", async () => {
    const { ask, requests, blocks } = asked((block) => {
      const { number, more } = block
      return reply(more ? Code.Continue : Code.Changed, { number, more, exponent: 1 })
    })
    await sendBlockwise(ask, put(200), { wholeBytes: 128, blockBytes: 128 })
    expect(blocks()).toEqual([
      { number: 0, more: true, exponent: 3 },
      { number: 4, more: true, exponent: 1 },
      { number: 5, more: true, exponent: 1 },
      { number: 6, more: false, exponent: 1 },
    ])
    expect(Buffer.concat(requests.map(({ payload }) => payload))).toEqual(Buffer.from(bodyOf(200)))
  })

  test("begins again in smaller blocks after 4.13 with a size, RFC 7959 §2.9.3", async () => {
    const { ask, blocks } = asked((block) =>
      block.exponent > 2 ? reply(Code.RequestEntityTooLarge, { ...block, exponent: 2 }) : wellBehaved(block),
    )
    expect((await sendBlockwise(ask, put(1100), limits)).code).toBe(Code.Changed)
    expect(blocks().slice(0, 3)).toEqual([
      { number: 0, more: true, exponent: 6 },
      { number: 0, more: true, exponent: 2 },
      { number: 1, more: true, exponent: 2 },
    ])
  })

  test("does not take larger blocks", async () => {
    const { ask, blocks } = asked((block) => ({
      ...wellBehaved(block),
      options: reply(0, { ...block, exponent: 6 }).options,
    }))
    await sendBlockwise(ask, put(100), { wholeBytes: 64, blockBytes: 64 })
    expect(blocks()).toMatchObject([{ exponent: 2 }, { exponent: 2 }])
  })

  test.each([
    ["4.13 without a smaller size", Code.RequestEntityTooLarge, 1, Code.RequestEntityTooLarge],
    ["4.08", Code.RequestEntityIncomplete, 2, Code.RequestEntityIncomplete],
    ["5.03", Code.ServiceUnavailable, 2, Code.ServiceUnavailable],
    ["an early 2.04, which acknowledges nothing: 4.08", Code.Changed, 2, Code.RequestEntityIncomplete],
    ["2.31 to the last block: 4.08", Code.Continue, 3, Code.RequestEntityIncomplete],
  ])("stops at %s", async (_, code, at, expected) => {
    const { ask, requests } = asked((block, count) => (count === at ? reply(code, block) : wellBehaved(block)))
    expect((await sendBlockwise(ask, put(3000), limits)).code).toBe(expected)
    expect(requests.length).toBe(at)
  })
})

describe("BlockReceiver puts bodies together", () => {
  test("of every block size, and answers each block with its own Block1", async () => {
    for (let exponent = 0; exponent <= 6; exponent++) {
      const { give, part, bodies } = receiver()
      const size = blockBytes(exponent)
      for (const length of [size + 1, 2 * size, 3 * size - 1]) {
        const body = bodyOf(length)
        const count = Math.ceil(length / size)
        for (let number = 0; number < count; number++) {
          const more = number < count - 1
          const response = await give(part(body, number, exponent))
          expect(formatCode(response.code)).toBe(more ? "2.31" : "2.04")
          expect(blockOf(response)).toEqual({ number, more, exponent })
        }
        expect(bodies.at(-1)).toEqual(Buffer.from(body))
      }
    }
  })

  test("golden bytes: 2.31 with 0/1/64, then 2.04 with 1/0/64", async () => {
    const { give, part } = receiver()
    const first = await give(part(bodyOf(100), 0, 2))
    expect(first.options).toEqual([{ number: 27, value: hex("0a") }])
    const last = await give(part(bodyOf(100), 1, 2))
    expect([last.options, textOf(last)]).toEqual([[{ number: 27, value: hex("12") }], "Surveys arrived"])
  })

  test("that come in one block", async () => {
    const { give, part, bodies, blocks } = receiver()
    const response = await give(part(bodyOf(100), 0, 6))
    expect([formatCode(response.code), blockOf(response)]).toEqual(["2.04", { number: 0, more: false, exponent: 6 }])
    expect([bodies, blocks.size]).toEqual([[bodyOf(100)], 0])
  })

  test("that come whole", async () => {
    const { code, bodies } = receiver()
    expect([await code({ payload: bodyOf(100) }), bodies]).toEqual(["2.04", [bodyOf(100)]])
    expect(await code({ payload: bodyOf(10_001) })).toBe("4.13")
    expect(bodies.length).toBe(1)
  })

  test("whose last block is empty", async () => {
    const { code, part, bodies } = receiver()
    await code(part(bodyOf(64), 0, 2, { block: { number: 0, more: true, exponent: 2 } }))
    expect(await code({ block: { number: 1, more: false, exponent: 2 } })).toBe("2.04")
    expect(bodies).toEqual([Buffer.from(bodyOf(64))])
  })

  test("whose block size changes in the middle", async () => {
    const { code, part, bodies } = receiver()
    const body = bodyOf(200)
    const codes = [await code(part(body, 0, 3))]
    for (const number of [4, 5, 6]) codes.push(await code(part(body, number, 1)))
    expect(codes).toEqual(["2.31", "2.31", "2.31", "2.04"])
    expect(bodies).toEqual([Buffer.from(body)])
  })

  test("with the time of the first block and the options of the last", async () => {
    const { clock, code, part, requests } = receiver()
    const startedAt = clock.now()
    await code(part(bodyOf(1500), 0))
    await clock.advance(5000)
    clock.set(clock.now() + 86_400_000)
    await code(part(bodyOf(1500), 1))
    expect(requests).toMatchObject([{ arrivedAt: startedAt, options: [PATH, { number: 27 }], code: Code.Put }])
  })

  test("and keeps a copy: the datagram may be written over", async () => {
    const { code, part, bodies } = receiver()
    const body = bodyOf(1500)
    const first = new Uint8Array(body.subarray(0, 1024))
    await code(part(body, 0, 6, { payload: first }))
    first.fill(0)
    await code(part(body, 1))
    expect(bodies).toEqual([Buffer.from(body)])
  })

  test("of several transfers at once: by endpoint, method, options and Request-Tag, but not by Size1", async () => {
    const { code, part, bodies } = receiver({ perAddress: 100 })
    const tag = (value: string) => ({ extra: [{ number: OptionNumber.RequestTag, value: hex(value) }] })
    const transfers: Part[] = [
      {},
      { endpoint: "192.168.1.2:5684" },
      { extra: [textOption(OptionNumber.UriPath, "2026-11-21")] },
      tag(""),
      tag("01"),
      tag("0001"),
      { code: Code.Post },
    ]
    const expected = transfers.map((_, i) => Buffer.from(bodyOf(1500 + i).map((byte) => byte ^ i)))
    for (const number of [0, 1]) {
      for (const [i, fields] of transfers.entries()) {
        const size1 = number === 0 ? [uintOption(OptionNumber.Size1, 1500)] : []
        const extra = [...(fields.extra ?? []), ...size1]
        await code(part(expected[i] ?? NONE, number, 6, { ...fields, extra }))
      }
    }
    expect(bodies).toEqual(expected)
  })
})

describe("BlockReceiver knows a repeated block", () => {
  test("in the middle: 2.31, and it is not appended", async () => {
    const { code, part, bodies } = receiver()
    const body = bodyOf(3000)
    const codes = []
    for (const number of [0, 0, 1, 1, 1, 2]) codes.push(await code(part(body, number)))
    expect(codes).toEqual(["2.31", "2.31", "2.31", "2.31", "2.31", "2.04"])
    expect(bodies).toEqual([Buffer.from(body)])
  })

  test("at the end: the same answer, once it is there, and the handler is not asked again", async () => {
    const commit = Promise.withResolvers<Response>()
    const { give, part, bodies } = receiver({}, () => commit.promise)
    await give(part(bodyOf(1500), 0))
    const answers = [give(part(bodyOf(1500), 1)), give(part(bodyOf(1500), 1))]
    commit.resolve(say(Code.Created, "Surveys arrived"))
    answers.push(give(part(bodyOf(1500), 1)))
    const [first, ...others] = await Promise.all(answers)
    expect(first?.code).toBe(Code.Created)
    for (const other of others) expect(other).toEqual(first ?? say(0))
    expect(bodies.length).toBe(1)
  })

  test("by its bytes: a first block with others begins another body", async () => {
    const { code, part, bodies } = receiver()
    await code(part(bodyOf(1500), 0))
    const corrected = bodyOf(1500).map((byte) => byte ^ 1)
    await code(part(corrected, 0))
    await code(part(corrected, 1))
    expect(bodies).toEqual([Buffer.from(corrected)])
  })

  test("by its bytes: a later block with others is 4.08", async () => {
    const { code, part, bodies } = receiver()
    const body = bodyOf(3000)
    await code(part(body, 0))
    await code(part(body, 1))
    expect(
      await code(
        part(
          body.map((byte) => byte ^ 1),
          1,
        ),
      ),
    ).toBe("4.08")
    expect(bodies).toEqual([])
  })

  test("the whole transfer again is another request", async () => {
    const { code, part, bodies } = receiver()
    for (const number of [0, 1, 0, 1]) await code(part(bodyOf(1500), number))
    expect(bodies.length).toBe(2)
  })

  test("and remembers nothing of a handler that threw", async () => {
    let calls = 0
    const { code, part, give, blocks } = receiver({}, () => {
      if (calls++ === 0) throw new Error("on fire")
      return say(Code.Changed)
    })
    await code(part(bodyOf(1500), 0))
    expect(() => give(part(bodyOf(1500), 1))).toThrow("on fire")
    expect([await code(part(bodyOf(1500), 1)), blocks.size]).toEqual(["4.08", 0])
    expect(await code(part(bodyOf(1500), 0))).toBe("2.31")
    expect(await code(part(bodyOf(1500), 1))).toBe("2.04")
  })
})

describe("BlockReceiver refuses", () => {
  test.each<[string, number[]]>([
    ["a transfer without its first block", [1]],
    ["a gap", [0, 2]],
    ["a block before the last", [0, 1, 2, 1]],
    ["what comes after the end", [0, 1, 2, 3, 4]],
  ])("%s: 4.08", async (_, numbers) => {
    const { code, part } = receiver()
    let last = ""
    for (const number of numbers) last = await code(part(bodyOf(number === 4 ? 5000 : 3500), number))
    expect(last).toBe("4.08")
  })

  test("a gap, and goes on where it was", async () => {
    const { code, part, bodies } = receiver()
    const codes = []
    for (const number of [0, 2, 1, 2]) codes.push(await code(part(bodyOf(3000), number)))
    expect([codes, bodies.length]).toEqual([["2.31", "4.08", "2.31", "2.04"], 1])
  })

  test.each<[string, Part]>([
    ["a block too short", { block: { number: 0, more: true, exponent: 2 }, payload: bodyOf(63) }],
    ["a block too long", { block: { number: 0, more: true, exponent: 2 }, payload: bodyOf(65) }],
    ["an empty block", { block: { number: 0, more: true, exponent: 2 } }],
    ["a last block too long", { block: { number: 0, more: false, exponent: 2 }, payload: bodyOf(65) }],
    ["a Block1 of 4 bytes", { extra: [{ number: OptionNumber.Block1, value: hex("0000000a") }], payload: bodyOf(64) }],
  ])("%s: 4.00", async (_, part) => {
    const { code, blocks, bodies } = receiver()
    expect([await code(part), blocks.size, bodies]).toEqual(["4.00", 0, []])
  })

  test("the reserved exponent 7: 4.00, and does not repeat it (RFC 7959 §2.2)", async () => {
    const { give, blocks } = receiver()
    for (const more of [true, false]) {
      const response = await give({ block: { number: 0, more, exponent: 7 }, payload: bodyOf(1024) })
      expect([formatCode(response.code), blockOf(response)]).toEqual(["4.00", undefined])
    }
    expect(blocks.size).toBe(0)
  })

  test.each<[string, Part]>([
    ["by its Size1, at the first block", { extra: [uintOption(OptionNumber.Size1, 10_001)] }],
    ["by its block number", { block: { number: 10, more: true, exponent: 6 } }],
  ])("a body that is too large %s: 4.13 with Size1, at once", async (_, fields) => {
    const { give, blocks, admitted } = receiver()
    const response = await give({ block: { number: 0, more: true, exponent: 6 }, payload: bodyOf(1024), ...fields })
    expect([formatCode(response.code), uintOf(response.options ?? [], OptionNumber.Size1)]).toEqual(["4.13", 10_000])
    expect([blocks.size, admitted]).toEqual([0, []])
  })

  test("a body that grows past the limit, whatever it announced", async () => {
    const { code, part } = receiver({ bodyBytes: 2048 })
    const announced = { extra: [uintOption(OptionNumber.Size1, 2000)] }
    const codes = []
    for (const number of [0, 1, 2]) codes.push(await code(part(bodyOf(4000), number, 6, announced)))
    expect(codes).toEqual(["2.31", "2.31", "4.13"])
  })

  test("whom admit() refuses, before anything is kept", async () => {
    const { code, part, blocks, refusal } = receiver()
    refusal.response = say(Code.Forbidden)
    expect([await code(part(bodyOf(1500), 0)), blocks.size]).toEqual(["4.03", 0])
    expect(await code(part(bodyOf(1500), 1))).toBe("4.08")
  })
})

describe("BlockReceiver takes BERT where it is told to (RFC 8323 §6)", () => {
  const bert = (number: number, more: boolean, payload: Uint8Array): Part => ({
    block: { number, more, exponent: 7 },
    payload,
  })

  test("several units a message, numbered in units", async () => {
    const { code, bodies } = receiver({ bert: true })
    const body = bodyOf(9000)
    expect(await code(bert(0, true, body.subarray(0, 3072)))).toBe("2.31")
    expect(await code(bert(3, true, body.subarray(3072, 8192)))).toBe("2.31")
    expect(await code(bert(3, true, body.subarray(3072, 8192)))).toBe("2.31")
    expect(await code(bert(8, false, body.subarray(8192)))).toBe("2.04")
    expect(bodies).toEqual([Buffer.from(body)])
  })

  test.each([0, 1, 1023, 1025])("but not %p bytes in the middle", async (length) => {
    const { code } = receiver({ bert: true })
    expect(await code(bert(0, true, bodyOf(length)))).toBe("4.00")
  })
})

describe("BlockReceiver is bounded", () => {
  const from = (address: string, endpoint = `${address}:5683`) => ({ address, endpoint })
  const first = (end: ReturnType<typeof receiver>, fields: Part) => end.code(end.part(bodyOf(1500), 0, 6, fields))
  const second = (end: ReturnType<typeof receiver>, fields: Part) => end.code(end.part(bodyOf(1500), 1, 6, fields))

  test("per address: who begins too many loses the one that was silent for longest", async () => {
    const end = receiver({ perAddress: 2, transfers: 100 })
    for (const port of [1, 2, 3]) await first(end, from("192.168.1.2", `192.168.1.2:${port}`))
    await first(end, from("192.168.1.3"))
    expect(end.blocks.size).toBe(3)
    expect(await second(end, from("192.168.1.2", "192.168.1.2:1"))).toBe("4.08")
    expect(await second(end, from("192.168.1.2", "192.168.1.2:3"))).toBe("2.04")
    expect(await second(end, from("192.168.1.3"))).toBe("2.04")
  })

  test("in number: 5.03 with Max-Age while all go on", async () => {
    const end = receiver({ transfers: 2 })
    await first(end, from("192.168.1.2"))
    await first(end, from("192.168.1.3"))
    await end.clock.advance(1000)
    const refused = await end.give(end.part(bodyOf(1500), 0, 6, from("192.168.1.4")))
    expect([formatCode(refused.code), uintOf(refused.options ?? [], OptionNumber.MaxAge)]).toEqual(["5.03", 5])
    expect(await second(end, from("192.168.1.2"))).toBe("2.04")
    expect(await first(end, from("192.168.1.4"))).toBe("2.31")
    expect(await second(end, from("192.168.1.3"))).toBe("2.04")
  })

  test("in number: who takes more than a second a block gives way, the most silent first, and nobody else", async () => {
    const end = receiver({ transfers: 3 })
    const blockOf = (last: number, number: number) =>
      end.code(end.part(bodyOf(5000), number, 6, from(`192.168.1.${last}`)))
    for (const last of [2, 3, 4]) await blockOf(last, 0)
    await blockOf(2, 1)
    await end.clock.advance(1001)
    expect([await blockOf(5, 0), await blockOf(6, 0), await blockOf(7, 0)]).toEqual(["2.31", "2.31", "5.03"])
    expect([await blockOf(3, 1), await blockOf(4, 1), await blockOf(2, 2)]).toEqual(["4.08", "4.08", "2.31"])
  })

  test("in number: 30 s are enough for anybody when others wait, however fast it began", async () => {
    const end = receiver({ transfers: 1, bodyBytes: 100_000, totalBytes: 100_000 })
    const body = bodyOf(50_000)
    for (let number = 0; number < 40; number++) await end.code(end.part(body, number, 6, from("192.168.1.2")))
    await end.clock.advance(30_000)
    expect(await first(end, from("192.168.1.3"))).toBe("5.03")
    await end.clock.advance(1)
    expect(await end.code(end.part(body, 40, 6, from("192.168.1.2")))).toBe("2.31")
    await end.clock.advance(100)
    expect(await first(end, from("192.168.1.3"))).toBe("2.31")
    expect(await end.code(end.part(body, 41, 6, from("192.168.1.2")))).toBe("4.08")
  })

  test("in number: transfers that nobody ends, however many in all, keep no honest one out", async () => {
    const end = receiver({ transfers: 100, totalBytes: 1_000_000 })
    const codes = new Map<string, number>()
    for (let round = 0; round < 200; round++) {
      await end.clock.advance(100)
      for (let i = 0; i < 4; i++) await first(end, from(`10.0.${round}.${i}`))
      for (const say of [first, second]) {
        const code = await say(end, from("192.168.1.2", `192.168.1.2:${round}`))
        codes.set(code, (codes.get(code) ?? 0) + 1)
      }
    }
    expect(Object.fromEntries(codes)).toEqual({ "2.31": 200, "2.04": 200 })
  })

  test.each([
    ["set back", -86_400_000],
    ["set ahead", 86_400_000],
  ])("in number: a clock that is %s lets nobody in and keeps nobody in", async (_, leapMs) => {
    const end = receiver({ transfers: 1 })
    await first(end, from("192.168.1.2"))
    end.clock.set(end.clock.now() + leapMs)
    expect(await first(end, from("192.168.1.3"))).toBe("5.03")
    await end.clock.advance(1001)
    expect(await first(end, from("192.168.1.3"))).toBe("2.31")
  })

  test("in number: finished ones make room", async () => {
    const end = receiver({ transfers: 2 })
    await first(end, from("192.168.1.2"))
    await first(end, from("192.168.1.3"))
    await second(end, from("192.168.1.3"))
    expect(await first(end, from("192.168.1.4"))).toBe("2.31")
    expect([end.blocks.size, await second(end, from("192.168.1.2"))]).toEqual([2, "2.04"])
  })

  test("in bytes: who is refused gives room to the others, so that somebody always gets through", async () => {
    const end = receiver({ totalBytes: 5000 })
    const body = bodyOf(3000)
    const give = (number: number, last: number) => end.code(end.part(body, number, 6, from(`192.168.1.${last}`)))
    expect([await give(0, 2), await give(0, 3), await give(1, 2)]).toEqual(["2.31", "2.31", "2.31"])
    expect([await give(1, 3), await give(2, 2)]).toEqual(["5.03", "2.04"])
    expect([await give(0, 3), await give(1, 3), await give(2, 3)]).toEqual(["2.31", "2.31", "2.04"])
    expect(end.bodies).toEqual([Buffer.from(body), Buffer.from(body)])
  })

  test("in bytes: many small blocks hold no more than a large one", async () => {
    const end = receiver({ totalBytes: 6000 })
    const body = bodyOf(4096)
    for (let number = 0; number < 255; number++) expect(await end.code(end.part(body, number, 0))).toBe("2.31")
    expect([await end.code(end.part(body, 255, 0)), end.bodies]).toEqual(["2.04", [body]])
  })

  test("in bytes: long options take no room, and still tell transfers apart", async () => {
    const end = receiver({ totalBytes: 5000 })
    const long = (last: string) => ({ extra: [textOption(OptionNumber.UriQuery, "x".repeat(6000) + last)] })
    const codes = []
    for (const say of [first, second]) {
      for (const last of ["a", "b"]) codes.push(await say(end, { ...from("192.168.1.2"), ...long(last) }))
    }
    expect(codes).toEqual(["2.31", "2.31", "2.04", "2.04"])
  })

  test("in bytes: what is given up is there again", async () => {
    const end = receiver({ totalBytes: 2000 })
    expect(await first(end, from("192.168.1.2"))).toBe("2.31")
    expect(await first(end, from("192.168.1.3"))).toBe("5.03")
    await end.clock.advance(EXCHANGE_LIFETIME_MS + 1)
    expect(await first(end, from("192.168.1.3"))).toBe("2.31")
  })

  test("forget() drops all of an endpoint that has gone, and of no other", async () => {
    const end = receiver()
    for (const port of ["1", "11"]) await first(end, from("192.168.1.2", `192.168.1.2:${port}`))
    end.blocks.forget({ address: "192.168.1.2" }, "192.168.1.2:1")
    expect(await second(end, from("192.168.1.2", "192.168.1.2:1"))).toBe("4.08")
    expect(await second(end, from("192.168.1.2", "192.168.1.2:11"))).toBe("2.04")
  })

  test("in time: a transfer that was silent for EXCHANGE_LIFETIME begins again", async () => {
    const end = receiver()
    await first(end, from("192.168.1.2"))
    await first(end, from("192.168.1.3"))
    await end.clock.advance(EXCHANGE_LIFETIME_MS)
    expect(await second(end, from("192.168.1.2"))).toBe("2.04")
    await end.clock.advance(1)
    expect([await second(end, from("192.168.1.3")), end.blocks.size]).toEqual(["4.08", 1])
  })

  test("in time: a repeated block keeps its transfer alive", async () => {
    const end = receiver()
    await first(end, from("192.168.1.2"))
    await end.clock.advance(EXCHANGE_LIFETIME_MS)
    await end.code(end.part(bodyOf(3000), 0, 6, from("192.168.1.3")))
    await end.code(end.part(bodyOf(3000), 1, 6, from("192.168.1.3")))
    await end.clock.advance(EXCHANGE_LIFETIME_MS)
    expect(await end.code(end.part(bodyOf(3000), 1, 6, from("192.168.1.3")))).toBe("2.31")
    await end.clock.advance(EXCHANGE_LIFETIME_MS)
    expect(await end.code(end.part(bodyOf(3000), 2, 6, from("192.168.1.3")))).toBe("2.04")
    expect(await second(end, from("192.168.1.2"))).toBe("4.08")
  })

  test("whatever comes, and holds nothing once all is over", async () => {
    const step = fc.record({
      peer: fc.nat({ max: 9 }),
      number: fc.nat({ max: 3 }),
      exponent: fc.nat({ max: 7 }),
      length: fc.constantFrom(3000, 2048, 100),
      waitMs: fc.constantFrom(0, 0, 1000, EXCHANGE_LIFETIME_MS),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const end = receiver({ perAddress: 2, transfers: 3, totalBytes: 9000 })
        for (const { peer, number, exponent, length, waitMs } of steps) {
          await end.code(end.part(bodyOf(length), number, exponent, from(`10.0.0.${peer % 4}`, `${peer}`)))
          expect(end.blocks.size).toBeLessThanOrEqual(3)
          if (waitMs > 0) await end.clock.advance(waitMs)
        }
        await end.clock.advance(EXCHANGE_LIFETIME_MS + 1)
        // all of the memory is there again
        const large = bodyOf(7900)
        for (let i = 0; i < 8; i++) expect(await end.code(end.part(large, i, 6, from("10.0.0.1", "x")))).toMatch(/^2/)
        expect(end.blocks.size).toBe(1)
      }),
      { numRuns: 60 },
    )
  })
})
