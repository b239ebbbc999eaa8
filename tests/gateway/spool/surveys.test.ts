// Where surveys are: appended as they come, their slots written later, and the same to everybody who asks meanwhile.
import { afterEach, beforeEach, describe, expect, test } from "bun:test"
import fc from "fast-check"
import { readTotals, TOTALS, type TotalsRow } from "../../../src/gateway/spool/days"
import { countDay, countDue, missingRanges, openSpool } from "../../../src/gateway/spool/reader"
import { addDays, type Day } from "../../../src/survey/calendar"
import { digestText, surveyDigest } from "../../../src/survey/digest"
import { formatAddress } from "../../../src/topology/address"
import { Bench, DAY, LARGE, MORNING, NOW, TOMATOES } from "../fixtures"

const BURST = 1000 // more than have their slots written with them, and more than fit into what is free of the file
const FIRST = 0x0a00_0000
const FLEET = { first: FIRST, last: FIRST + BURST - 1 }
const COLLECTION = { day: DAY, expected: [FLEET], closed: true, confirmed: false }

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

const rowsIn = (table: "surveys" | "slots" | "due"): number =>
  bench.database.sqlite.query<{ rows: number }, []>(`SELECT count(*) AS rows FROM ${table}`).get()?.rows ?? 0

const rows = () => [rowsIn("surveys"), rowsIn("slots"), rowsIn("due")]

describe("a burst of uploads", () => {
  test("is written once, its slots when somebody needs them", async () => {
    await bench.accept(MORNING)
    await bench.spool.settle()
    expect(rows()).toEqual([1, 1, 1])
    await burst()
    expect(rows()).toEqual([BURST + 1, 1, 1])
    await bench.spool.settle()
    expect(rows()).toEqual([BURST + 1, BURST + 1, BURST + 1])
  })

  test("is due in address order when it is settled", async () => {
    await burst()
    await bench.spool.settle()
    const due = bench.spool.due(DAY, 1, BURST)
    expect(due.map(({ address }) => address)).toEqual(Array.from({ length: BURST }, (_, n) => FIRST + n))
    expect(due.map(({ body }) => body)).toEqual(Array.from({ length: BURST }, (_, n) => readingOf(n)))
  })

  test("is known, due and missing nobody before that", async () => {
    await burst()
    expect(bench.spool.has(DAY, FIRST + 7)).toBe(true)
    expect(bench.spool.has(addDays(DAY, -1), FIRST + 7)).toBe(false)
    expect(bench.spool.missing(DAY, [{ first: FIRST, last: FIRST + BURST }])).toEqual([FIRST + BURST])
    expect(bench.spool.isDue(DAY, 1)).toBe(true)
    expect(bench.spool.isDue(addDays(DAY, -1), 1)).toBe(false)
    expect(rowsIn("slots")).toBe(0)
  })

  test("is seen whole by whoever reads beside the gateway", async () => {
    await bench.accept(MORNING)
    await burst()
    await bench.accept("09:00 - 1 - 1%", FIRST + 3) // whose slot is not written yet
    await bench.accept("09:00 - 1 - 1%")
    using beside = openSpool(bench.database.file)
    expect(countDay(beside, COLLECTION)).toMatchObject({
      arrived: BURST + 1,
      missing: 0,
      waiting: BURST + 1,
      delivered: 0,
    })
    expect(countDue(beside)).toEqual({ surveys: BURST + 1, oldest: DAY })
    expect(missingRanges(beside, DAY, [{ first: FIRST - 1, last: FIRST + BURST }], 9)).toEqual([
      { first: FIRST - 1, last: FIRST - 1 },
      { first: FIRST + BURST, last: FIRST + BURST },
    ])
  })

  test("is merged with before that: the same again, more, and other values", async () => {
    await burst()
    expect(await bench.accept(readingOf(3), FIRST + 3)).toMatchObject({ first: false, changed: false })
    expect(await bench.accept("23:59 - 1 - 1%", FIRST + 3)).toMatchObject({ first: false, changed: true })
    expect(await bench.accept("04:00 - 1 - 1%", FIRST + 4)).toMatchObject({ first: false, changed: true })
    expect(rows()).toEqual([BURST, 0, 0])
    const [third, fourth] = bench.due().slice(3)
    expect(third).toMatchObject({ body: `${readingOf(3)}23:59 - 1 - 1%\n`, readings: 2, revision: NOW + 1 })
    expect(fourth).toMatchObject({ body: "04:00 - 1 - 1%\n", revision: NOW + 1 })
    expect(fourth?.digest).toBe(surveyDigest(formatAddress(FIRST + 4), DAY, "04:00 - 1 - 1%\n"))
    expect(bench.quarantined()).toMatchObject([{ kind: "reading", text: readingOf(4) }])
  })

  test("is there after the process was killed, also half settled", async () => {
    await burst()
    bench.database.transaction(() => {
      bench.database.sqlite.run("INSERT INTO slots SELECT slot, id, readings, 0, late FROM surveys LIMIT 300")
      bench.database.sqlite.run("INSERT INTO due SELECT slot, id FROM slots")
    })
    bench.reopen()
    expect(await bench.accept(readingOf(3), FIRST + 3)).toMatchObject({ first: false, changed: false })
    expect(bench.due()).toHaveLength(BURST)
    expect(rows()).toEqual([BURST, BURST, BURST])
  })

  test("waits on when the disk is too full for its slots, and nothing of it is lost", async () => {
    await burst()
    bench.fillDisk()
    await expect(bench.spool.settle()).rejects.toThrow("is full")
    expect(rowsIn("slots")).toBeLessThan(BURST)
    bench.makeRoom()
    await bench.spool.settle()
    expect(bench.due()).toHaveLength(BURST)
  })

  test("that was rolled back is not known", async () => {
    bench.fillDisk()
    await expect(bench.accept(LARGE)).rejects.toThrow("is full")
    bench.makeRoom()
    expect(bench.spool.has(DAY, TOMATOES)).toBe(false)
    expect(bench.spool.isEmpty(DAY)).toBe(true)
    expect(await bench.accept(LARGE)).toMatchObject({ first: true })
  })
})

