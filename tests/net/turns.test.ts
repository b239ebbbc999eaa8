import { expect, spyOn, test } from "bun:test"
import { Turns, WAITING_BYTES } from "../../src/net/turns"
import { settle, VirtualClock } from "../virtual-clock"

const A_TURN = 1024
const URGENT = 1_000_000
const SLOW = 999_999

function bench({ ownerOf = (_item: number): string => "", ownerBytes = WAITING_BYTES } = {}) {
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
    ownerBytes,
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
  const kept = A_TURN + Math.floor((8 * 1024 * 1024) / 1256)
  add(0, kept)
  expect([turns.add(kept), turns.add(URGENT)]).toEqual([false, true])
  while (handled.length < kept + 1) await settle()
  add(kept, kept + 1)
  await settle()
  expect(handled.filter((item) => item !== URGENT)).toEqual(numbers(kept + 1))
})

test("Turns keeps one owner to its share of what waits, urgent or not, and the others have theirs", async () => {
  const share = 10 * 1256
  const { handled, turns, add } = bench({ ownerOf: (item) => (item % 2 === 0 ? "even" : "odd"), ownerBytes: share })
  add(0, A_TURN)
  const join = (first: number) => Array.from({ length: 11 }, (_, nth) => turns.add(first + 2 * nth))
  const tenOfEleven = [...new Array(10).fill(true), false]
  for (const first of [A_TURN, A_TURN + 1, URGENT, URGENT + 1]) expect(join(first)).toEqual(tenOfEleven)
  await settle()
  expect(handled).toHaveLength(A_TURN + 40)
  add(0, A_TURN - 40) // to the end of the turn
  expect(join(A_TURN)).toEqual(tenOfEleven)
})

test("Turns forgets what waits when it is stopped", async () => {
  const { handled, turns, add } = bench()
  add(0, 3000)
  turns.stop()
  await settle()
  expect(handled).toHaveLength(A_TURN)
})
