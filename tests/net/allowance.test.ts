import { expect, test } from "bun:test"
import { Allowance } from "../../src/net/allowance"
import { formatAddress } from "../../src/topology/address"
import { seededRandom, VirtualClock } from "../virtual-clock"

function allowance(perAddress: number, overall = 1_000_000) {
  const clock = new VirtualClock(1_000_000)
  const limit = new Allowance(perAddress, overall, clock, seededRandom(1))
  const taken = (address: string, times: number) => Array.from({ length: times }, () => limit.take(address))
  return { clock, count: (address: string, times: number) => taken(address, times).filter(Boolean).length }
}

test("Allowance lets so many of an address through in a second, and so many more in the next", async () => {
  const { clock, count } = allowance(10)
  expect([count("10.0.0.2", 15), count("10.0.0.3", 10)]).toEqual([10, 10])
  await clock.advance(999)
  expect(count("10.0.0.2", 1)).toBe(0)
  await clock.advance(1)
  expect(count("10.0.0.2", 15)).toBe(10)
})

test("Allowance never refuses who stays below it, whenever the others begin a second", async () => {
  const { clock, count } = allowance(10)
  for (let turn = 0; turn < 1000; turn++) {
    await clock.advance(101)
    if (turn % 7 === 0) count("10.0.0.2", 20)
    expect(count("10.0.0.3", 1)).toBe(1)
  }
})

test("Allowance bounds all addresses together", async () => {
  const { clock, count } = allowance(10, 25)
  expect(["10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5"].map((address) => count(address, 10))).toEqual([10, 10, 5, 0])
  await clock.advance(1000)
  expect(count("10.0.0.5", 10)).toBe(10)
})

test("Allowance's second is one that passes, wherever the clock is set to", async () => {
  const { clock, count } = allowance(10)
  count("10.0.0.2", 20)
  for (const now of [500_000, 2_000_000]) {
    clock.set(now)
    expect(count("10.0.0.2", 1)).toBe(0)
  }
  await clock.advance(1000)
  expect(count("10.0.0.2", 1)).toBe(1)
})

test("Allowance tells a fleet's addresses apart: hardly any shares its counter with one that sends too much", () => {
  const { count } = allowance(100)
  count("127.0.0.1", 1000)
  let refused = 0
  for (let address = 0x0a00_0002; address < 0x0a00_0002 + 100_000; address++) {
    if (count(formatAddress(address), 1) === 0) refused++
  }
  expect(refused).toBeLessThan(10)
})
