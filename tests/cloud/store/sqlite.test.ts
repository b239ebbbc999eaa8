import { expect, test } from "bun:test"
import { surveyDigest } from "../../../src/survey/digest"
import { Bench, DAY, MORNING } from "../fixtures"
import { describeStore } from "./contract"

describeStore("SqliteStore", () => new Bench())

test("a row's own revisions are kept only where they differ from the row's, and its digest as a number", async () => {
  using bench = new Bench()
  await bench.describeSite()
  const row = () =>
    bench.database.sqlite
      .query("SELECT revision, revisions, typeof(digest), printf('%016x', digest) FROM surveys")
      .values()
  await bench.put(MORNING, 1)
  const digest = (text: string) => surveyDigest("192.168.1.2", DAY, text)
  expect(row()).toEqual([[1, null, "integer", digest(MORNING)]])
  await bench.put("09:00 - 20 - 30%\n", 2)
  expect(row()).toEqual([[2, "[1,2]", "integer", digest("09:00 - 20 - 30%\n")]])
  await bench.put(MORNING, 2)
  expect(row()).toEqual([[2, null, "integer", digest(MORNING)]])
})
