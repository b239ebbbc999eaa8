import { describe, expect, test } from "bun:test"
import { splitAddressedLines } from "../../src/survey/addressed"

const split = (text: string) => [...splitAddressedLines(text)]

describe("splitAddressedLines()", () => {
  test("reads both forms, with or without a hyphen behind the address", () => {
    expect(split("192.168.1.2 08:00 - 20 - 30%\n192.168.1.2 - 12:00 - 25 - 33%\n")).toEqual([
      ["192.168.1.2", "08:00 - 20 - 30%\n12:00 - 25 - 33%\n"],
    ])
  })

  test("keeps addresses in the order in which they come, and each one's lines in theirs", () => {
    expect(split("10.0.0.9 a\n10.0.0.1 b\n10.0.0.9 c")).toEqual([
      ["10.0.0.9", "a\nc\n"],
      ["10.0.0.1", "b\n"],
    ])
  })

  test("takes CRLF, tabs and blank lines", () => {
    expect(split("\r\n10.0.0.9\t-\t08:00 - 20 - 30%\r\n \n")).toEqual([["10.0.0.9", "08:00 - 20 - 30%\n"]])
  })

  test("takes no sign for the hyphen behind the address", () => {
    expect(split("10.0.0.9 -5")).toEqual([["10.0.0.9", "-5\n"]])
  })

  test("gives a line without a reading as a blank one", () => {
    expect(split("10.0.0.9")).toEqual([["10.0.0.9", "\n"]])
    expect(split("")).toEqual([])
  })
})
