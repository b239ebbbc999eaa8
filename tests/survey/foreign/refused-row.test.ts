import { expect, test } from "bun:test"
import fc from "fast-check"
import { formatToldRow, readToldRow } from "../../../src/survey/foreign/refused-row"
import { parseSurvey } from "../../../src/survey/survey"

test("readToldRow() reads what formatToldRow() writes", () => {
  const row = { reason: "export/bed3.csv:17 Humidity must be 0 to 100 %: it is 130", text: "09:00\t20\t130" }
  expect(readToldRow(formatToldRow(row))).toEqual(row)
})

test("readToldRow() knows no line of anybody else", () => {
  for (const line of ["", "!", "! a", "!\ta", "08:00 - 20 - 30%", " !\ta\tb"]) expect(readToldRow(line)).toBeUndefined()
})

test("formatToldRow() is one line that is never taken for a reading, whatever stands in the file", () => {
  const texts = fc.oneof(
    fc.string({ unit: "grapheme" }),
    fc.constantFrom("08:00 - 20 - 30%", "a\n08:00 - 20 - 30%", "\r\n08:00 - 20 - 30%", "\ufeff08:00 - 20 - 30%"),
  )
  fc.assert(
    fc.property(texts, texts, (reason, text) => {
      const { readings, refused } = parseSurvey(`07:00 - 1 - 1%\n${formatToldRow({ reason, text })}\n`, {})
      expect([readings.length, refused.length]).toEqual([1, 1])
    }),
  )
})