// found by courses of the whole programme, each once in thousands
describe("in one transaction", () => {
  const GROUP = 4096 // pieces of work
  const fleet = (count: number, from = FIRST) =>
    Array.from({ length: count }, (_, n) => bench.accept("01:00 - 1 - 1%\n", from + n))
  /** All, however many. */
  const due = () => {
    bench.due()
    return bench.spool.due("9999-12-31", 1, 10_000)
  }
  const ofTomatoes = () => due().filter(({ address }) => address === TOMATOES)

  test("an upload, a redelivery and another upload of a survey whose slot is not written are merged", async () => {
    const all = [bench.accept("08:00 - 8 - 8%\n"), ...fleet(GROUP - 1)]
    const others = [bench.accept("09:00 - 9 - 9%\n"), bench.spool.redeliver(DAY), bench.accept("10:00 - 10 - 10%\n")]
    await Promise.all([...all, ...others])
    expect(ofTomatoes()).toMatchObject([{ body: "08:00 - 8 - 8%\n09:00 - 9 - 9%\n10:00 - 10 - 10%\n" }])
  })

  test("an upload and the cloud's word of a drop: the survey is due above that revision", async () => {
    await bench.accept(MORNING)
    await bench.spool.drop(DAY, { first: TOMATOES, last: TOMATOES })
    await bench.clock.advance(400_000)
    const [tombstone] = bench.spool.untold()
    if (!tombstone) throw new Error("nothing was dropped")
    const all = [bench.accept("08:00 - 8 - 8%\n"), ...fleet(GROUP - 1), bench.accept("09:00 - 9 - 9%\n")]
    await Promise.all([...all, bench.spool.markTold(tombstone, NOW + 10_000_000)])
    expect(ofTomatoes()).toMatchObject([{ revision: NOW + 10_000_001, readings: 2 }])
  })

  test("slots are written twice, and others come meanwhile: a restart knows all", async () => {
    await Promise.all(fleet(100))
    const more = [...fleet(100, FIRST + 1000), ...Array.from({ length: GROUP - 100 }, () => bench.accept("", FIRST))]
    await Promise.all([...more, bench.spool.settle(), bench.spool.settle()])
    bench.reopen()
    expect(due()).toHaveLength(200)
  })

  test("an upload and the pruning of its day: it stays, and is counted", async () => {
    await bench.accept(MORNING)
    await bench.spool.markDelivered(due())
    await Promise.all([bench.accept("09:00 - 9 - 9%\n"), bench.spool.prune(addDays(DAY, 1))])
    expect(due()).toHaveLength(1)
    expect(bench.spool.agreement(DAY).surveys).toBe(1)
    expect(bench.spool.readings(DAY)).toBe(2)
  })

  test("a drop, and slots that are written behind it: it does not come back", async () => {
    const all = fleet(GROUP)
    const dropped = bench.spool.drop(DAY, { first: FIRST, last: FIRST })
    await all[0]
    await Promise.all([...all, dropped, bench.spool.settle()])
    expect(bench.spool.missing(DAY, [{ first: FIRST, last: FIRST }])).toEqual([FIRST])
    expect(due()).toHaveLength(GROUP - 1)
  })
})

