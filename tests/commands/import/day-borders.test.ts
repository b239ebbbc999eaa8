import { expect, test } from "bun:test"
import { DayBorders } from "../../../src/commands/import/day-borders"
import { LocalTimes } from "../../../src/device/source/format/local"
import { Zone } from "../../../src/device/source/format/zone"
import { type Zones, zonesIn } from "../../../src/gateway/control/zones"

const HOUR = 3600
const MIDNIGHT = Date.parse("2026-11-20T00:00:00Z") / 1000

/** What becomes of a reading an hour, five days long, of a file with this clock: the site's where it says none. */
function place(zones: Zones, clock?: string) {
  const borders = new DayBorders(zones)
  const taken = new Map<number, string[]>()
  let between = 0
  for (const zone of zonesIn(zones)) {
    borders.begin(zone)
    const times = new LocalTimes({ isUtc: false, zone: new Zone(clock ?? zone) }, zone)
    for (let time = MIDNIGHT; time < MIDNIGHT + 5 * 24 * HOUR; time += HOUR) {
      const values = { temperature: 1, humidity: 1 }
      const [row] = times.follow([{ kind: "values", line: 1, time, device: "", text: "", ...values }])
      const { day, reading } = times.place(row?.at ?? time, values)
      const became = borders.take(1, day, reading)
      if (became === "between") between++
      if (became === "taken") taken.set(time, [...(taken.get(time) ?? []), day])
    }
  }
  return { taken, between }
}

const zones = (zone: string, old: string): Zones => {
  const others = { "2026-11-20": old, "2026-11-21": old, "2026-11-22": old }
  return { zone, others, delivers: true }
}

test("take() takes each reading on one day where the days of two zones overlap", () => {
  const { taken, between } = place(zones("Asia/Tokyo", "Europe/Rome"), "UTC")
  expect([...taken.values()].filter((days) => days.length !== 1)).toEqual([])
  expect([taken.size, between]).toEqual([5 * 24, 0])
  const last = Date.parse("2026-11-22T22:00:00Z") / 1000
  expect([taken.get(last), taken.get(last + HOUR)]).toEqual([["2026-11-22"], ["2026-11-23"]])
})

test("take() counts readings of hours that are of no day", () => {
  const { taken, between } = place(zones("America/New_York", "Europe/Rome"), "UTC")
  expect([taken.size, between]).toEqual([5 * 24 - 6, 6])
})

test("take() takes a reading on the day that a file without a clock of its own names", () => {
  const { taken, between } = place(zones("America/New_York", "Europe/Rome"))
  expect([taken.size, between]).toEqual([5 * 24, 0])
  expect(taken.get(MIDNIGHT + 72 * HOUR)).toEqual(["2026-11-23"])
})

test("take() takes everything where all days are of one zone", () => {
  expect(place({ zone: "Europe/Rome", others: {}, delivers: true }, "UTC").taken.size).toBe(5 * 24)
})
