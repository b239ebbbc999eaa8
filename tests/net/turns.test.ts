import { expect, spyOn, test } from "bun:test"
import { Turns } from "../../src/net/turns"
import { seededRandom, settle, VirtualClock } from "../virtual-clock"

const A_TURN = 1024
const URGENT = 1_000_000
const SLOW = 999_999

const ROOM = Math.floor((8 * 1024 * 1024) / 1256) // items that may wait

function bench(ownerOf = (_item: number): string => "") {
  const handled: number[] = []
  const clock = new VirtualClock()
  const turns = new Turns<number>({
    clock,
    handle(item) {
      handled.push(item)
      if (item === SLOW) spyOn(clock, "monotonic").mockReturnValue(1000)
    },
    sizeOf: () => 1000,
    ownerOf,
    isUrgent: (item) => item >= URGENT,
  })
  const add = (from: number, to: number) => {
    for (let item = from; item < to; item++) turns.add(item)
  }
  return { handled, turns, add }
}

const numbers = (to: number) => Array.from({ length: to }, (_, index) => index)

test("Turns handles what comes at once, up to a turn's share, and the rest in order, a turn's share at a time", async () => {
  const { handled, add } = bench()
  add(0, 2500)
  expect(handled).toHaveLength(A_TURN)
  let others = 0
  setImmediate(() => others++)
  await settle()
  expect([handled.length, others]).toEqual([2 * A_TURN, 1])
  add(2500, 2501) // behind those that wait
  await settle()
  await settle()
  expect(handled).toEqual(numbers(2501))
})

test("Turns lets the urgent ones go before the others that wait", async () => {
  const { handled, add } = bench()
  add(0, 3000)
  add(URGENT, URGENT + 10)
  await settle()
  expect(handled.slice(A_TURN, A_TURN + 11)).toEqual([...numbers(10).map((item) => URGENT + item), A_TURN])
})

test("Turns ends a turn that takes too long", async () => {
  const { handled, add } = bench()
  add(SLOW, SLOW + 1)
  add(0, 100)
  expect(handled.length).toBeLessThan(40)
  await settle()
  expect(handled).toEqual([SLOW, ...numbers(100)])
})

test("Turns begins anew with every turn of the event loop", async () => {
  const { handled, add } = bench()
  for (let turn = 0; turn < 5; turn++) {
    add(turn * 1000, (turn + 1) * 1000)
    expect(handled).toHaveLength((turn + 1) * 1000)
    await settle()
  }
})

test("Turns drops what is more than 8 MiB, and goes on", async () => {
  const { handled, turns, add } = bench()
  const kept = A_TURN + ROOM
  add(0, kept)
  expect([turns.add(kept), turns.add(URGENT)]).toEqual([false, true])
  while (handled.length < kept + 1) await settle()
  add(kept, kept + 1)
  await settle()
  expect(handled.filter((item) => item !== URGENT)).toEqual(numbers(kept + 1))
})

const evenOrOdd = (item: number): string => (item % 2 === 0 ? "even" : "odd")
const evens = (from: number, count: number) => Array.from({ length: count }, (_, nth) => from + 2 * nth)

test.each([0, URGENT])("Turns serves those who wait by turns, from %i on", async (first) => {
  const { handled, turns, add } = bench(evenOrOdd)
  add(0, A_TURN)
  for (const item of evens(first, 500)) turns.add(item)
  for (const item of evens(first + 1, 3)) turns.add(item)
  await settle()
  const [one, two, three, ...rest] = evens(first, 500)
  expect(handled.slice(A_TURN)).toEqual([one, first + 1, two, first + 3, three, first + 5, ...rest].map(Number))
})

test("Turns drops of whoever has most waiting, and says that it does", async () => {
  const { handled, turns, add } = bench(evenOrOdd)
  add(0, A_TURN)
  const many = evens(0, ROOM)
  expect(many.every((item) => turns.add(item))).toBe(true)
  expect(turns.add(2 * ROOM)).toBe(false)
  const few = evens(1, 5)
  expect(few.map((item) => turns.add(item))).toEqual([false, false, false, false, false]) // another one's was dropped
  while (handled.length < A_TURN + ROOM) await settle()
  const waited = handled.slice(A_TURN)
  expect(waited.slice(0, 10)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  expect(waited.filter((item) => item % 2 === 0)).toEqual(many.slice(0, -5))
})

test("Turns forgets nothing and keeps nothing, whatever comes in whatever order", async () => {
  const random = seededRandom(7)
  const { handled, turns } = bench((item) => String(item % 100))
  let added = 0
  for (let turn = 0; turn < 50; turn++) {
    for (let count = Math.floor(random() * 2500); count > 0; count--) if (turns.add(added + 1)) added++
    await settle()
  }
  for (let turn = 0; turn < 100; turn++) await settle()
  expect(handled.toSorted((a, b) => a - b)).toEqual(Array.from({ length: added }, (_, at) => at + 1))
})

test("Turns forgets what waits when it is stopped", async () => {
  const { handled, turns, add } = bench()
  add(0, 3000)
  turns.stop()
  await settle()
  expect(handled).toHaveLength(A_TURN)
})
