// A fleet's rules: 100,000 devices of 24 readings.
import { expect, test } from "bun:test"
import { addDays } from "../../../src/survey/calendar"
import { formatAddress } from "../../../src/topology/address"
import { address, readings, WatchedSite } from "./fixture"

const SIZE = Number(process.env.FLEET ?? 1000)
const FIRST = address("192.168.2.0")

test(`the rules of ${SIZE} devices are looked at without holding up anybody for long`, async () => {
  using site = new WatchedSite("{ dry: 20, wet: 90, frost: 0, hot: 35, silent: 2d, stuck: 3d }", [
    { ip: `192.168.2.0-${formatAddress(FIRST + SIZE - 1)}` },
  ])
  const hours = (humidity: number) =>
    readings(...Array.from({ length: 24 }, (_, hour) => [20 + (hour % 3), humidity] as const))
  for (const day of [1, 2]) {
    const sent = Object.fromEntries(
      Array.from({ length: SIZE }, (_, index) => [
        formatAddress(FIRST + index),
        hours(day === 2 && index % 100 === 0 ? 10 : 40),
      ]),
    )
    await site.close(addDays("2026-01-01", day), sent, true)
  }
  const before = performance.now()
  await site.watch.finish()
  const ms = performance.now() - before
  if (process.env.FLEET) process.stdout.write(`${SIZE} devices: ${Math.round(ms)} ms\n`)
  expect(site.messages[0]?.title).toBe(`greenhouse: ${SIZE / 100} new (dry)`)
  expect(site.told).toHaveLength(SIZE / 100 > 10 ? 11 : SIZE / 100)
})
