import { expect, test } from "bun:test"
import { count, formatBytes, formatElapsed, formatWait, formatWhen } from "../src/format"

test("count() takes the plural but for one", () => {
  expect([0, 1, 2].map((number) => count(number, "reading"))).toEqual(["0 readings", "1 reading", "2 readings"])
})

test("formatBytes() and formatElapsed() keep two digits or more", () => {
  expect([0, 1023, 1024, 1536, 12_000, 1_048_576].map(formatBytes)).toEqual([
    "0 B",
    "1023 B",
    "1.0 KB",
    "1.5 KB",
    "12 KB",
    "1.0 MB",
  ])
  expect([0, 61.4, 2400, 200_000].map(formatElapsed)).toEqual(["0 ms", "61 ms", "2.4 s", "3 min 20 s"])
})

test("formatWait() says hours within two days and days after", () => {
  const minutes = [0.2, 12, 60, 18 * 60 + 32, 24 * 60, 76 * 60]
  expect(minutes.map((wait) => formatWait(wait * 60_000))).toEqual([
    "less than a minute",
    "12 min",
    "1 h",
    "18 h 32 min",
    "24 h",
    "3 d 4 h",
  ])
})

test("formatWhen() is in words and in the topology's zone", () => {
  const at = (text: string) => Temporal.Instant.from(text).epochMilliseconds
  const now = at("2026-11-23T10:28:00Z")
  expect(formatWhen(at("2026-11-24T05:00:00Z"), now, "Europe/Rome")).toBe("tomorrow 06:00 Europe/Rome")
  expect(formatWhen(at("2026-11-23T17:00:00Z"), now, "Europe/Rome")).toBe("today 18:00 Europe/Rome")
  expect(formatWhen(at("2026-11-30T05:00:00Z"), now, "Europe/Rome")).toBe("Monday 30 November 06:00 Europe/Rome")
})
