import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import { printable, printableLines, shorten } from "../src/printable"

const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u

describe("printable()", () => {
  test.each([
    ["a terminal's commands", "\u001b[2J\u0007\b\r\n\t\u0000", "\\u001b[2J\\u0007\\u0008\\u000d\\u000a\\u0009\\u0000"],
    ["delete, and the control characters above it", "\u007f\u0085\u009b31m", "\\u007f\\u0085\\u009b31m"],
    [
      "what turns text around",
      "\u202a\u202e\u2066\u2069\u200e\u200f\u061c",
      "\\u202a\\u202e\\u2066\\u2069\\u200e\\u200f\\u061c",
    ],
    ["what is not seen", "\u200b\u2060\ufeff\u00ad\u3164\u034f", "\\u200b\\u2060\\ufeff\\u00ad\\u3164\\u034f"],
    ["other line ends", "\u2028\u2029", "\\u2028\\u2029"],
    ["half a pair, and a pair that is not seen", "\ud83d \u{e0041}", "\\ud83d \\udb40\\udc41"],
  ])("shows %s as numbers", (_, text, expected) => {
    expect(printable(text)).toBe(expected)
    expect(printable(expected)).toBe(expected)
  })

  test("leaves what can be seen", () => {
    const seen = "192.168.1.2 - 08:00 - -1.5 - 30% °C … Łódź ελιά 番茄 🍅 ☀️ \\u001b"
    expect(printable(seen)).toBe(seen)
  })

  test("leaves nothing unseen in any text", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => !UNSEEN.test(printable(text))))
  })
})

describe("printableLines()", () => {
  test("keeps line ends, and nothing else that is unseen", () => {
    expect(printableLines("1\n2\u001b\n")).toBe("1\n2\\u001b\n")
    expect(printableLines("1\n2\n")).toBe("1\n2\n")
  })

  test("changes no JSON document's meaning", () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: "binary" }), (value) => {
        const text = JSON.stringify(value, null, 2)
        expect(JSON.parse(printableLines(text))).toEqual(JSON.parse(text))
      }),
    )
  })
})

test.each([
  ["between two words", "one two three", 8, "one two…"],
  ["behind the last word that fits", "one two three", 10, "one two…"],
  ["in a word, where none ends near", "one twothreefour", 10, "one twoth…"],
  ["behind a word and not behind its blanks", "one two   three", 10, "one two…"],
])("shorten() cuts %s", (_, text, limit, expected) => {
  expect(shorten(text, limit)).toBe(expected)
})

test("shorten() keeps to its limit, and to the text's beginning", () => {
  const words = fc.array(fc.stringMatching(/^[a-z]{0,12}$/)).map((all) => all.join(" "))
  fc.assert(
    fc.property(words, fc.integer({ min: 1, max: 60 }), (text, limit) => {
      const short = shorten(text, limit)
      expect(short.length).toBeLessThanOrEqual(limit)
      expect(text).toStartWith(short.replace(/…$/, ""))
      expect(short === text || short.length > (limit * 2) / 3).toBe(true)
    }),
  )
})

test("shorten() cuts with a mark, and no pair in two", () => {
  expect(shorten("four", 4)).toBe("four")
  expect(shorten("fives", 4)).toBe("fiv…")
  expect(shorten("😀😀", 2)).toBe("\ufffd…")
})
