// The small parts: CBOR, AES-CCM, the option's value, Partial IVs, the window, challenges and our own numbers.
import { describe, expect, test } from "bun:test"
import { createCipheriv } from "node:crypto"
import fc from "fast-check"
import { NO_BYTES } from "../../../src/coap/option"
import { bytes as byteString, readBytes, uint } from "../../../src/coap/oscore/cbor"
import { open, seal } from "../../../src/coap/oscore/ccm"
import { CHALLENGE_BYTES, Challenges } from "../../../src/coap/oscore/challenges"
import { decodeObject, encodeObject } from "../../../src/coap/oscore/compression"
import { partialIv, sequenceNumberOf } from "../../../src/coap/oscore/context"
import { addressOf, idOf } from "../../../src/coap/oscore/identity"
import { OwnNumbers } from "../../../src/coap/oscore/numbers"
import { ReplayWindow } from "../../../src/coap/oscore/window"
import { seeded } from "./ends"

const hex = (text: string): Uint8Array => Uint8Array.fromHex(text.replaceAll(" ", ""))

describe("seal() and open()", () => {
  const key = hex("C0C1C2C3C4C5C6C7C8C9CACBCCCDCECF")
  const nonce = hex("00000003020100A0A1A2A3A4A5")
  const aad = hex("0001020304050607")
  const plaintext = hex("08090A0B0C0D0E0F101112131415161718191A1B1C1D1E")
  const sealed = hex("588C979A61C663D2F066D0C2C0F989806D5F6B61DAC38417E8D12CFDF926E0")

  test("RFC 3610 §8, packet vector 1", () => {
    expect(seal(key, nonce, aad, plaintext)).toEqual(sealed)
    expect(open(key, nonce, aad, sealed)).toEqual(plaintext)
  })

  test("open() refuses whatever differs in one bit", () => {
    const flipped = (bytes: Uint8Array, at: number) =>
      bytes.map((byte, i) => (i === at >> 3 ? byte ^ (1 << (at & 7)) : byte))
    for (let at = 0; at < sealed.length * 8; at++) expect(open(key, nonce, aad, flipped(sealed, at))).toBeUndefined()
    for (let at = 0; at < aad.length * 8; at++) expect(open(key, nonce, flipped(aad, at), sealed)).toBeUndefined()
    for (let at = 0; at < nonce.length * 8; at++) expect(open(key, flipped(nonce, at), aad, sealed)).toBeUndefined()
    for (let at = 0; at < key.length * 8; at++) expect(open(flipped(key, at), nonce, aad, sealed)).toBeUndefined()
    for (let end = 0; end < sealed.length; end++) expect(open(key, nonce, aad, sealed.subarray(0, end))).toBeUndefined()
  })

  test("what is sealed opens, of every length around a block, and the text is AES-CTR from its second block on", () => {
    for (const length of [0, 1, 15, 16, 17, 31, 32, 33, 1024, 65_535]) {
      const text = seeded(length)(length)
      const made = seal(key, nonce, aad, text)
      expect(open(key, nonce, aad, made)).toEqual(text)
      const counter = Uint8Array.of(1, ...nonce, 0, 1)
      expect(made.subarray(0, length)).toEqual(new Uint8Array(createCipheriv("aes-128-ctr", key, counter).update(text)))
    }
    expect(() => seal(key, nonce, aad, new Uint8Array(65_536))).toThrow("64 KiB")
  })
})

describe("encodeObject() and decodeObject()", () => {
  test("RFC 8613 §6.3, and what Appendix B.2 adds", () => {
    const golden: [string, Parameters<typeof encodeObject>[0]][] = [
      ["", {}],
      ["090525", { partialIv: hex("05"), kid: hex("25") }],
      ["0900", { partialIv: hex("00"), kid: NO_BYTES }],
      ["190508 44616c656b1f4bde 25", { partialIv: hex("05"), kidContext: hex("44616c656b1f4bde"), kid: hex("25") }],
      ["0107", { partialIv: hex("07") }],
      ["1009 480102030405060708", { kidContext: hex("480102030405060708") }],
      ["1d ffffffffff 00 c0a80102", { partialIv: hex("ffffffffff"), kidContext: NO_BYTES, kid: hex("c0a80102") }],
    ]
    for (const [value, object] of golden) {
      expect(encodeObject(object)).toEqual(hex(value))
      expect(decodeObject(hex(value))).toEqual(object)
    }
  })

  test("decodeObject() refuses what RFC 8613 §6.1 calls malformed", () => {
    const malformed = [
      "00",
      "20",
      "40",
      "80",
      "29 05",
      "0e 010203040506",
      "0f 01020304050607",
      "01",
      "09",
      "11 05",
      "11 05 02 01",
      "01 05 06",
      "0a 0001",
      "10",
    ]
    for (const value of malformed) expect([value, decodeObject(hex(value))]).toEqual([value, undefined])
  })

  test("decodeObject() reads what encodeObject() wrote, and nothing in two ways", () => {
    const some = (maxLength: number) => fc.option(fc.uint8Array({ maxLength }), { nil: undefined })
    fc.assert(
      fc.property(
        fc.option(fc.nat({ max: 2 ** 31 - 1 }), { nil: undefined }),
        some(255),
        some(7),
        (number, kidContext, kid) => {
          const object = { partialIv: number === undefined ? undefined : partialIv(number), kidContext, kid }
          const value = encodeObject(object)
          expect(decodeObject(value) ?? "malformed").toEqual(object)
        },
      ),
    )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 20 }), (value) => {
        const object = decodeObject(value)
        if (object) expect(encodeObject(object)).toEqual(value)
      }),
    )
  })
})

