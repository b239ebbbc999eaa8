import { describe, expect, test } from "bun:test"
import * as v from "valibot"
import { parseJson } from "../../src/cloud/json"

const ANYTHING = v.unknown()
const parse = (text: string, schema: v.GenericSchema = ANYTHING) => parseJson(schema, new TextEncoder().encode(text))
const TOO_MUCH = { problem: "The body is nested too deeply, or has too many parts" }
const NO_JSON = { problem: "The body must be JSON" }

describe("parseJson()", () => {
  test("gives what the schema makes of it, or the first thing that is wrong, with its place", () => {
    const schema = v.object({ names: v.array(v.string()) })
    expect(parse('{"names":["a"],"more":1}', schema)).toEqual({ value: { names: ["a"] } })
    expect(parse('{"names":["a",5,6]}', schema)).toEqual({
      problem: expect.stringMatching(/^names\.1: .*expected string but received 5$/i),
    })
    expect(parse("5", schema)).toEqual({ problem: expect.stringMatching(/^body: /) })
  })

  test("tells no more of a wrong value than a person reads", () => {
    const told = parse(JSON.stringify({ names: "x".repeat(1_000_000) }), v.object({ names: v.number() }))
    expect(told).toEqual({ problem: expect.stringMatching(/^names: .{1,150}$/) })
  })

  test.each(["", "{", "x", "[1,]", "'a'", "[]]"])("refuses %j, which is no JSON", (text) => {
    expect(parse(text)).toEqual(NO_JSON)
  })

  test("refuses what is not UTF-8", () => {
    expect(parseJson(ANYTHING, Uint8Array.of(0x22, 0xff, 0x22))).toEqual(NO_JSON)
  })

  test("takes four levels, and refuses the fifth before it is parsed", () => {
    expect(parse("[[[[1]]]]")).toEqual({ value: [[[[1]]]] })
    expect(parse("[[[[[1]]]]]")).toEqual(TOO_MUCH)
    expect(parse('{"a":[{"b":[{')).toEqual(TOO_MUCH)
  })

  test("takes a part for each of 400,000 devices, and no more", () => {
    const parts = (count: number) => `[${Array.from({ length: count }, () => "{}").join(",")}]`
    expect(parse(parts(399_999))).toHaveProperty("value")
    expect(parse(parts(400_000))).toEqual(TOO_MUCH)
  })

  test("counts nothing of what stands in quotes, whatever is escaped there", () => {
    const names = ["[".repeat(10), '\\"[[[[[[', "\\", '\\\\"{{{{{{{', "\u005b\u005b\u005b\u005b\u005b"]
    expect(parse(JSON.stringify({ names }))).toEqual({ value: { names } })
    // a quote that ends a text after an escaped backslash
    expect(parse('["\\\\",[[[[')).toEqual(TOO_MUCH)
  })
})
