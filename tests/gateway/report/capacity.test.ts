// What status promises of the room that is left, beside what surveys really take.
import { afterEach, beforeEach, expect, test } from "bun:test"
import { spoolSpace } from "../../../src/gateway/report/capacity"
import { countDay } from "../../../src/gateway/spool/reader"
import { pageBytes } from "../../../src/storage/size"
import { formatSurvey } from "../../../src/survey/survey"
import { Bench, DAY } from "../fixtures"

const DEVICES = 300
const FIRST = 0x0a00_0000

let bench: Bench
beforeEach(() => {
  bench = new Bench()
})
afterEach(() => bench[Symbol.dispose]())

function usedBytes(): number {
  const { all, free } = pageBytes(bench.database.sqlite)
  return all - free
}

/** A survey of so many readings, three minutes apart. */
function surveyOf(readings: number): string {
  const reading = (n: number) => ({ seconds: n * 180, temperature: 20.25, humidity: 30.5 })
  return formatSurvey(Array.from({ length: readings }, (_, n) => reading(n)))
}

test.each([
  1, 24, 96, 288, 480,
])("a day of surveys of %i readings takes what is promised, or a little less", async (readings) => {
  const before = usedBytes()
  const text = surveyOf(readings)
  await Promise.all(Array.from({ length: DEVICES }, (_, n) => bench.accept(text, FIRST + n)))
  await bench.spool.settle()
  const { sqlite, file } = bench.database
  const day = countDay(sqlite, { day: DAY, expected: [], closed: true, confirmed: false })
  const promised = spoolSpace(sqlite, file, [day]).bytesADay ?? 0
  const taken = usedBytes() - before
  const oddPages = 6 * 8192
  expect(taken).toBeLessThanOrEqual(promised + oddPages)
  expect(taken).toBeGreaterThanOrEqual(0.85 * promised - oddPages)
})
