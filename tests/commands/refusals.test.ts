import { expect, test } from "bun:test"
import { Refusals } from "../../src/commands/refusals"

test("add() shows ten of each rule and a hundred in all, and counts the others", () => {
  const refusals = new Refusals()
  const shown = (rules: string[]) => rules.filter((rule) => refusals.add(rule)).length
  expect(shown(Array.from({ length: 60 }, () => "A line must be JSON"))).toBe(10)
  expect([refusals.count, refusals.hidden]).toEqual([60, 50])
  refusals.addUntold(3)
  expect(shown(Array.from({ length: 200 }, (_, at) => `Humidity must be 0 to 100 %: it is ${101 + at}`))).toBe(90)
  expect([refusals.count, refusals.hidden]).toEqual([263, 163])
})
