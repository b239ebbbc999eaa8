import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import {
  decodeBody,
  decodeText,
  encodeBody,
  findOption,
  isCritical,
  MessageFormatError,
  type Option,
  OptionNumber,
  readUint,
  textOption,
  textsOf,
  uintOf,
  uintOption,
  uintValue,
} from "../../src/coap/option"

const NONE = new Uint8Array(0)
const hex = (text: string) => Uint8Array.fromHex(text.replaceAll(" ", ""))
const plain = ({ options, payload }: { options: readonly Option[]; payload: Uint8Array }) => ({
  options: options.map(({ number, value }) => [number, value.toHex()]),
  payload: payload.toHex(),
})

/** Sorted by number, as they come back from the wire. */
const options = fc
  .array(fc.record({ number: fc.nat(0xffff), value: fc.uint8Array({ maxLength: 300 }) }), { maxLength: 6 })
  .map((list) => list.sort((a, b) => a.number - b.number))

describe("uintValue()", () => {
  test.each([
    [0, ""],
    [1, "01"],
    [255, "ff"],
    [256, "0100"],
    [65_535, "ffff"],
    [65_536, "010000"],
    [0xffffff, "ffffff"],
    [0x1000000, "01000000"],
    [0xffffffff, "ffffffff"],
  ])("writes %d in the fewest bytes", (value, bytes) => {
    expect(uintValue(value).toHex()).toBe(bytes)
    expect(readUint(hex(bytes))).toBe(value)
  })

  test("comes back from readUint(), whatever 32-bit number it is", () => {
    fc.assert(fc.property(fc.nat(0xffffffff), (value) => readUint(uintValue(value)) === value))
  })
})

test("readUint() takes leading zeros and refuses five bytes", () => {
  expect(readUint(hex("000001"))).toBe(1)
  expect(readUint(hex("0000000001"))).toBeUndefined()
})

test("isCritical() is true of odd numbers only", () => {
  expect([OptionNumber.UriPath, OptionNumber.Block1].every(isCritical)).toBe(true)
  expect([OptionNumber.ContentFormat, OptionNumber.Size1, OptionNumber.RequestTag].some(isCritical)).toBe(false)
})

describe("options by number", () => {
  const list = [
    textOption(11, "surveys"),
    textOption(11, "è"),
    uintOption(60, 1000),
    { number: 14, value: hex("0102030405") },
  ]

  test("findOption() gives the first, textsOf() all in order", () => {
    expect(findOption(list, 11)).toBe(list[0])
    expect(findOption(list, 12)).toBeUndefined()
    expect(textsOf(list, 11)).toEqual(["surveys", "è"])
  })

  test("uintOf() gives undefined for an absent option and for one that is too long", () => {
    expect(uintOf(list, 60)).toBe(1000)
    expect(uintOf(list, 12)).toBeUndefined()
    expect(uintOf(list, 14)).toBeUndefined()
  })

  test.each([
    "ff",
    "c3",
    "c080",
    "eda080",
  ])("textsOf() and decodeText() refuse the bytes %s, which are not UTF-8", (bytes) => {
    expect(() => decodeText(hex(bytes))).toThrow(MessageFormatError)
    expect(() => textsOf([{ number: 11, value: hex(bytes) }], 11)).toThrow(MessageFormatError)
  })

  test("decodeText() keeps a byte order mark", () => expect(decodeText(hex("efbbbf61"))).toBe("\ufeffa"))
})

