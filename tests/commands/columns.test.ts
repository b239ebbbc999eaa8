import { describe, expect, test } from "bun:test"
import fc from "fast-check"
import { columns, cut, widthsOf, wrap } from "../../src/commands/columns"

const ROWS = [
  ["name", "readings", "why"],
  ["tomatoes", "4", ""],
  ["日本🌱", "1,024", "late"],
]

const PIECE = fc.constantFrom("a", "b;", "cde", "12", "番茄", "🌱", " ", "  ", "averyveryverylongword", "e\u0301", "✔")

describe("columns()", () => {
  test("are as wide as their widest cell on the terminal, in whatever script, and end without blanks", () => {
    expect(columns(ROWS)).toEqual([
      "name      readings  why",
      "tomatoes  4",
      "日本🌱    1,024     late", // six columns
    ])
  })

  test("stand to the right behind the first ones, at least so wide, with another gap", () => {
    expect(columns(ROWS, { left: 1, gap: " ", widths: [9, 9, 4] })).toEqual([
      "name       readings  why",
      "tomatoes          4",
      "日本🌱        1,024 late",
    ])
  })

  const REFUSED = [
    ["device", "day", "why"],
    ["192.168.1.2 番茄", "2026-11-22", "Humidity must be 0 to 100 %: it is 130"],
    ["192.168.1.3", "2026-11-22", ""],
  ]

  test("fit: the last one's text is wrapped at words, below its head", () => {
    expect(columns(REFUSED, { fit: 60 })).toEqual([
      "device            day         why",
      "192.168.1.2 番茄  2026-11-22  Humidity must be 0 to 100 %:",
      "                              it is 130",
      "192.168.1.3       2026-11-22",
    ])
  })

  test("fit: what has too little room goes below the row, further in", () => {
    expect(columns(REFUSED, { fit: 50 })).toEqual([
      "device            day",
      "  why",
      "192.168.1.2 番茄  2026-11-22",
      "  Humidity must be 0 to 100 %: it is 130",
      "192.168.1.3       2026-11-22",
    ])
    expect(columns(REFUSED, { fit: 24 })).toEqual([
      "device",
      "  day  why",
      "192.168.1.2 番茄",
      "  2026-11-22",
      "    Humidity must be",
      "    0 to 100 %: it is",
      "    130",
      "192.168.1.3",
      "  2026-11-22",
    ])
  })
})

test("columns() lose nothing, and every line fits, whatever the texts", () => {
  const cell = fc.array(PIECE).map((pieces) => pieces.join("").trim())
  const rows = fc
    .integer({ min: 1, max: 6 })
    .chain((width) => fc.array(fc.array(cell, { minLength: width, maxLength: width })))
  fc.assert(
    fc.property(rows, fc.integer({ min: 8, max: 90 }), (rows, fit) => {
      const lines = columns(rows, { fit })
      expect(lines.filter((line) => Bun.stringWidth(line) > fit)).toEqual([])
      const characters = (texts: readonly string[]) => [...texts.join("").replaceAll(" ", "")].sort().join("")
      expect(characters(lines)).toBe(characters(rows.flat()))
    }),
  )
})

test("widthsOf() is what the next rows of one table need, too", () => {
  expect(widthsOf([["日本", "1"]], widthsOf([["a", "22"]]))).toEqual([4, 2])
})

test("cut() says that there was more, and never cuts a character", () => {
  expect(["lemons", "tomatoes", "番茄番茄"].map((name) => cut(name, 6))).toEqual(["lemons", "tomat…", "番茄…"])
})

describe("wrap()", () => {
  test("leaves what fits, and everything where nothing has to fit", () => {
    expect(wrap("missing 192.168.1.4  lemons", 27)).toEqual(["missing 192.168.1.4  lemons"])
    expect(wrap("x".repeat(1000), undefined)).toEqual(["x".repeat(1000)])
  })

  test("goes on further in, so that the next entry is found", () => {
    expect(wrap("✔ 192.168.1.2 temperature delivered", 22)).toEqual(["✔ 192.168.1.2", "  temperature", "  delivered"])
    expect(wrap("  if a clock was wrong", 12)).toEqual(["  if a clock", "    was", "    wrong"])
    expect(wrap("if a clock was wrong", 10, 0)).toEqual(["if a clock", "was wrong"])
  })

  test("breaks between phrases first, which two blanks or more keep apart", () => {
    expect(wrap("✔ delivered  ○ here, not delivered yet  l late", 30, 0)).toEqual([
      "✔ delivered",
      "○ here, not delivered yet",
      "l late",
    ])
    expect(wrap("192.168.1.2 tomatoes   4 readings     68 B", 36)).toEqual([
      "192.168.1.2 tomatoes   4 readings",
      "  68 B",
    ])
  })

  test("breaks between entries first too, which a semicolon keeps apart, and never behind a number", () => {
    expect(wrap("✖ 0 of 2 devices. Missing: tomatoes, not found; herbs, not found", 48)).toEqual([
      "✖ 0 of 2 devices. Missing: tomatoes, not found;",
      "  herbs, not found",
    ])
    expect(wrap("the first device's address; the others follow", 30, 0)).toEqual([
      "the first device's address;",
      "the others follow",
    ])
    expect(wrap("the first address; the others follow it", 24, 0)).toEqual([
      "the first address; the",
      "others follow it",
    ])
    expect(wrap("192.168.1.4 lemons: 20 November to 29 November", 42)).toEqual([
      "192.168.1.4 lemons: 20 November to",
      "  29 November",
    ])
  })

  test("breaks a word only where it is longer than a line, and never a character", () => {
    expect(wrap("in /farm/data/gateway.db", 14)).toEqual(["in", "  /farm/data/g", "  ateway.db"])
    expect(wrap("✖ /farm/data/gateway.db", 14)).toEqual(["✖ /farm/data", "  /gateway.db"])
    expect(wrap("番茄番茄番茄", 5, 0)).toEqual(["番茄", "番茄", "番茄"])
  })

  test("loses nothing, and every line fits", () => {
    fc.assert(
      fc.property(
        fc.array(PIECE),
        fc.integer({ min: 8, max: 40 }),
        fc.constantFrom(undefined, 0),
        (pieces, fit, hang) => {
          const text = pieces.join("").trimEnd()
          const lines = wrap(text, fit, hang)
          expect(lines.filter((line) => Bun.stringWidth(line) > fit)).toEqual([])
          expect(lines.join("").replaceAll(" ", "")).toBe(text.replaceAll(" ", ""))
        },
      ),
    )
  })
})
