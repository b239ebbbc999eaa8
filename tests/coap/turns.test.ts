import { expect, test } from "bun:test"
import { Turns } from "../../src/coap/turns"
import { settle } from "../virtual-clock"

function bench() {
  const handled: number[] = []
  const turns = new Turns<number>(
    (item) => handled.push(item),
    () => 1000,
  )
  const add = (from: number, to: number) => {
    for (let item = from; item < to; item++) turns.add(item)
  }
  return { handled, turns, add }
}

const numbers = (to: number) => Array.from({ length: to }, (_, index) => index)

test("Turns handles what comes at once, up to a turn's share, and the rest in order, a turn's share at a time", async () => {
  const { handled, add } = bench()
  add(0, 5000)
  expect(handled).toHaveLength(2048)
  let others = 0
  setImmediate(() => others++)
  await settle()
  expect([handled.length, others]).toEqual([4096, 1])
  add(5000, 5001) // behind those that wait
  await settle()
  await settle()
  expect(handled).toEqual(numbers(5001))
})

test("Turns begins anew with every turn of the event loop", async () => {
  const { handled, add } = bench()
  for (let turn = 0; turn < 5; turn++) {
    add(turn * 2000, (turn + 1) * 2000)
    expect(handled).toHaveLength((turn + 1) * 2000)
    await settle()
  }
})

test("Turns drops what is more than 8 MiB, and goes on", async () => {
  const { handled, turns, add } = bench()
  add(0, 20_000)
  const kept = 2048 + Math.floor((8 * 1024 * 1024) / 1256)
  expect(turns.dropped).toBe(20_000 - kept)
  while (handled.length < kept) await settle()
  add(20_000, 20_001)
  await settle()
  expect(handled).toEqual([...numbers(kept), 20_000])
})

test("Turns forgets what waits when it is stopped", async () => {
  const { handled, turns, add } = bench()
  add(0, 3000)
  turns.stop()
  await settle()
  expect(handled).toHaveLength(2048)
})
