import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import { Code, codeClass, formatCode, isRequest, isResponse, isSuccess } from "../../../src/coap/code"
import { MessageFormatError, type Option, textOption, uintOption } from "../../../src/coap/option"
import {
  decodeMessage,
  encodeEmpty,
  encodeMessage,
  type Message,
  readHeader,
  Type,
} from "../../../src/coap/udp/message"

const NONE = new Uint8Array(0)
const hex = (text: string) => Uint8Array.fromHex(text.replaceAll(" ", ""))
const ascii = (text: string) => new TextEncoder().encode(text)
const toHex = (text: string) => ascii(text).toHex()

const message = (fields: Partial<Message>): Message => ({
  type: Type.Confirmable,
  code: Code.Get,
  id: 0,
  token: NONE,
  options: [],
  payload: NONE,
  ...fields,
})

/** Comparable whatever buffers the views are on. */
const plain = ({ type, code, id, token, options, payload }: Message) => ({
  type,
  code,
  id,
  token: token.toHex(),
  options: options.map(({ number, value }: Option) => [number, value.toHex()]),
  payload: payload.toHex(),
})

// RFC 7252 appendix A: figures 16 to 22
const temperature = [textOption(11, "temperature")]
const path = `bb ${toHex("temperature")}`
const reading = `ff ${toHex("22.3 C")}`
const { Confirmable, NonConfirmable, Acknowledgement } = Type
const examples: [string, Message, string][] = [
  ["16: confirmable GET", message({ id: 0x7d34, options: temperature }), `40 01 7d34 ${path}`],
  [
    "16: piggybacked answer",
    message({ type: Acknowledgement, code: Code.Content, id: 0x7d34, payload: ascii("22.3 C") }),
    `60 45 7d34 ${reading}`,
  ],
  ["17: GET with a token", message({ id: 0x7d35, token: hex("20"), options: temperature }), `41 01 7d35 20 ${path}`],
  [
    "17: answer with the token",
    message({ type: Acknowledgement, code: Code.Content, id: 0x7d35, token: hex("20"), payload: ascii("22.3 C") }),
    `61 45 7d35 20 ${reading}`,
  ],
  ["20: acknowledgement alone", message({ type: Acknowledgement, code: Code.Empty, id: 0x7d38 }), "60 00 7d38"],
  [
    "20: separate answer",
    message({ code: Code.Content, id: 0xad7b, token: hex("53"), payload: ascii("22.3 C") }),
    `41 45 ad7b 53 ${reading}`,
  ],
  ["21: reset", message({ type: Type.Reset, code: Code.Empty, id: 0xad7c }), "70 00 ad7c"],
  [
    "22: non-confirmable GET",
    message({ type: NonConfirmable, id: 0x7d40, token: hex("75"), options: temperature }),
    `51 01 7d40 75 ${path}`,
  ],
  [
    "22: non-confirmable answer",
    message({ type: NonConfirmable, code: Code.Content, id: 0xad7d, token: hex("75"), payload: ascii("22.3 C") }),
    `51 45 ad7d 75 ${reading}`,
  ],
]

describe("RFC 7252 appendix A", () => {
  test.each(examples)("encodeMessage() writes figure %s", (_name, value, bytes) => {
    expect(encodeMessage(value).toHex()).toBe(hex(bytes).toHex())
  })

  test.each(examples)("decodeMessage() reads figure %s", (_name, value, bytes) => {
    expect(plain(decodeMessage(hex(bytes)))).toEqual(plain(value))
  })
})

test("encodeEmpty() writes acknowledgement and reset", () => {
  expect(encodeEmpty(Acknowledgement, 0x7d38).toHex()).toBe("60007d38")
  expect(encodeEmpty(Type.Reset, 0x7d39).toHex()).toBe("70007d39")
})

test("readHeader() reads what RST needs of a malformed message, and nothing of fewer than 4 bytes", () => {
  expect(readHeader(hex("4f 01 7d34"))).toEqual({ version: 1, type: Confirmable, id: 0x7d34 })
  expect(readHeader(hex("d0 01 ffff"))).toEqual({ version: 3, type: NonConfirmable, id: 0xffff })
  expect(readHeader(hex("40 01 7d"))).toBeUndefined()
})

const codes = [
  Code.Get,
  Code.Post,
  Code.Put,
  Code.Delete,
  Code.Created,
  Code.Content,
  Code.Conflict,
  Code.ServiceUnavailable,
]
const anyMessage: fc.Arbitrary<Message> = fc.record({
  type: fc.constantFrom(Type.Confirmable, Type.NonConfirmable, Type.Acknowledgement),
  code: fc.constantFrom(...codes),
  id: fc.nat(0xffff),
  token: fc.uint8Array({ maxLength: 8 }),
  options: fc
    .array(fc.record({ number: fc.nat(3000), value: fc.uint8Array({ maxLength: 300 }) }), { maxLength: 5 })
    .map((list) => list.sort((a, b) => a.number - b.number)),
  payload: fc.uint8Array({ maxLength: 300 }),
})

