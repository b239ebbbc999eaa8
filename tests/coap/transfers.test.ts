// Who gives way where transfers that all go on fill the room; what a peer sees of it is in block.test.ts.
import { beforeEach, expect, test } from "bun:test"
import { type TransferLimits, Transfers } from "../../src/coap/transfers"
import { VirtualClock } from "../virtual-clock"

const KIB = 1024
const LIMITS: TransferLimits = { perAddress: 16, transfers: 64, totalBytes: 515 * KIB }

let clock: VirtualClock
let transfers: Transfers

beforeEach(() => {
  clock = new VirtualClock()
  transfers = new Transfers(LIMITS, clock)
})

/** Begins one of so many bytes; whether there was room. */
function begin(address: string, name: string, bytes: number): boolean {
  const transfer = transfers.begin(`${address}:5683 ${name}`, { address, arrivedAt: 0 })
  if (!transfers.append(transfer, new Uint8Array(bytes))) return false
  transfers.hold(transfer)
  return true
}
const has = (address: string, name: string) => transfers.get(`${address}:5683 ${name}`) !== undefined
const fill = (address: string, count: number, bytes: number) => {
  for (let n = 0; n < count; n++) expect(begin(address, `${n}`, bytes)).toBe(true)
}

test("append() finds room for a newcomer at the cost of the address that holds most, its most silent first", () => {
  fill("192.168.1.2", 3, 120 * KIB)
  fill("192.168.1.3", 1, 120 * KIB)
  expect(begin("192.168.1.4", "new", KIB)).toBe(true)
  expect([0, 1, 2].map((n) => has("192.168.1.2", `${n}`))).toEqual([false, true, true])
  expect(has("192.168.1.3", "0")).toBe(true)
})

test("append() finds it in number as well, and until the newcomer holds a fair part", async () => {
  for (let last = 2; last < 6; last++) fill(`192.168.1.${last}`, 16, 100)
  const found: boolean[] = []
  for (let n = 0; n < 8; n++) {
    await clock.advance(100)
    found.push(begin("192.168.1.9", `${n}`, 100))
  }
  expect(found).toEqual([true, true, true, true, false, false, false, false])
  expect(transfers.size).toBe(64)
})

test("append() takes nothing from whoever has one, however large: by turns nobody would get through", () => {
  for (let last = 2; last < 6; last++) fill(`192.168.1.${last}`, 1, 120 * KIB)
  expect(begin("192.168.1.9", "new", KIB)).toBe(false)
  expect(transfers.size).toBe(4)
})
