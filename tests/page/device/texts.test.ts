import { expect, test } from "bun:test"
import { briefDay, briefSpan, celsius, decimal, difference, percent, weekday } from "../../../src/page/device/texts"

test("numbers are written with a true minus, and never with one before zero", () => {
  expect([decimal(-1.5), decimal(20), decimal(-0.04, 1), decimal(3.25, 1)]).toEqual(["−1.5", "20", "0.0", "3.3"])
  expect([celsius(-3), percent(28.5, 0)]).toEqual(["−3 °C", "29 %"])
})

test("a difference has its sign, and none where nothing is seen of it", () => {
  expect([difference(1.25, 1), difference(-0.4, 1), difference(0.04, 1)]).toEqual(["+1.3", "−0.4", "0.0"])
})

test("days are brief, with their year where it is another one", () => {
  expect(briefDay("2026-11-22")).toBe("22 Nov")
  expect(briefDay("2025-11-22", "2026-01-01")).toBe("22 Nov 2025")
  expect(weekday("2026-11-22")).toBe("Sun 22 Nov")
  expect(briefSpan("2026-11-16", "2026-11-22")).toBe("16 to 22 Nov")
  expect(briefSpan("2026-10-26", "2026-11-01")).toBe("26 Oct to 1 Nov")
  expect(briefSpan("2025-12-28", "2026-01-03")).toBe("28 Dec 2025 to 3 Jan")
  expect(briefSpan("2026-11-22", "2026-11-22")).toBe("22 Nov")
})
