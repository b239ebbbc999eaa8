import { beforeEach, expect, test } from "bun:test"
import type { GatewayEvent } from "../../../src/gateway/events"
import { Named, putLatest } from "../../../src/gateway/intake/named"
import { VirtualClock } from "../../virtual-clock"
import { NOW } from "../fixtures"

let clock: VirtualClock
let named: Named
let told: string[]

beforeEach(() => {
  clock = new VirtualClock(NOW)
  told = []
  named = new Named(clock, (event) => told.push(textOf(event)))
})

const textOf = (event: GatewayEvent): string =>
  event.kind === "stranger"
    ? `${event.sender} for ${event.address}`
    : "sender" in event
      ? `${event.sender} for many`
      : event.kind
const note = (sender: string, address = sender) => named.note({ sender, address, reason: "" })
const crowd = (from: number, to: number) => {
  for (let n = from; n < to; n++) note(`10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`)
}

test("note() tells of each once", () => {
  for (const sender of ["10.0.0.1", "10.0.0.1", "10.0.0.2"]) note(sender)
  expect(told).toEqual(["10.0.0.1 for 10.0.0.1", "10.0.0.2 for 10.0.0.2"])
})

test("note() tells of a sender that names many devices a few, then that it does, and nothing more", async () => {
  for (let n = 0; n < 1010; n++) {
    note("10.0.0.1", `192.168.${n >> 8}.${n & 255}`)
    await clock.advance(10_000)
  }
  const first = [0, 1, 2].map((n) => `10.0.0.1 for 192.168.0.${n}`)
  expect(told).toEqual([...first, "10.0.0.1 for many"])
})

test("note() tells of a crowd so many a minute, and that they are more", async () => {
  crowd(0, 1000)
  expect(told).toHaveLength(21)
  expect(told.at(-1)).toBe("strangers-flooded")
  await clock.advance(60_000)
  crowd(1000, 2000)
  expect(told).toHaveLength(42)
})

test("note() tells of whom a crowd hid when it comes again", async () => {
  crowd(0, 1010)
  note("192.168.1.77")
  await clock.advance(60_000)
  note("192.168.1.77")
  expect(told.at(-1)).toBe("192.168.1.77 for 192.168.1.77")
  note("192.168.1.77")
  expect(told.filter((text) => text.startsWith("192.168"))).toHaveLength(1)
})

test("putLatest() holds so many, and lets go of the one that came longest ago", () => {
  const map = new Map<string, number>()
  for (const [value, key] of ["a", "b", "a", "c", "d"].entries()) putLatest(map, key, value, 3)
  expect([...map]).toEqual([
    ["a", 2],
    ["c", 3],
    ["d", 4],
  ])
})
