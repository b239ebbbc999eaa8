import { expect, test } from "bun:test"
import { CatchUp } from "../../src/device/catch-up"
import { addDays, type Day } from "../../src/survey/calendar"
import type { Device } from "../../src/topology/devices"
import { VirtualClock } from "../virtual-clock"

const DAY: Day = "2026-11-01"
const deviceOf = (number: number): Device => ({
  address: number,
  ip: `10.0.0.${number}`,
  name: `field ${number}`,
  paused: false,
  line: 1,
})

function begin(told = new Map<number, Day>()) {
  const clock = new VirtualClock(1_000_000)
  const said: string[] = []
  const log = { info: (text: string) => said.push(text), warn: (text: string) => said.push(text) }
  return { clock, said, told, catchUp: new CatchUp(told, clock, log) }
}

test("it is told once a minute how far it is, and never in the first, whatever the clock is set to", async () => {
  const { clock, said, catchUp } = begin()
  for (let place = 1; place <= 21; place++) {
    await clock.advance(10_000)
    clock.set(place % 2 === 0 ? 0 : 86_400_000)
    const day = addDays(DAY, place - 1)
    catchUp.sent({
      device: deviceOf(2),
      day,
      place,
      days: 21,
      readings: 4,
      refused: 0,
      bytes: 68,
      elapsedMs: 9,
      resent: 0,
    })
  }
  expect(said).toEqual([
    "Catching up: 6 older surveys have arrived, now 10.0.0.2 of 6 November, 6 of 21 days",
    "Catching up: 12 older surveys have arrived, now 10.0.0.2 of 12 November, 12 of 21 days",
    "Catching up: 18 older surveys have arrived, now 10.0.0.2 of 18 November, 18 of 21 days",
  ])
})

test("what a source does not have is named once, whatever the number of runs", () => {
  const { said, told, catchUp } = begin()
  for (const day of [DAY, addDays(DAY, 1)]) catchUp.absent(deviceOf(2), day, `surveys/${day}/2.txt not found`)
  catchUp.finish()
  expect(said).toEqual(["Still owed: 10.0.0.2 field 2, 1 November to 2 November: surveys/2026-11-01/2.txt not found"])
  const next = begin(told)
  for (const days of [0, 1, 2]) next.catchUp.absent(deviceOf(2), addDays(DAY, days), "not found")
  next.catchUp.finish()
  expect(next.said).toEqual(["Still owed: 10.0.0.2 field 2, 3 November: not found"])
})

test("of many devices ten are named", () => {
  const { said, catchUp } = begin()
  for (let number = 1; number <= 13; number++) catchUp.absent(deviceOf(number), DAY, "not found")
  catchUp.finish()
  expect(said).toHaveLength(11)
  expect(said.at(-1)).toBe("Still owed: days of 3 more devices")
})
