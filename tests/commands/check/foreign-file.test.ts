import { expect, test } from "bun:test"
import { ForeignFile } from "../../../src/commands/check/foreign-file"
import type { Day } from "../../../src/survey/calendar"

const DAY: Day = "2026-11-21"

/** What is said of bed1 where the file has a reading of each of these. */
function problems(...devices: string[]) {
  const file = new ForeignFile("all.csv", true, ["bed1"])
  const readings = devices.map((device, index) => {
    return { device, line: index + 2, at: index, day: DAY, reading: { seconds: index, temperature: 20, humidity: 30 } }
  })
  file.take({ path: "all.csv", readings, refused: [], empty: 0, end: 100 })
  return file.tell("bed1").problems
}

test("tell() says of whom a file has readings, where it has none of a device and says whose the others are", () => {
  expect(problems("bed1")).toEqual([])
  expect(problems("bed2", "")).toEqual(["all.csv has no readings of bed1, did you mean bed2?"])
  expect(problems("meadow", "", "orchard")).toEqual(["all.csv has no readings of bed1: it has some of meadow, orchard"])
  expect(problems("")).toEqual(["all.csv has no readings of bed1"])
  expect(problems()).toEqual(["all.csv has no readings"])
})
