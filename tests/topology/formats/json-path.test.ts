import { expect, test } from "bun:test"
import { isJsonPath, jsonPath, readPath, whereItEnds } from "../../../src/topology/formats/json-path"

const VALUE = { a: { b: [{ c: 1 }, null], "": 2 }, "x y": false }
const read = (path: string) => readPath(VALUE, jsonPath(path))

test("readPath() follows names and places, and nothing that objects inherit", () => {
  expect([read("a.b.0.c"), read("a.b.1"), read("x y")]).toEqual([1, null, false])
  for (const path of ["a.c", "a.b.2", "a.b.0.c.d", "a.b.length.x", "toString", "__proto__", "a.b.1.c"]) {
    expect(read(path)).toBeUndefined()
  }
})

test("whereItEnds() tells the step and what stands there instead", () => {
  expect(whereItEnds(VALUE, jsonPath("a.c.d"))).toEqual({ step: "c", names: ["b", ""] })
  expect(whereItEnds(VALUE, jsonPath("a.b.7"))).toEqual({ step: "7", names: [] })
  expect(whereItEnds(12, jsonPath("a"))).toEqual({ step: "a", names: [] })
})

test.each([
  "",
  ".",
  "a.",
  ".a",
  "a..b",
  "a[0]",
  "$.a",
  "a\u0000",
  "x".repeat(201),
])("isJsonPath() refuses %j", (text) => {
  expect(isJsonPath(text)).toBe(false)
})
