import { expect, test } from "bun:test"
import { formatProblem, type Problem } from "../../../src/topology/yaml/problem"

const problem = (sourceLine: string, wrong: string): Problem => ({
  file: "topology.yaml",
  line: 14,
  column: sourceLine.indexOf(wrong) + 1,
  path: "devices[1].surwey",
  message: "is not a key here",
  sourceLine,
})
const TOMATOES = "  - { ip: 192.168.1.2, name: 番茄, survey: one.txt, surwey: two.txt }"

test("formatProblem() has its caret below the place, behind wide characters too", () => {
  expect(formatProblem(problem(TOMATOES, "surwey")).split("\n").slice(1)).toEqual([
    "    - { ip: 192.168.1.2, name: 番茄, survey: one.txt, surwey: two.txt }",
    "                                                      ^",
  ])
})

test.each([20, 30, 41, 60])("formatProblem() shows so much of the line as fits %p columns, the place in it", (fit) => {
  for (const wrong of ["- {", "192", "番", "茄", "surwey", "}"]) {
    const [, source = "", caret = ""] = formatProblem(problem(TOMATOES, wrong), fit).split("\n")
    expect(Bun.stringWidth(source)).toBeLessThanOrEqual(fit)
    const below = [...source].find(
      (_, index, all) => Bun.stringWidth(all.slice(0, index).join("")) === caret.length - 1,
    )
    expect(below).toBe(wrong[0])
  }
})
