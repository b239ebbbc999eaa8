import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import { Code } from "../../../src/coap/code"
import { MessageFormatError, textOption, uintOption } from "../../../src/coap/option"
import { encodeCut, encodeFrame, type Frame, FrameReader } from "../../../src/coap/tcp/frame"

const NONE = new Uint8Array(0)
const hex = (text: string) => Uint8Array.fromHex(text.replaceAll(" ", ""))
const ascii = (text: string) => new TextEncoder().encode(text)

const frame = (fields: Partial<Frame>): Frame => ({
  code: Code.Put,
  token: NONE,
  options: [],
  payload: NONE,
  ...fields,
})

const plain = ({ code, token, options, payload }: Frame) => ({
  code,
  token: token.toHex(),
  options: options.map(({ number, value }) => [number, value.toHex()]),
  payload: payload.toHex(),
})

const read = (reader: FrameReader, ...chunks: Uint8Array[]) => chunks.flatMap((chunk) => [...reader.push(chunk)])
const readAll = (...chunks: Uint8Array[]) => read(new FrameReader(1 << 20), ...chunks)
const bytewise = (bytes: Uint8Array) => Array.from(bytes, (_, i) => bytes.subarray(i, i + 1))

const anyFrame: fc.Arbitrary<Frame> = fc.record({
  code: fc.constantFrom(Code.Empty, Code.Get, Code.Put, Code.Created, Code.NotFound, Code.Csm, Code.Abort),
  token: fc.uint8Array({ maxLength: 8 }),
  options: fc
    .array(fc.record({ number: fc.nat(3000), value: fc.uint8Array({ maxLength: 300 }) }), { maxLength: 4 })
    .map((list) => list.sort((a, b) => a.number - b.number)),
  payload: fc.uint8Array({ maxLength: 400 }),
})

const examples: [string, Frame, string][] = [
  ["figure 6 of RFC 8323, no options or payload", frame({ code: 0x43, token: hex("7f") }), "01 43 7f"],
  ["the Ping of RFC 8323 §5.7", frame({ code: Code.Ping, token: hex("42") }), "01 e2 42"],
  ["the Pong of RFC 8323 §5.7", frame({ code: Code.Pong, token: hex("42") }), "01 e3 42"],
  ["an empty message", frame({ code: Code.Empty }), "00 00"],
  [
    "a PUT with path and payload",
    frame({ token: hex("0102"), options: [textOption(11, "x")], payload: ascii("hi") }),
    "52 03 0102 b178 ff6869",
  ],
  [
    "libcoap's CSM",
    frame({ code: Code.Csm, options: [uintOption(2, 8_388_864), { number: 4, value: NONE }] }),
    "50 e1 23800100 20",
  ],
]

describe("encodeFrame()", () => {
  test.each(examples)("writes %s", (_name, value, bytes) => expect(encodeFrame(value).toHex()).toBe(hex(bytes).toHex()))
})

