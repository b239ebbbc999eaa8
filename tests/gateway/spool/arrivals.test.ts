// A burst of uploads: appended first, in their place later, and the same to everybody who asks meanwhile.
import { afterEach, beforeEach, describe, expect, spyOn, test } from "bun:test"
import { AddressMap } from "../../../src/gateway/spool/address-map"
import { addDays } from "../../../src/survey/calendar"
import { surveyDigest } from "../../../src/survey/digest"
import { formatAddress } from "../../../src/topology/address"
import { Bench, DAY, LARGE, MORNING, NOW, TOMATOES } from "../fixtures"

const BURST = 1000 // more than are put in their place at once, and more than fit into what is free of the file
const FIRST = 0x0a00_0000
const FEW = 256
const FEW_MS = 100
const QUIET_MS = 1000

let bench: Bench
beforeEach(() => {
  bench = new Bench()
})
afterEach(() => bench[Symbol.dispose]())

const readingOf = (n: number) => `${String(n % 24).padStart(2, "0")}:00 - ${n % 50} - 30%\n`

/** From the highest address to the lowest, as no database likes it. */
async function burst(first = FIRST): Promise<void> {
  const order = Array.from({ length: BURST }, (_, n) => BURST - 1 - n)
  await Promise.all(order.map((n) => bench.accept(readingOf(n), first + n)))
}

const rowsIn = (table: "surveys" | "arrivals"): number =>
  bench.database.sqlite.query<{ rows: number }, []>(`SELECT count(*) AS rows FROM ${table}`).get()?.rows ?? 0

