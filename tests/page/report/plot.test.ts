// The SVG of a report: where its lines, its dots and its ticks stand.
import { expect, test } from "bun:test"
import type { Series } from "../../../src/page/device/series"
import { plotOf } from "../../../src/page/report/plot"
import { addDays } from "../../../src/survey/calendar"

/** The date counts on behind the month's end. */
const day = (date: number): string => `${addDays("2026-11-01", date - 1)}T00:00:00+01:00`
const noon = (date: number): string => day(date).replace("T00", "T12")

/** A reading at each noon, none where it is null; humidity is thrice the temperature. */
function series(temperature: readonly (number | null)[]): Series {
  const at = temperature.map((_, index) => noon(index + 1))
  const ticks = [...temperature, null].map((_, index) => day(index + 1))
  const humidity = temperature.map((value) => value && value * 3)
  return { readings: at.length, ticks, at, temperature, humidity, thresholds: [] }
}

const pathsOf = (temperature: readonly (number | null)[], name = "temperature") =>
  [...plotOf(series(temperature)).text.matchAll(/<path class="([\w ]+)" d="([^"]*)"/g)]
    .filter(([, names]) => names?.split(" ")[0] === name)
    .map(([, , d]) => d)

const textsOf = (text: string, name: string): string[] => {
  const [, axis = ""] = new RegExp(`<svg class="${name}"(.*?)</svg>`, "s").exec(text) ?? []
  return [...axis.matchAll(/<text[^>]*>([^<]*)</g)].map(([, label = ""]) => label)
}

test("plotOf() draws a line from reading to reading, at its instant and on its axis", () => {
  expect(pathsOf([20, 28])[0]).toBe("M250.0 220.0L750.0 0.0")
})

test("plotOf() has a gap at a day without readings", () => {
  expect(pathsOf([20, 28, null, 20, 28])[0]).toBe("M100.0 220.0L300.0 0.0M700.0 220.0L900.0 0.0")
})

test("plotOf() has a dot for each of few readings, of many for those between gaps alone", () => {
  expect(pathsOf([20, 28])[1]).toBe("M250.0 220.0h0M750.0 0.0h0")
  const many = [20, null, ...Array.from({ length: 160 }, () => 28)]
  expect(pathsOf(many).map((d) => d?.match(/M/g)?.length)).toEqual([2, 1])
})

test("plotOf() gives each axis round numbers of its own, with its unit, that hold all values", () => {
  const { text } = plotOf({ ...series([-1.5, 30]), humidity: [28.25, 41] })
  expect(textsOf(text, "temperature")).toEqual(["−10°", "0°", "10°", "20°", "30°"])
  expect(textsOf(text, "humidity")).toEqual(["25%", "30%", "35%", "40%", "45%"])
})

test("plotOf() magnifies no more than it is worth", () => {
  expect(textsOf(plotOf(series([20.1, 20.2])).text, "temperature")).toEqual(["20°", "22°", "24°", "26°", "28°"])
})

test.each([
  [0, 100],
  [99, 100],
  [0, 0.5],
  [3, 97],
])("plotOf() shows no humidity below 0 or above 100 %%: %p to %p", (low, high) => {
  const labels = textsOf(plotOf(series([low / 3, high / 3])).text, "humidity").map((label) => Number.parseFloat(label))
  expect(labels[0]).toBeGreaterThanOrEqual(0)
  expect(labels[0]).toBeLessThanOrEqual(low)
  expect(labels.at(-1)).toBeLessThanOrEqual(100)
  expect(labels.at(-1)).toBeGreaterThanOrEqual(high)
})

test.each([-90, 90])("plotOf() holds the extremes that a reading may have: %p °C", (extreme) => {
  const { text } = plotOf({ ...series([0, 20]), temperature: [0, extreme] })
  expect(text).not.toMatch(/NaN|Infinity/)
  for (const [, y] of text.matchAll(/[ML][\d.]+ (-?[\d.]+)/g)) {
    expect(Number(y)).toBeGreaterThanOrEqual(0)
    expect(Number(y)).toBeLessThanOrEqual(220)
  }
})

test("plotOf() names so many days as there is room for, fewer where it is narrow", () => {
  const { text } = plotOf(series(Array.from({ length: 28 }, () => 20)))
  const ticks = [...text.matchAll(/<g( class="wide")?>.*?<text[^>]*>([^<]*)<\/text><\/g>/gs)]
  expect(ticks).toHaveLength(14)
  expect(ticks.filter(([, wide]) => !wide).map(([, , label]) => label)).toEqual(["1 Nov", "9 Nov", "17 Nov", "25 Nov"])
})

test("plotOf() names the hours of a single day", () => {
  const hours = Array.from({ length: 24 }, (_, hour) => day(1).replace("T00", `T${String(hour).padStart(2, "0")}`))
  const { text } = plotOf({ ...series([20]), ticks: [...hours, day(2)] })
  expect(text).toContain(">00:00</text>")
  expect(text).toContain(">22:00</text>")
})

test("plotOf() draws what is watched for as a line with its words, within the axis of its own", () => {
  const dry = { rule: "dry", of: "humidity", value: 20, text: "dry below 20 %" } as const
  const frost = { rule: "frost", of: "temperature", value: 0, text: "frost below 0 °C" } as const
  const { text } = plotOf({ ...series([10, 15]), thresholds: [dry, frost] })
  expect(textsOf(text, "temperature")).toEqual(["0°", "5°", "10°", "15°", "20°"])
  expect(textsOf(text, "humidity")).toEqual(["20%", "30%", "40%", "50%", "60%"])
  const bottom = 232 // both are the least of their axes
  for (const [of, words, x] of [
    ["humidity", "dry below 20 %", "100%"],
    ["temperature", "frost below 0 °C", "0%"],
  ]) {
    expect(text).toContain(`<g class="threshold ${of}"><line x2="100%" y1="${bottom}.0" y2="${bottom}.0"/>`)
    expect(text).toContain(`<text x="${x}" y="${bottom}.0" dy="-4">${words}</text>`)
  }
})