describe("FrameReader", () => {
  test.each(examples)("reads %s", (_name, value, bytes) => {
    const [got, ...more] = readAll(hex(bytes))
    expect(got && plain(got)).toEqual(plain(value))
    expect(got?.sizeBytes).toBe(hex(bytes).length)
    expect(more).toEqual([])
  })

  // RFC 8323 §3.2: options and payload in 4 bits up to 12, then 8, 16 and 32 bits more
  test.each([
    [12, "c0 03"],
    [13, "d0 00 03"],
    [268, "d0 ff 03"],
    [269, "e0 0000 03"],
    [65_804, "e0 ffff 03"],
    [65_805, "f0 00000000 03"],
    [65_806, "f0 00000001 03"],
  ])("reads and encodeFrame() writes %d bytes of options and payload", (length, header) => {
    const value = frame({ payload: new Uint8Array(length - 1).fill(7) })
    const bytes = encodeFrame(value)
    const headerBytes = hex(header).length
    expect(bytes.subarray(0, headerBytes).toHex()).toBe(hex(header).toHex())
    expect(bytes.length).toBe(headerBytes + length)
    for (const chunks of [
      [bytes],
      [bytes.subarray(0, 3), bytes.subarray(3)],
      [bytes.subarray(0, 1), bytes.subarray(1)],
    ]) {
      const [got] = readAll(...chunks)
      expect(got?.payload.length).toBe(length - 1)
      expect(got?.sizeBytes).toBe(bytes.length)
    }
  })

  test("gives back what was written, however the stream is cut", () => {
    fc.assert(
      fc.property(fc.array(anyFrame, { maxLength: 5 }), fc.array(fc.integer({ min: 1, max: 300 })), (frames, sizes) => {
        const stream = Buffer.concat(frames.map(encodeFrame))
        const chunks: Uint8Array[] = []
        let at = 0
        for (const size of sizes) chunks.push(stream.subarray(at, (at += size)))
        chunks.push(stream.subarray(at))
        const reader = new FrameReader(1 << 20)
        expect(read(reader, ...chunks).map(plain)).toEqual(frames.map(plain))
        expect(reader.pendingBytes).toBe(0)
      }),
    )
  })

  test("reads the same from a stream cut at every offset, and byte by byte", () => {
    const frames = [...examples.map(([, value]) => value), frame({ payload: new Uint8Array(300).fill(1) }), frame({})]
    const stream = Buffer.concat(frames.map(encodeFrame))
    const expected = frames.map(plain)
    for (let at = 0; at <= stream.length; at++) {
      expect(readAll(stream.subarray(0, at), stream.subarray(at)).map(plain)).toEqual(expected)
    }
    expect(readAll(...bytewise(stream)).map(plain)).toEqual(expected)
  })

  test("gives frames that later chunks do not change", () => {
    const bytes = encodeFrame(frame({ token: hex("01"), payload: ascii("first") }))
    const [first] = readAll(...bytewise(bytes), encodeFrame(frame({ payload: ascii("other") })))
    expect(first && plain(first)).toEqual(plain(frame({ token: hex("01"), payload: ascii("first") })))
  })

  test("takes 256 KiB byte by byte without copying all of it each time", () => {
    const bytes = encodeFrame(frame({ payload: new Uint8Array(262_000).fill(3) }))
    expect(readAll(...bytewise(bytes))).toHaveLength(1) // a copy for each byte would be 34 GB, and the test's time out
  })

  test("pendingBytes tells of what has begun", () => {
    const reader = new FrameReader(1152)
    const bytes = encodeFrame(frame({ payload: ascii("hello") }))
    expect(read(reader, bytes.subarray(0, 5))).toEqual([])
    expect(reader.pendingBytes).toBe(5)
    expect(read(reader, bytes.subarray(5))).toHaveLength(1)
    expect(reader.pendingBytes).toBe(0)
  })

  // RFC 8323 §5.3.1: from the first byte of the header to the end of the payload
  test("counts the whole message against the maximum", () => {
    const bytes = encodeFrame(frame({ token: hex("0102"), payload: new Uint8Array(500) }))
    expect(read(new FrameReader(bytes.length), bytes)).toHaveLength(1)
    expect(() => read(new FrameReader(bytes.length - 1), bytes)).toThrow(`${bytes.length} bytes, more than`)
  })

  test.each([
    ["an 8-bit length that is too large", "d0 ff", 200],
    ["a 16-bit length that is too large", "e0 ff00", 1152],
    ["a 16-bit length whose first byte is enough", "e0 ff", 1152],
    ["a 32-bit length, from its first byte on", "f0", 65_507],
    ["4 GiB", "f0 ffffffff", 1 << 20],
    ["a reserved token length", "09", 1152],
    ["a reserved token length behind a good frame", "00 00 0f", 1152],
  ])("refuses %s before anything more comes", (_name, bytes, max) => {
    expect(() => read(new FrameReader(max), hex(bytes))).toThrow(MessageFormatError)
    expect(() => read(new FrameReader(max), ...bytewise(hex(bytes)))).toThrow(MessageFormatError)
  })

  test.each([
    ["a payload marker without payload", "10 03 ff"],
    ["an option past the end", "10 03 b2"],
    ["a reserved option length", "20 03 bf00"],
    ["the code class 1", "00 20"],
    ["the code class 3", "00 60"],
    ["the code class 6", "00 c0"],
  ])("refuses %s", (_name, bytes) => {
    expect(() => readAll(hex(bytes))).toThrow(MessageFormatError)
    expect(() => readAll(...bytewise(hex(bytes)))).toThrow(MessageFormatError)
  })

  test("gives the good frames in front of a malformed one first", () => {
    const frames = new FrameReader(1152).push(hex("00 01 09"))
    expect(frames.next().value?.code).toBe(Code.Get)
    expect(() => frames.next()).toThrow(MessageFormatError)
  })

  test("of any bytes gives frames or throws MessageFormatError, cut or not, and holds no more than the maximum", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        expect(outcome(bytewise(bytes))).toEqual(outcome([bytes]))
      }),
      { numRuns: 500 },
    )
  })
})

function outcome(chunks: Uint8Array[]) {
  const reader = new FrameReader(40)
  const frames = []
  try {
    for (const chunk of chunks) for (const got of reader.push(chunk)) frames.push(plain(got))
  } catch (error) {
    expect(error).toBeInstanceOf(MessageFormatError)
    return { frames, refused: true }
  }
  expect(reader.pendingBytes).toBeLessThan(40)
  return { frames, refused: false }
}

describe("encodeCut()", () => {
  const answer = frame({
    code: Code.BadRequest,
    token: hex("01020304"),
    options: [uintOption(14, 5)],
    payload: ascii("x".repeat(400)),
  })

  test("leaves alone what fits, and cuts the text of what does not", () => {
    const whole = encodeFrame(answer)
    expect(encodeCut(answer, whole.length)).toEqual(whole)
    for (let max = 10; max < whole.length; max++) {
      const bytes = encodeCut(answer, max)
      expect(bytes.length).toBeLessThanOrEqual(max)
      const [got] = readAll(bytes)
      expect(got?.token.toHex()).toBe("01020304")
    }
  })

  test("cuts between characters, not within one", () => {
    const text = frame({ code: Code.BadRequest, payload: ascii("è".repeat(5)) })
    const [got] = readAll(encodeCut(text, encodeFrame(text).length - 1))
    expect(new TextDecoder("utf-8", { fatal: true }).decode(got?.payload)).toBe("èèèè")
  })

  test("keeps code and token where nothing else has room", () => {
    expect(encodeCut(answer, 7).toHex()).toBe("048001020304")
  })
})