describe("a burst of uploads", () => {
  test("waits for its place, and few do not", async () => {
    await bench.accept(MORNING)
    expect([rowsIn("surveys"), rowsIn("arrivals")]).toEqual([1, 0])
    await burst()
    expect([rowsIn("surveys"), rowsIn("arrivals")]).toEqual([1, BURST])
  })

  test("waits also where it comes one by one, each in a commit of its own", async () => {
    for (let n = 0; n <= FEW; n++) await bench.accept(readingOf(n), FIRST + n)
    expect([rowsIn("surveys"), rowsIn("arrivals")]).toEqual([FEW, 1])
    await bench.clock.advance(QUIET_MS)
    bench.commits.flush()
    expect([rowsIn("surveys"), rowsIn("arrivals")]).toEqual([FEW + 1, 0])
  })

  test("is none where so many come again and again, but with time between them", async () => {
    for (let group = 0; group < 3; group++) {
      const order = Array.from({ length: FEW }, (_, n) => FIRST + group * FEW + n)
      await Promise.all(order.map((address) => bench.accept(MORNING, address)))
      expect(rowsIn("arrivals")).toBe(0)
      await bench.clock.advance(FEW_MS)
    }
    bench.clock.set(NOW)
    await bench.accept(MORNING)
    expect([rowsIn("surveys"), rowsIn("arrivals")]).toEqual([3 * FEW + 1, 0])
  })

  test("is in its place after a quiet second", async () => {
    await burst()
    await bench.clock.advance(QUIET_MS)
    bench.commits.flush()
    expect([rowsIn("surveys"), rowsIn("arrivals")]).toEqual([BURST, 0])
    expect(bench.clock.pending).toBe(0)
  })

  test("is left in peace as long as it lasts", async () => {
    await burst()
    await bench.clock.advance(QUIET_MS / 2)
    await burst(FIRST + BURST)
    await bench.clock.advance(QUIET_MS / 2)
    bench.commits.flush()
    expect(rowsIn("arrivals")).toBe(2 * BURST)
    await bench.clock.advance(QUIET_MS)
    bench.commits.flush()
    expect([rowsIn("surveys"), rowsIn("arrivals")]).toEqual([2 * BURST, 0])
  })

  test("is over when no more than a few come: they need not wait for one another for ever", async () => {
    await burst()
    for (let n = 0; n < 3; n++) {
      await bench.accept(MORNING, FIRST + BURST + n)
      await bench.clock.advance(0.4 * QUIET_MS)
    }
    bench.commits.flush()
    expect([rowsIn("surveys"), rowsIn("arrivals")]).toEqual([BURST + 3, 0])
  })

  test("is due in address order, as soon as anybody asks", async () => {
    await burst()
    const due = bench.due()
    expect(due.map(({ address }) => address)).toEqual(Array.from({ length: BURST }, (_, n) => FIRST + n))
    expect(due.map(({ body }) => body)).toEqual(Array.from({ length: BURST }, (_, n) => readingOf(n)))
    expect(rowsIn("arrivals")).toBe(0)
  })

  test("is known and missing nobody while it waits", async () => {
    await burst()
    expect(bench.spool.has(DAY, FIRST + 7)).toBe(true)
    expect(bench.spool.has(addDays(DAY, -1), FIRST + 7)).toBe(false)
    expect(bench.spool.missing(DAY, [{ first: FIRST, last: FIRST + BURST }])).toEqual([FIRST + BURST])
    expect(rowsIn("arrivals")).toBe(BURST)
  })

  test("is not read whole for one device that asks what it owes", async () => {
    await burst()
    bench.due()
    bench.reopen()
    const read = spyOn(AddressMap.prototype, "set")
    expect(bench.spool.has(DAY, FIRST + 7)).toBe(true)
    expect(bench.spool.has(DAY, FIRST + BURST)).toBe(false)
    expect(read).not.toHaveBeenCalled()
    read.mockRestore()
  })

  test("is merged with while it waits: the same again, more, and other values", async () => {
    await burst()
    expect(await bench.accept(readingOf(3), FIRST + 3)).toMatchObject({ first: false, changed: false })
    expect(await bench.accept("23:59 - 1 - 1%", FIRST + 3)).toMatchObject({ first: false, changed: true })
    expect(await bench.accept("04:00 - 1 - 1%", FIRST + 4)).toMatchObject({ first: false, changed: true })
    expect(rowsIn("arrivals")).toBe(BURST)
    const [third, fourth] = bench.due().slice(3)
    expect(third).toMatchObject({ body: `${readingOf(3)}23:59 - 1 - 1%\n`, readings: 2, revision: NOW + 1 })
    expect(fourth).toMatchObject({ body: "04:00 - 1 - 1%\n", revision: NOW + 1 })
    expect(fourth?.digest).toBe(surveyDigest(formatAddress(FIRST + 4), DAY, "04:00 - 1 - 1%\n"))
    expect(bench.quarantined()).toMatchObject([{ kind: "reading", text: readingOf(4) }])
  })

  test("is there after the process was killed", async () => {
    await burst()
    bench.reopen()
    expect(rowsIn("arrivals")).toBe(BURST)
    expect(await bench.accept(readingOf(3), FIRST + 3)).toMatchObject({ first: false, changed: false })
    expect(bench.due()).toHaveLength(BURST)
  })

  test("waits on when the disk is too full to put it in its place, and nothing of it is lost", async () => {
    await burst()
    bench.fillDisk()
    await bench.clock.advance(QUIET_MS)
    bench.commits.flush()
    expect(rowsIn("arrivals")).toBe(BURST)
    expect(() => bench.due()).toThrow("is full")
    bench.makeRoom()
    expect(bench.due()).toHaveLength(BURST)
  })

  test("that was rolled back is not known", async () => {
    bench.fillDisk()
    await expect(bench.accept(LARGE)).rejects.toThrow("is full")
    bench.makeRoom()
    expect(bench.spool.has(DAY, TOMATOES)).toBe(false)
    expect(await bench.accept(LARGE)).toMatchObject({ first: true })
  })

  test("that is under way when the gateway stops is in its place too, and leaves no timer", async () => {
    for (let n = 0; n < FEW; n++) await bench.accept(MORNING, FIRST + n)
    const last = bench.accept(MORNING, FIRST + FEW)
    bench.spool.stop()
    bench.commits.flush()
    await last
    expect([rowsIn("surveys"), rowsIn("arrivals")]).toEqual([FEW + 1, 0])
    expect(bench.clock.pending).toBe(0)
  })

  test("is in its place when the gateway has stopped", async () => {
    await burst()
    bench.spool.stop()
    bench.commits.flush()
    expect([rowsIn("surveys"), rowsIn("arrivals")]).toEqual([BURST, 0])
  })
})