describe("encodeBody() and decodeBody()", () => {
  // RFC 7252 §3.1: delta and length in 4 bits up to 12, in one byte more from 13, in two more from 269
  test.each([
    ["delta 12", [{ number: 12, value: NONE }], "c0"],
    ["delta 13", [{ number: 13, value: NONE }], "d0 00"],
    ["delta 268", [{ number: 268, value: NONE }], "d0 ff"],
    ["delta 269", [{ number: 269, value: NONE }], "e0 0000"],
    ["delta 65535", [{ number: 65_535, value: NONE }], "e0 fef2"],
    ["a repeated option", [textOption(11, "a"), textOption(11, "b")], "b1 61 01 62"],
    ["Block1 behind Uri-Path", [textOption(11, "a"), uintOption(27, 14)], "b1 61 d1 03 0e"],
    ["both extended", [{ number: 300, value: new Uint8Array(13) }], `ed 001f 00 ${"00".repeat(13)}`],
  ])("write and read %s", (_name, list, bytes) => {
    expect(encodeBody(list, NONE, 0).toHex()).toBe(hex(bytes).toHex())
    expect(plain(decodeBody(hex(bytes), 0))).toEqual(plain({ options: list, payload: NONE }))
  })

  test.each([
    [12, "0c"],
    [13, "0d00"],
    [268, "0dff"],
    [269, "0e0000"],
    [65_804, "0effff"],
  ])("write and read a value of %d bytes", (length, header) => {
    const value = new Uint8Array(length).fill(7)
    const bytes = encodeBody([{ number: 0, value }], NONE, 0)
    expect(bytes.subarray(0, header.length / 2).toHex()).toBe(header)
    expect(bytes.length).toBe(header.length / 2 + length)
    expect(decodeBody(bytes, 0).options[0]?.value).toEqual(value)
  })

  test("come back whole, with the header's bytes left free, for any options in any order", () => {
    fc.assert(
      fc.property(
        options,
        fc.uint8Array({ maxLength: 300 }),
        fc.nat(12),
        fc.nat(),
        (list, payload, headerBytes, turn) => {
          const turned = list.map((_, i) => list[(i + turn) % list.length] ?? { number: 0, value: NONE })
          const sameOrder = new Set(list.map(({ number }) => number)).size === list.length
          const bytes = encodeBody(sameOrder ? turned : list, payload, headerBytes)
          expect(bytes.subarray(0, headerBytes).every((byte) => byte === 0)).toBe(true)
          expect(plain(decodeBody(bytes, headerBytes))).toEqual(plain({ options: list, payload }))
        },
      ),
    )
  })

  test.each([
    ["a plain array", (bytes: Uint8Array) => new Uint8Array(bytes)],
    ["a Buffer", (bytes: Uint8Array) => Buffer.from(bytes)],
  ])("decodeBody() lets go of the bytes of %s", (_name, received) => {
    const list = [textOption(11, "surveys"), uintOption(60, 1000)]
    const bytes = received(encodeBody(list, new Uint8Array(1024).fill(7), 0))
    const decoded = decodeBody(bytes, 0)
    bytes.fill(0)
    expect(plain(decoded)).toEqual(plain({ options: list, payload: new Uint8Array(1024).fill(7) }))
  })

  test.each([
    ["a delta nibble of 15 that is no payload marker", "f0"],
    ["a length nibble of 15", "0f"],
    ["an extended delta that is cut short", "d0"],
    ["a two-byte delta that is cut short", "e0 00"],
    ["an extended length that is cut short", "0d"],
    ["a two-byte length that is cut short", "0e 00"],
    ["a value that runs past the end", "b2 61"],
    ["an extended value that runs past the end", "0d 01 00"],
    ["an option number past 65535", "e0 fef2 10"],
    ["a payload marker without payload", "ff"],
    ["a payload marker without payload behind an option", "b1 61 ff"],
  ])("decodeBody() refuses %s", (_name, bytes) => {
    expect(() => decodeBody(hex(bytes), 0)).toThrow(MessageFormatError)
  })

  test("decodeBody() takes any bytes or throws MessageFormatError, nothing else", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        try {
          decodeBody(bytes, 0)
        } catch (error) {
          expect(error).toBeInstanceOf(MessageFormatError)
        }
      }),
      { numRuns: 1000 },
    )
  })
})