describe("decodeMessage()", () => {
  test("gives back what encodeMessage() was given, for any message", () => {
    fc.assert(
      fc.property(anyMessage, (value) => {
        expect(plain(decodeMessage(encodeMessage(value)))).toEqual(plain(value))
      }),
    )
  })

  test.each([
    ["an empty datagram", ""],
    ["3 bytes", "40 01 7d"],
    ["version 0", "00 01 7d34"],
    ["version 2", "80 01 7d34"],
    ["version 3", "c0 01 7d34"],
    ["an empty message with a token", "61 00 7d38 20"],
    ["an empty message with a token length but no token", "61 00 7d38"],
    ["an empty message with an option", "60 00 7d38 b1 61"],
    ["an empty message with a payload", "60 00 7d38 ff 61"],
    ["a token that is cut short", "42 01 7d34 20"],
    ["an option past the end", "40 01 7d34 bb 74"],
    ["a payload marker without payload", "40 01 7d34 b1 61 ff"],
    ["a reserved option length", "40 01 7d34 bf 61"],
    ["a reserved option delta", "40 01 7d34 f1 61"],
  ])("refuses %s", (_name, bytes) => {
    expect(() => decodeMessage(hex(bytes))).toThrow(MessageFormatError)
  })

  test.each([9, 10, 11, 12, 13, 14, 15])("refuses the reserved token length %d", (length) => {
    const bytes = new Uint8Array(4 + length)
    bytes.set([0x40 | length, 1, 0, 1])
    expect(() => decodeMessage(bytes)).toThrow(MessageFormatError)
  })

  test.each([1, 3, 6, 7])("refuses the code class %d", (klass) => {
    expect(() => decodeMessage(hex(`40 ${(klass << 5).toString(16)} 7d34`))).toThrow(MessageFormatError)
  })

  test("of a message cut at any offset is refused, or is that message with less payload and nothing else changed", () => {
    fc.assert(
      fc.property(anyMessage, (value) => {
        const bytes = encodeMessage(value)
        for (let length = 0; length < bytes.length; length++) checkCut(value, bytes.subarray(0, length))
      }),
      { numRuns: 30 },
    )
  })

  test("of any bytes gives a message that reads the same again, or throws MessageFormatError and nothing else", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        bytes[0] = 0x40 | ((bytes[0] ?? 0) & 0x3f)
        const value = decodeOrRefuse(bytes)
        if (value) expect(plain(decodeMessage(encodeMessage(value)))).toEqual(plain(value))
      }),
      { numRuns: 1000 },
    )
  })
})

function decodeOrRefuse(bytes: Uint8Array): Message | undefined {
  try {
    return decodeMessage(bytes)
  } catch (error) {
    expect(error).toBeInstanceOf(MessageFormatError)
    return undefined
  }
}

/** A datagram says no length: a cut between options or in the payload is a shorter message, and never another one. */
function checkCut(whole: Message, bytes: Uint8Array): void {
  const cut = decodeOrRefuse(bytes)
  if (!cut) return
  const { options, payload, ...rest } = plain(cut)
  const expected = plain(whole)
  expect(rest).toEqual({ type: expected.type, code: expected.code, id: expected.id, token: expected.token })
  expect(options).toEqual(expected.options.slice(0, options.length))
  expect(expected.payload.startsWith(payload)).toBe(true)
  if (payload !== "") expect(options.length).toBe(expected.options.length)
}

describe("codes", () => {
  test("are class and detail, written as RFC 7252 §3 does", () => {
    expect([Code.Put, Code.Continue, Code.NotFound, Code.Csm].map(formatCode)).toEqual(["0.03", "2.31", "4.04", "7.01"])
    expect([Code.Put, Code.Content, Code.Abort].map(codeClass)).toEqual([0, 2, 7])
  })

  test("are requests, responses, signals, or empty", () => {
    expect([Code.Empty, Code.Get, Code.Content, Code.Csm].map(isRequest)).toEqual([false, true, false, false])
    expect(
      [Code.Empty, Code.Get, Code.Created, Code.BadRequest, Code.ServiceUnavailable, Code.Csm].map(isResponse),
    ).toEqual([false, false, true, true, true, false])
    expect([Code.Changed, Code.BadRequest].map(isSuccess)).toEqual([true, false])
  })
})

test("uintOption() writes Content-Format 0 as no bytes", () => {
  const bytes = encodeMessage(message({ code: Code.Put, options: [uintOption(12, 0)], payload: ascii("x") }))
  expect(bytes.toHex()).toBe("40030000c0ff78")
})
