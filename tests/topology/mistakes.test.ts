// What a person mistypes, and all that is said of it: mistakes.txt, to be read as somebody would who has to mend them.
// Of each: `# what it is`, `< what is replaced`, `> what is typed instead`, then the message. ␉ is a tab, ␣ a no-break space.
import { expect, test } from "bun:test"
import fc from "fast-check"
import { parseTopology, TopologyError } from "../../src/topology/yaml/load"
import { formatProblem, type Problem } from "../../src/topology/yaml/problem"
import { changed, SAMPLE } from "./sample"

const MISTAKES = (await Bun.file(new URL("mistakes.txt", import.meta.url)).text())
  .replaceAll("␉", "\t")
  .replaceAll("␣", "\u00a0")
  .trimEnd()
  .split("\n\n")

const CHANGE = /((?:^<.*\n)+)((?:^>.*\n)+)/gm
const withoutMarks = (lines = ""): string => lines.replace(/^. ?/gm, "").trimEnd()

test.each(
  MISTAKES.map((mistake) => {
    const [heading = "", ...lines] = mistake.split("\n")
    const body = lines.join("\n")
    const changes = [...body.matchAll(CHANGE)].map(([, from, to]) => [withoutMarks(from), withoutMarks(to)] as const)
    return [heading.slice(2), changed(...changes), body.replace(CHANGE, "")] as const
  }),
)("whoever writes %s is told where, and what to write", (_, text, message) => {
  expect(
    problemsIn(text)
      .map((problem) => formatProblem(problem))
      .join("\n"),
  ).toBe(message)
})

function problemsIn(text: string): readonly Problem[] {
  try {
    parseTopology(text, "topology.yaml")
    return []
  } catch (error) {
    if (!(error instanceof TopologyError)) throw error
    return error.problems
  }
}

test("mistakes.txt holds many, each once", () => {
  const headings = MISTAKES.map((mistake) => mistake.split("\n", 1)[0])
  expect(new Set(headings).size).toBe(headings.length)
  expect(headings.length).toBeGreaterThan(40)
})

const SAMPLE_LINES = SAMPLE.split("\n").length

test("whatever is mistyped ends in problems with a place, and in a line each", () => {
  const pieces = [
    "\n",
    "\t",
    "  ",
    ": ",
    "- ",
    "{",
    "}",
    "[",
    "]",
    "{day}",
    '"',
    "'",
    "#",
    " #",
    "*",
    "&a",
    "!",
    "@",
    "%",
    ",",
    "|",
    "?",
    "\\",
    "\u00a0",
    "~",
    "\r",
  ]
  const edit = fc.record({ at: fc.nat(SAMPLE.length), remove: fc.nat(6), insert: fc.constantFrom(...pieces) })
  let refused = 0
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
      const text = edits.reduce(
        (was, { at, remove, insert }) => was.slice(0, at) + insert + was.slice(at + remove),
        SAMPLE,
      )
      const problems = problemsIn(text)
      refused += problems.length > 0 ? 1 : 0
      for (const { line, column, message, sourceLine } of problems) {
        expect(line).toBeLessThanOrEqual(SAMPLE_LINES + edits.length)
        expect(column).toBeLessThanOrEqual(sourceLine.length + 1)
        expect(message).not.toMatch(/undefined|\0|\n|Unexpected .* token/)
      }
    }),
    { numRuns: 500 },
  )
  expect(refused).toBeGreaterThan(250)
})

test("of a text that is no topology at all a hundred faults are told", () => {
  expect(problemsIn("{a: b\n".repeat(1000))).toHaveLength(100)
})
