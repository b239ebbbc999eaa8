import { expect, test } from "bun:test"
import { MergedReadings } from "../../src/survey/merge"
import type { Reading } from "../../src/survey/reading"
import { formatSurvey } from "../../src/survey/survey"
import { reading } from "./fixtures"

const STORED = [reading("08:00", 20, 30), reading("12:00", 25, 33), reading("16:00", 23, 32)]
const INCOMING = [reading("07:00", 1, 1), reading("12:00", 25, 33), reading("16:00", 24, 32), reading("20:00", 2, 2)]

function merged(incoming: readonly Reading[], yields = false) {
  const readings = new MergedReadings(STORED, {})
  const { changes, superseded } = readings.compare(incoming, yields)
  for (const change of changes) readings.take(change)
  return { text: formatSurvey(readings.inOrder()) as string, changes: changes.length, superseded }
}

test("keeps both, lets newer values win and names what they replaced", () => {
  expect(merged(INCOMING)).toEqual({
    text: "07:00 - 1 - 1%\n08:00 - 20 - 30%\n12:00 - 25 - 33%\n16:00 - 24 - 32%\n20:00 - 2 - 2%\n",
    changes: 3,
    superseded: [reading("16:00", 23, 32)],
  })
})

test("lets values that are there win where what comes yields, and names what gave way", () => {
  expect(merged(INCOMING, true)).toEqual({
    text: "07:00 - 1 - 1%\n08:00 - 20 - 30%\n12:00 - 25 - 33%\n16:00 - 23 - 32%\n20:00 - 2 - 2%\n",
    changes: 2,
    superseded: [reading("16:00", 24, 32)],
  })
})

test("deletes nothing when a file was cut short", () => {
  expect(merged([])).toEqual({ text: formatSurvey(STORED), changes: 0, superseded: [] })
})
