import { expect, test } from "bun:test"
import { nearest } from "../src/nearest"

const commands = ["start", "check", "readings", "status"]

test.each([
  ["strat", "start"],
  ["chek", "check"],
  ["reading", "readings"],
  ["START", "start"],
  ["satrt", "start"],
  ["status", "status"],
])("nearest(%p) is %p", (word, meant) => {
  expect(nearest(word, commands)).toBe(meant)
})

test("nearest() is undefined when nothing is near", () => {
  expect(nearest("deploy", commands)).toBeUndefined()
  expect(nearest("", commands)).toBeUndefined()
  expect(nearest("start", [])).toBeUndefined()
})

test("nearest() prefers the closer candidate, then the earlier one", () => {
  expect(nearest("stars", ["stark", "start", "stars"])).toBe("stars")
  expect(nearest("stars", ["stark", "start"])).toBe("stark")
})

test("nearest() counts two swapped letters once", () => {
  expect(nearest("ipx", ["pix"])).toBe("pix")
  expect(nearest("nmae", ["name"])).toBe("name")
})