test("partialIv() has no zeros in front, one byte at least and five at most", () => {
  const golden: [number, string][] = [
    [0, "00"],
    [1, "01"],
    [255, "ff"],
    [256, "0100"],
    [2 ** 32, "0100000000"],
    [2 ** 40 - 1, "ffffffffff"],
  ]
  for (const [number, value] of golden) {
    expect(partialIv(number)).toEqual(hex(value))
    expect(sequenceNumberOf(hex(value))).toBe(number)
  }
  for (const number of [-1, 2 ** 40, Number.NaN, Number.POSITIVE_INFINITY])
    expect(() => partialIv(number)).toThrow("0 to 2^40")
})

test("idOf() and addressOf() are an address and its four bytes", () => {
  for (const address of [0, 0xc0a80102, 0xffffffff]) expect(addressOf(idOf(address))).toBe(address)
  expect([addressOf(NO_BYTES), addressOf(new Uint8Array(5))]).toEqual([undefined, undefined])
})

test("readBytes() takes a byte string that is all there is, and nothing else", () => {
  for (const length of [0, 1, 23, 24, 255]) expect(readBytes(byteString(seeded(1)(length)))).toEqual(seeded(1)(length))
  for (const encoded of ["", "41", "410000", "5801", "60", "f6", "5f41 00ff", "590001 00", "18"])
    expect(readBytes(hex(encoded))).toBeUndefined()
  expect(uint(65_535)).toEqual(hex("19ffff"))
  expect(() => uint(65_536)).toThrow(RangeError)
})

describe("ReplayWindow", () => {
  /** What it is to be: each number once, none below the first, none 32 or more behind the highest. */
  class Model {
    readonly #seen = new Set<number>()
    #highest: number
    constructor(private readonly first: number) {
      this.#highest = first - 1
    }
    isNew = (number: number) => number >= this.first && number > this.#highest - 32 && !this.#seen.has(number)
    add(number: number) {
      this.#seen.add(number)
      this.#highest = Math.max(this.#highest, number)
    }
  }

  test("isNew() is what a list of all numbers says", () => {
    const numbers = fc.array(fc.oneof(fc.nat({ max: 80 }), fc.integer({ min: 2 ** 40 - 80, max: 2 ** 40 - 1 })), {
      maxLength: 200,
    })
    fc.assert(
      fc.property(fc.nat({ max: 40 }), numbers, (first, all) => {
        const [window, model] = [new ReplayWindow(first), new Model(first)]
        for (const number of all) {
          const isNew = model.isNew(number)
          expect(window.isNew(number)).toBe(isNew)
          if (!isNew) continue
          window.add(number)
          model.add(number)
        }
      }),
    )
  })
})

describe("Challenges", () => {
  const [one, other] = [Uint8Array.of(1), Uint8Array.of(2)]

  test("numberOf() rises with each that was made, and knows those of this process and this identity alone", () => {
    const challenges = new Challenges(seeded(1))
    const made = Array.from({ length: 5 }, () => challenges.make(one))
    expect(new Set(made.map((challenge) => challenge.toHex())).size).toBe(5)
    expect(made.map((challenge) => challenges.numberOf(one, challenge))).toEqual([1, 2, 3, 4, 5])
    const [first = NO_BYTES] = made
    expect(challenges.numberOf(other, first)).toBeUndefined()
    expect(new Challenges(seeded(2)).numberOf(one, first)).toBeUndefined()
    for (let at = 0; at < CHALLENGE_BYTES; at++)
      expect(
        challenges.numberOf(
          one,
          first.map((byte, i) => (i === at ? byte ^ 1 : byte)),
        ),
      ).toBeUndefined()
    expect(challenges.numberOf(one, first.subarray(1))).toBeUndefined()
  })
})

describe("OwnNumbers", () => {
  const IN_2026 = Date.UTC(2026, 0, 1)
  /** A gateway's starts, with its file and its clock. */
  function starts(file: { reserved?: number }) {
    return (now: number, count: number): number[] => {
      const reserve = (upTo: number) => {
        file.reserved = upTo
        return true
      }
      const numbers = new OwnNumbers({ reserved: file.reserved, now, reserve })
      return Array.from({ length: count }, () => numbers.take() ?? -1)
    }
  }

  test("take() gives none twice over restarts, with a clock that stands still", () => {
    const start = starts({})
    const given = [start(IN_2026, 5000), start(IN_2026, 3), start(0, 3)].flat()
    expect(new Set(given).size).toBe(5006)
  })

  test("take() gives none twice when its file is lost or restored, where the clock went on", () => {
    const file: { reserved?: number } = {}
    const start = starts(file)
    const given = start(IN_2026 + 1000, 60)
    delete file.reserved
    given.push(...start(IN_2026 + 2000, 60))
    expect(new Set(given).size).toBe(120)
  })

  test("take() gives none where it cannot be written down", () => {
    expect(new OwnNumbers({ reserved: undefined, now: IN_2026, reserve: () => false }).take()).toBeUndefined()
  })
})
