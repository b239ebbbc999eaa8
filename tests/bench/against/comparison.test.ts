import { describe, expect, test } from "bun:test"
import { compareRuns, figuresLeftOut, formatComparisons, type Measurements } from "./comparison"

/** Runs that found these values of one figure. */
const runsOf = (unit: string, values: readonly number[], figure = "uploads"): Measurements[] =>
  values.map((value) => [{ figure, value, unit }])

const verdictOf = (unit: string, before: readonly number[], today: readonly number[]) =>
  compareRuns(runsOf(unit, before), runsOf(unit, today)).map(({ verdict }) => verdict)

describe("compareRuns()", () => {
  test("pairs the runs of the same turn", () => {
    expect(compareRuns(runsOf("/s", [100, 200, 400]), runsOf("/s", [200, 100, 400]))).toEqual([
      {
        figure: "uploads",
        unit: "/s",
        before: [100, 200, 400],
        today: [200, 100, 400],
        ratios: [2, 0.5, 1],
        verdict: "within the spread",
      },
    ])
  })

  test("judges today's median by the other's least and most, both of them within", () => {
    expect(verdictOf("/s", [90, 100, 110], [1, 90, 200])).toEqual(["within the spread"])
    expect(verdictOf("/s", [90, 100, 110], [1, 110, 200])).toEqual(["within the spread"])
    expect(verdictOf("/s", [90, 100, 110], [89, 89, 100])).toEqual(["worse"])
    expect(verdictOf("/s", [90, 100, 110], [100, 111, 111])).toEqual(["better"])
  })

  test("takes less of any other unit for the better", () => {
    expect(verdictOf("s", [3, 4, 5], [2, 2, 2])).toEqual(["better"])
    expect(verdictOf("µs", [3, 4, 5], [6, 6, 6])).toEqual(["worse"])
  })

  test("leaves out what not every run has, which figuresLeftOut() names", () => {
    const both = runsOf("/s", [1, 2])
    const one = runsOf("s", [3, 4], "a day")
    const today = both.map((run, index) => [...run, ...(one[index] ?? [])])
    const comparisons = compareRuns(both, today)
    expect(comparisons.map(({ figure }) => figure)).toEqual(["uploads"])
    expect(figuresLeftOut([...both, ...today], comparisons)).toEqual(["a day"])
  })
})

test("formatComparisons() has three digits, and the least and the most beside each median", () => {
  const before = runsOf("/s", [70_100, 73_600, 80_000])
  const today = runsOf("/s", [80_000.4, 81_000, 82_000])
  const day = compareRuns(runsOf("s", [4, 4.125], "a day"), runsOf("s", [41.25, 41.25], "a day"))
  expect(formatComparisons([...compareRuns(before, today), ...day], "ea87dd3")).toBe(
    [
      "figure                     ea87dd3                      today             ratio  today is",
      "uploads  73,600 /s (70,100–80,000)  81,000 /s (80,000–82,000)  1.10 (1.02–1.14)  better",
      "a day           4.06 s (4.00–4.13)         41.3 s (41.3–41.3)  10.2 (10.0–10.3)  worse",
      "",
    ].join("\n"),
  )
})
