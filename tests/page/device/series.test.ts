import { expect, test } from "bun:test"
import { addDays, type Day } from "../../../src/survey/calendar"
import { DAY, Farm, HERBS, MORNING } from "./fixture"

const AUTUMN: Day = "2026-10-25"
const SPRING: Day = "2026-03-29"

/** A reading a second from midnight on. */
const secondly = (readings: number): string =>
  Array.from({ length: readings }, (_, second) => {
    const time = [second / 3600, (second / 60) % 60, second % 60].map((part) =>
      String(Math.floor(part)).padStart(2, "0"),
    )
    const spike = second === 4567 ? 55.5 : 20
    return `${time.slice(0, second % 60 === 0 ? 2 : 3).join(":")} - ${spike} - ${30 + (second % 7)}%\n`
  }).join("")

test("a series has each reading by its instant on the device's own clock", async () => {
  using farm = await Farm.make()
  await farm.put(DAY, "08:00 - 20 - 30%\n20:00:30 - -1.5 - 28.25%\n")
  expect(await farm.series("/devices/tomatoes/series.json?days=1")).toMatchObject({
    readings: 2,
    at: ["2026-11-21T08:00:00+01:00", "2026-11-21T20:00:30+01:00"],
    temperature: [20, -1.5],
    humidity: [30, 28.25],
  })
})

test("a day with nothing is a gap in the series, before, between and behind readings", async () => {
  using farm = await Farm.make()
  await farm.put(addDays(DAY, -5), MORNING)
  await farm.put(addDays(DAY, -3), MORNING)
  for (const ago of [-6, 0]) await farm.put(addDays(DAY, ago), MORNING, { address: HERBS })
  const { at, humidity } = await farm.series("/devices/tomatoes/series.json?days=7")
  expect(at.map((timestamp, index) => `${timestamp.slice(8, 16)} ${humidity[index]}`)).toEqual([
    "15T12:00 null",
    "16T08:00 30",
    "17T12:00 null",
    "18T08:00 30",
    "19T12:00 null",
    "20T12:00 null",
    "21T12:00 null",
  ])
})

test("the ticks of several days are their beginnings and the end of the last one", async () => {
  using farm = await Farm.make()
  for (const day of ["2026-10-01", "2026-10-28"] as const) await farm.put(day, MORNING)
  const { ticks } = await farm.series("/devices/tomatoes/series.json?days=7")
  expect(ticks).toEqual([
    "2026-10-22T00:00:00+02:00",
    "2026-10-23T00:00:00+02:00",
    "2026-10-24T00:00:00+02:00",
    "2026-10-25T00:00:00+02:00",
    "2026-10-26T00:00:00+01:00",
    "2026-10-27T00:00:00+01:00",
    "2026-10-28T00:00:00+01:00",
    "2026-10-29T00:00:00+01:00",
  ])
})

test("the day on which the clock goes back has 25 hours, and both passes of the one that comes twice", async () => {
  using farm = await Farm.make()
  await farm.put(AUTUMN, "01:30 - 20 - 30%\n02:30 - 21 - 31%\n02:30 - 22 - 34%\n03:30 - 23 - 33%\n")
  const { at, ticks, temperature } = await farm.series("/devices/tomatoes/series.json?days=1")
  expect(at).toEqual([
    "2026-10-25T01:30:00+02:00",
    "2026-10-25T02:30:00+02:00",
    "2026-10-25T02:30:00+01:00",
    "2026-10-25T03:30:00+01:00",
  ])
  expect(temperature).toEqual([20, 21, 22, 23])
  expect(Date.parse(ticks.at(-1) ?? "") - Date.parse(ticks[0] ?? "")).toBe(25 * 3_600_000)
  const { body } = await farm.page("/devices/tomatoes?days=1")
  expect(body).toContain('title="Sun 25 Oct, 02:00: 32.5 %"')
})

test("the day on which the clock goes forward has 23 hours, and no tick for the one that it skips", async () => {
  using farm = await Farm.make()
  await farm.put(SPRING, "01:30 - 20 - 30%\n03:30 - 23 - 33%\n")
  const { at, ticks } = await farm.series("/devices/tomatoes/series.json?days=1")
  expect(at).toEqual(["2026-03-29T01:30:00+01:00", "2026-03-29T03:30:00+02:00"])
  expect(ticks.map((tick) => tick.slice(11, 13)).slice(0, 5)).toEqual(["00", "01", "03", "04", "05"])
  expect(Date.parse(ticks.at(-1) ?? "") - Date.parse(ticks[0] ?? "")).toBe(23 * 3_600_000)
})

test("a series rises, also over a move to another zone", async () => {
  using farm = await Farm.make()
  await farm.put(addDays(DAY, -1), "08:00 - 20 - 30%\n23:00 - 20 - 31%\n", { zone: "America/Lima" })
  await farm.put(DAY, "00:30 - 20 - 32%\n12:00 - 20 - 33%\n")
  const { at, humidity } = await farm.series("/devices/tomatoes/series.json?days=7")
  const instants = at.map((timestamp) => Date.parse(timestamp))
  expect(instants.toSorted((a, b) => a - b)).toEqual(instants)
  expect(humidity.filter((value) => value !== null)).toEqual([30, 32, 31, 33])
})

test("of a day with 86,400 readings a series has at most 2,000, each as it was measured, and no spike is lost", async () => {
  using farm = await Farm.make()
  await farm.put(DAY, secondly(86_400))
  const { at, temperature, readings } = await farm.series("/devices/tomatoes/series.json?days=1")
  expect(readings).toBe(86_400)
  expect(at.length).toBeLessThanOrEqual(2000)
  expect(at.length).toBeGreaterThan(500)
  expect(at[temperature.indexOf(55.5)]).toBe("2026-11-21T01:16:07+01:00")
  const text = await farm.text("/devices/tomatoes?days=1")
  expect(text).toMatch(/The plot has [\d,]+ of 86,400 readings/)
  expect(text).toContain("20 20.0 55.5 30 33.0 36 86,400")
})
