import { expect, test } from "bun:test"
import { Batches } from "../../../src/commands/import/batches"
import { addDays } from "../../../src/survey/calendar"

const ZONES = { zone: "Europe/Rome", others: { "2024-02-29": "America/Argentina/Buenos_Aires" }, delivers: true }
const REQUEST_BYTES = 64 * 1024 // of the gateway's socket

test("take() gives as many surveys at a time as a request holds, also where each is of one reading", () => {
  const batches = new Batches(ZONES)
  for (let index = 0; index < 3000; index++) {
    batches.add(0xc0a80102, addDays("2016-01-01", index), { seconds: 28_800, temperature: 20, humidity: 30 })
  }
  const taken = [...batches.take()]
  expect(taken.flat()).toHaveLength(3000)
  for (const surveys of taken) {
    expect(Buffer.byteLength(JSON.stringify({ ask: "import", surveys }))).toBeLessThan(REQUEST_BYTES)
  }
  expect([...batches.take()]).toEqual([])
})

test("take() names the clock of each day", () => {
  const batches = new Batches(ZONES)
  for (const day of ["2024-02-28", "2024-02-29"] as const) {
    batches.add(0xc0a80102, day, { seconds: 28_800, temperature: 20, humidity: 30 })
  }
  expect([...batches.take()].flat().map(({ zone }) => zone)).toEqual(["Europe/Rome", ZONES.others["2024-02-29"]])
})
