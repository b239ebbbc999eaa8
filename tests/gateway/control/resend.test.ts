import { afterEach, beforeEach, expect, test } from "bun:test"
import { carryOut } from "../../../src/gateway/control/carry-out"
import { deliverAgain } from "../../../src/gateway/control/resend"
import type { Day } from "../../../src/survey/calendar"
import { Bench, DAY, HERBS, MORNING, NOW, TOMATOES } from "../fixtures"

const EARLIER: Day = "2026-11-20"
const RANGE = { from: DAY, to: "2026-12-31" } as const

let bench: Bench

beforeEach(async () => {
  bench = new Bench()
  for (const day of [EARLIER, DAY]) {
    await bench.ledger.open(day, NOW, [])
    for (const address of [TOMATOES, HERBS]) await bench.accept(MORNING, address, day)
    await bench.ledger.close(day)
  }
  await bench.spool.markDelivered(bench.due())
  for (const day of [EARLIER, DAY]) await bench.ledger.confirm(day, true)
})
afterEach(() => bench[Symbol.dispose]())

test("deliverAgain() makes the days due and unconfirmed", async () => {
  expect(await deliverAgain(RANGE, bench)).toBe(2)
  expect(bench.due().map(({ day, address }) => [day, address])).toEqual([
    [DAY, TOMATOES],
    [DAY, HERBS],
  ])
  expect(bench.ledger.get(DAY)?.confirmed).toBe(false)
  expect(bench.ledger.get(EARLIER)?.confirmed).toBe(true)
})

test("carryOut() says what is delivered again, and that it is due", async () => {
  let due = 0
  const parts = { ...bench.parts, onDue: () => due++ }
  expect(await carryOut({ ask: "resend", ...RANGE }, parts)).toBe(
    `Asked to deliver ${DAY} to 2026-12-31 again: 2 surveys`,
  )
  expect(due).toBe(1)
})
