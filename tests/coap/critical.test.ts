import { describe, expect, test } from "bun:test"
import { Code, formatCode } from "../../src/coap/code"
import { optionProblem, refuseRequest } from "../../src/coap/critical"
import { type Option, OptionNumber, textOption, uintOption } from "../../src/coap/option"
import { textOf } from "../../src/coap/resource"

const bytes = (number: number, length: number): Option => ({ number, value: new Uint8Array(length).fill(97) })
const path = textOption(OptionNumber.UriPath, "surveys")

describe("optionProblem()", () => {
  test.each<[string, readonly Option[]]>([
    ["nothing", []],
    ["a path and a query of several parts", [path, path, bytes(OptionNumber.UriQuery, 255), bytes(15, 0)]],
    ["host and port, which only name us again", [textOption(OptionNumber.UriHost, "gw"), uintOption(7, 10_005)]],
    ["blocks both ways and what is accepted", [uintOption(OptionNumber.Accept, 0), bytes(23, 1), bytes(27, 3)]],
    ["a request for a proxy", [bytes(OptionNumber.ProxyUri, 1034), textOption(OptionNumber.ProxyScheme, "coap")]],
    ["what is elective: unknown, twice, too long", [bytes(6, 9), bytes(12, 3), bytes(12, 3), bytes(2048, 300)]],
  ])("finds none in %s", (_, options) => {
    expect(optionProblem(options)).toBeUndefined()
  })

  test.each<[string, readonly Option[]]>([
    ["Option 1 is not supported", [bytes(1, 0)]], // If-Match
    ["Option 5 is not supported", [bytes(5, 0), path]], // If-None-Match
    ["Option 9 is not supported", [bytes(9, 1), path]], // OSCORE
    ["Option 65 is not supported", [path, bytes(65, 1)]],
    ["Option 3 has 1 to 255 bytes, not 0", [bytes(3, 0)]],
    ["Option 7 has 0 to 2 bytes, not 3", [bytes(7, 3)]],
    ["Option 11 has 0 to 255 bytes, not 256", [path, bytes(11, 256)]],
    ["Option 17 has 0 to 2 bytes, not 3", [bytes(17, 3)]],
    ["Option 27 has 0 to 3 bytes, not 4", [bytes(27, 4)]],
    ["Option 35 has 1 to 1034 bytes, not 1035", [bytes(35, 1035)]],
    ...[3, 7, 17, 23, 27, 35, 39].map((number): [string, readonly Option[]] => [
      `Option ${number} is given twice`,
      [bytes(number, 1), bytes(number, 1)],
    ]),
  ])("says: %s", (problem, options) => {
    expect(optionProblem(options)).toBe(problem)
  })
})

test.each<[string, number, readonly Option[]]>([
  ["4.02 Option 9 is not supported", Code.Put, [bytes(9, 1), textOption(OptionNumber.ProxyUri, "coap://other/")]],
  ["4.02 Option 35 is given twice", Code.Get, [bytes(35, 1), bytes(35, 1)]],
  ["4.05 Method 0.05 is not supported", 5, [path]], // FETCH, RFC 8132
  ["4.05 Method 0.31 is not supported", 31, []],
  ["5.05 This is no proxy", Code.Put, [path, textOption(OptionNumber.ProxyUri, "coap://other/")]],
  ["5.05 This is no proxy", Code.Get, [path, textOption(OptionNumber.ProxyScheme, "coap")]],
])("refuseRequest() gives %s", (expected, code, options) => {
  const refusal = refuseRequest({ code, options })
  expect(refusal && `${formatCode(refusal.code)} ${textOf(refusal)}`).toBe(expected)
})

test("refuseRequest() leaves what a resource may answer", () => {
  for (const code of [Code.Get, Code.Post, Code.Put, Code.Delete]) {
    expect(refuseRequest({ code, options: [path] })).toBeUndefined()
  }
})
