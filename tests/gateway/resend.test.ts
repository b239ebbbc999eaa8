import { afterEach, beforeEach, describe, expect, test } from "bun:test"
import { existsSync, readdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { leaveRequest, takenFile, waitingFile, waitingRequests } from "../../src/gateway/request"
import { Resend } from "../../src/gateway/resend"
import type { Day } from "../../src/survey/calendar"
import { Bench, DAY, HERBS, MORNING, NOW, TOMATOES } from "./fixtures"

const EARLIER: Day = "2026-11-20"

let bench: Bench
let file: string
let said: string[]
let due: number
let resend: Resend

beforeEach(async () => {
  bench = new Bench()
  file = join(bench.folder, "spool.db")
  said = []
  due = 0
  for (const day of [EARLIER, DAY]) {
    await bench.ledger.open(day, NOW, [])
    for (const address of [TOMATOES, HERBS]) await bench.accept(MORNING, address, day)
    await bench.ledger.close(day)
  }
  await bench.spool.markDelivered(bench.due())
  for (const day of [EARLIER, DAY]) await bench.ledger.confirm(day, true)
  resend = makeResend()
})
afterEach(() => bench[Symbol.dispose]())

function makeResend(): Resend {
  const { spool, ledger, clock, database } = bench
  const log = {
    info: (text: string) => said.push(`info ${text}`),
    warn: (text: string) => said.push(`warn ${text}`),
    error: (text: string) => said.push(`error ${text}`),
  }
  return new Resend({ file, sqlite: database.sqlite, spool, ledger, clock, log, onDue: () => due++ })
}

describe("Resend", () => {
  test("makes the days due and unconfirmed, says so, and deletes the request", async () => {
    leaveRequest(file, { from: DAY, to: "2026-12-31" })
    resend.start()
    await resend.stop()
    expect(bench.due().map(({ day, address }) => [day, address])).toEqual([
      [DAY, TOMATOES],
      [DAY, HERBS],
    ])
    expect(bench.ledger.get(DAY)?.confirmed).toBe(false)
    expect(bench.ledger.get(EARLIER)?.confirmed).toBe(true)
    expect(said).toEqual([`info Asked to deliver ${DAY} to 2026-12-31 again: 2 surveys`])
    expect(due).toBe(1)
    expect(readdirSync(bench.folder).filter((name) => name.includes("resend"))).toEqual([])
  })

  test("looks once a minute, and no more when it is stopped", async () => {
    resend.start()
    leaveRequest(file, { from: DAY, to: DAY })
    await bench.clock.advance(59_000)
    expect(due).toBe(0)
    await bench.clock.advance(1000)
    await resend.stop()
    expect(due).toBe(1)
    await resend.stop()
    expect(bench.clock.pending).toBe(0)
  })

  test("does again what a crash left half done, and what was asked for since", async () => {
    leaveRequest(file, { from: EARLIER, to: EARLIER })
    writeFileSync(takenFile(file), JSON.stringify({ days: [{ from: DAY, to: DAY }] }))
    expect(waitingRequests(file)).toHaveLength(2)
    resend.start()
    await resend.stop()
    expect(bench.due()).toHaveLength(4)
    expect(waitingRequests(file)).toEqual([])
  })

  test("does not lose what is asked for while it works", async () => {
    leaveRequest(file, { from: DAY, to: DAY })
    resend.start()
    leaveRequest(file, { from: EARLIER, to: EARLIER })
    await resend.stop()
    expect(existsSync(waitingFile(file))).toBe(true)
    const next = makeResend()
    next.start()
    await next.stop()
    expect(bench.due()).toHaveLength(4)
  })

  test("keeps the request when the disk refuses", async () => {
    bench.database.transaction = () => {
      throw new Error("full")
    }
    leaveRequest(file, { from: DAY, to: DAY })
    resend.start()
    await resend.stop()
    expect(said).toEqual(["error A request to deliver again could not be met, it is kept: Error: full"])
    expect(waitingRequests(file)).toEqual([{ from: DAY, to: DAY }])
  })

  test.each([
    "",
    "{",
    "[]",
    '{"days":[{"from":"yesterday","to":"2026-11-21"}]}',
  ])("deletes a file that is no request: %p", async (text) => {
    writeFileSync(waitingFile(file), text)
    resend.start()
    await resend.stop()
    expect(said).toEqual([`warn ${takenFile(file)} is not a request to deliver again: it is deleted`])
    expect(bench.due()).toEqual([])
    expect(existsSync(takenFile(file))).toBe(false)
  })
})

test("leaveRequest() adds to what waits", () => {
  leaveRequest(file, { from: DAY, to: DAY })
  leaveRequest(file, { from: EARLIER, to: EARLIER })
  expect(waitingRequests(file)).toEqual([
    { from: DAY, to: DAY },
    { from: EARLIER, to: EARLIER },
  ])
})