describe("prune()", () => {
  test("spares what a redelivery makes due meanwhile", async () => {
    await Promise.all([3, 4, 5].map((n) => bench.accept(MORNING, FIRST + n)))
    await bench.spool.markDelivered(bench.due())
    await Promise.all([bench.spool.prune(addDays(DAY, 1)), bench.spool.redeliver(DAY)])
    expect(bench.due()).toHaveLength(3)
    expect(rows()).toEqual([3, 3, 3])
  })

  test("that ends between a day's surveys and its slots gives no row of these to another survey", async () => {
    await bench.accept("07:00 - 8 - 8%\n", FIRST) // stays due
    await bench.accept(MORNING)
    await bench.spool.markDelivered(bench.due().slice(1))
    const pruned = bench.spool.prune(addDays(DAY, 1))
    while (rowsIn("surveys") > 1) await Promise.resolve().then(() => bench.commits.flush())
    bench.spool.stop()
    await pruned
    bench.reopen()
    await bench.accept("11:00 - 1 - 1%\n", FIRST + 5, addDays(DAY, 1))
    await bench.spool.prune(addDays(DAY, 1))
    expect(bench.due().map(({ body }) => body)).toEqual(["07:00 - 8 - 8%\n", "11:00 - 1 - 1%\n"])
  })
})

