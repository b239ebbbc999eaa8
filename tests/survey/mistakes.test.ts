// What a survey's lines have wrong with them, and all that is said of it: mistakes.txt, to be read by who has to mend them.
// Of each: `# what it is`, `@ its day` where the clock of Europe/Rome changes on it, `> its lines`, then what is said.
import { expect, test } from "bun:test"
import { clockChange, parseDay } from "../../src/survey/calendar"
import { parseSurvey } from "../../src/survey/survey"

const MISTAKES = (await Bun.file(new URL("mistakes.txt", import.meta.url)).text()).trimEnd().split("\n\n")

/** The rest of each line with this mark. */
const marked = (lines: readonly string[], mark: string): string[] =>
  lines.filter((line) => line.startsWith(`${mark} `)).map((line) => line.slice(2))

test.each(
  MISTAKES.map((mistake) => {
    const lines = mistake.split("\n")
    const said = lines.filter((line) => line.startsWith("line "))
    return [marked(lines, "#").join(), marked(lines, ">").join("\n"), marked(lines, "@")[0], said] as const
  }),
)("parseSurvey() says of %s what to write", (_, text, date, said) => {
  const day = date === undefined ? undefined : parseDay(date)
  const { refused } = parseSurvey(text, day ? clockChange(day, "Europe/Rome") : {})
  expect(refused.map(({ line, rule }) => `line ${line}: ${rule}`)).toEqual([...said])
})

test("mistakes.txt holds many", () => {
  expect(MISTAKES.length).toBeGreaterThan(20)
})