describe("whatever happens", () => {
  const DAYS = [DAY, addDays(DAY, -1), addDays(DAY, -2)] as const

  /** What the tables say of a day, added up anew. */
  function totalsOf(day: Day) {
    const sql = `SELECT ${TOTALS} FROM surveys WHERE day = ?1`
    return readTotals(bench.database.sqlite.query<TotalsRow, [Day]>(sql).get(day))
  }

  test("each survey has one row and, settled, its slot; counts and sums are those that the rows have", async () => {
    const day = fc.constantFrom(...DAYS)
    const addresses = fc.record({ first: fc.integer({ min: 0, max: 150 }), count: fc.integer({ min: 1, max: 120 }) })
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.record({ kind: fc.constant("upload" as const), day, addresses, hour: fc.nat(23) }) },
      fc.record({ kind: fc.constant("refused by a full disk" as const), day, addresses, hour: fc.nat(23) }),
      fc.record({ kind: fc.constant("settle" as const) }),
      fc.record({ kind: fc.constant("deliver" as const), day, share: fc.double({ min: 0, max: 1, noNaN: true }) }),
      fc.record({ kind: fc.constant("redeliver" as const), day }),
      fc.record({ kind: fc.constant("drop" as const), day, addresses }),
      fc.record({ kind: fc.constant("prune" as const), day }),
      fc.record({ kind: fc.constant("restart" as const) }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        bench[Symbol.dispose]()
        bench = new Bench()
        const known = new Map<string, Set<number>>()
        const hoursOf = (of: Day, address: number) => known.get(`${of} ${address}`) ?? new Set()
        for (const each of steps) {
          await bench.clock.advance(1000)
          if (each.kind === "upload" || each.kind === "refused by a full disk") {
            const { first, count } = each.addresses
            const some = Array.from({ length: count }, (_, n) => FIRST + first + n)
            if (each.kind !== "upload") bench.fillDisk()
            const text = `${String(each.hour).padStart(2, "0")}:00 - 1 - 1%\n`
            const outcomes = await Promise.allSettled(some.map((address) => bench.accept(text, address, each.day)))
            bench.makeRoom()
            outcomes.forEach(({ status }, index) => {
              const address = some[index] ?? 0
              if (status === "fulfilled")
                known.set(`${each.day} ${address}`, hoursOf(each.day, address).add(each.hour) as Set<number>)
            })
          } else if (each.kind === "settle") await bench.spool.settle()
          else if (each.kind === "deliver") {
            const due = bench.due(each.day)
            await bench.spool.markDelivered(due.slice(0, Math.ceil(due.length * each.share)))
          } else if (each.kind === "redeliver") await bench.spool.redeliver(each.day)
          else if (each.kind === "restart") bench.reopen()
          else if (each.kind === "drop") {
            const { first, count } = each.addresses
            await bench.spool.drop(each.day, { first: FIRST + first, last: FIRST + first + count - 1 })
            for (let n = 0; n < count; n++) known.delete(`${each.day} ${FIRST + first + n}`)
            await bench.clock.advance(300_000) // nothing of it is under way any more
          } else {
            const staying = new Set(bench.due().map((survey) => `${survey.day} ${survey.address}`))
            await bench.spool.prune(each.day)
            for (const key of known.keys()) if (key < each.day && !staying.has(key)) known.delete(key)
          }
          for (const of of DAYS) {
            const [totals, kept] = [totalsOf(of), bench.spool.agreement(of)]
            expect(kept).toEqual({ surveys: totals.surveys, digest: digestText(totals.digest) })
            expect(bench.spool.readings(of)).toBe(totals.readings)
          }
          expect(rowsIn("surveys")).toBe(known.size)
          for (const [key, hours] of known) {
            const [of = "", address = ""] = key.split(" ")
            expect(bench.spool.has(of as Day, Number(address))).toBe(true)
            expect(hours.size).toBeGreaterThan(0)
          }
        }
        await bench.spool.settle()
        expect(rowsIn("slots")).toBe(known.size)
        const orphans =
          "SELECT count(*) AS rows FROM slots LEFT JOIN surveys USING (id) WHERE surveys.slot IS NOT slots.slot"
        expect(bench.database.sqlite.query<{ rows: number }, []>(orphans).get()?.rows).toBe(0)
        const stray = "SELECT count(*) AS rows FROM due LEFT JOIN slots USING (slot, id) WHERE slots.late IS NULL"
        expect(bench.database.sqlite.query<{ rows: number }, []>(stray).get()?.rows).toBe(0)
        await Promise.all(DAYS.map((each) => bench.spool.redeliver(each)))
        for (const { day: of, address, body } of bench.due()) {
          const hours = [...hoursOf(of, address)].sort((a, b) => Number(a) - Number(b))
          expect(body).toBe(hours.map((hour) => `${String(hour).padStart(2, "0")}:00 - 1 - 1%\n`).join(""))
        }
      }),
      { numRuns: 40 },
    )
  }, 60_000)
})
