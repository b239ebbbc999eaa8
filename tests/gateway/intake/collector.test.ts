import { afterEach, beforeEach, describe, expect, test } from "bun:test"
import { settle } from "../../virtual-clock"
import { Bench, DAY, HERBS, LARGE, LEMONS, MORNING, NOW, TOMATOES } from "../fixtures"

const ALL = [{ first: TOMATOES, last: LEMONS }]

let bench: Bench
beforeEach(() => {
  bench = new Bench()
})
afterEach(() => bench[Symbol.dispose]())

async function isDone(promise: Promise<unknown>): Promise<boolean> {
  let done = false
  promise.then(() => {
    done = true
  })
  await settle()
  return done
}

describe("open()", () => {
  test("is complete exactly when the last expected device arrives", async () => {
    const collection = await bench.collector.open(DAY, NOW, ALL)
    expect(collection.missing()).toEqual([TOMATOES, HERBS, LEMONS])
    await bench.take(MORNING, HERBS)
    await bench.take(MORNING, HERBS)
    await bench.take("09:00 - 20 - 30%", HERBS)
    await bench.take(MORNING, LEMONS + 1) // not expected
    await bench.take(MORNING, TOMATOES, "2026-11-20") // another day
    await bench.take(MORNING, TOMATOES)
    expect(collection.missing()).toEqual([LEMONS])
    expect(await isDone(collection.complete)).toBe(false)
    await bench.take("", LEMONS)
    expect(await isDone(collection.complete)).toBe(true)
    expect(collection.missing()).toEqual([])
  })

  test("counts who arrived before, also before a restart", async () => {
    await bench.take(MORNING, HERBS)
    bench.reopen()
    await bench.take(MORNING, LEMONS)
    const collection = await bench.collector.open(DAY, NOW, ALL)
    expect(collection.missing()).toEqual([TOMATOES])
    await bench.take(MORNING, TOMATOES)
    expect(await isDone(collection.complete)).toBe(true)
  })

  test("counts each once when they arrive while it opens", async () => {
    const uploads = [bench.take(MORNING, TOMATOES), bench.take(MORNING, HERBS)]
    const collection = await bench.collector.open(DAY, NOW, ALL)
    await Promise.all([...uploads, bench.take(MORNING, HERBS)])
    expect(await isDone(collection.complete)).toBe(false)
    await bench.take(MORNING, LEMONS)
    expect(await isDone(collection.complete)).toBe(true)
  })

  test("is not complete early when one arrives in the commit that opens it", async () => {
    const opening = bench.collector.open(DAY, NOW, ALL)
    const [collection] = await Promise.all([opening, bench.take(MORNING, TOMATOES)])
    await bench.take(MORNING, HERBS)
    expect(await isDone(collection.complete)).toBe(false)
    await bench.take(MORNING, LEMONS)
    expect(await isDone(collection.complete)).toBe(true)
  })

  test("is complete at once when nobody is expected", async () => {
    const collection = await bench.collector.open(DAY, NOW, [])
    expect(await isDone(collection.complete)).toBe(true)
  })
})

describe("declare()", () => {
  const range = (first: number, last = first) => ({ first, last })

  test("waits no more for who is gone, and counts none who came since", async () => {
    const collection = await bench.collector.open(DAY, NOW, ALL)
    await bench.take(MORNING, TOMATOES)
    await bench.take(MORNING, HERBS)
    await bench.collector.declare([range(HERBS), range(LEMONS + 1)])
    expect(await isDone(collection.complete)).toBe(true)
    expect([collection.expected(), collection.missing()]).toEqual([2, []])
    bench.reopen()
    expect(bench.ledger.get(DAY)?.expected).toEqual([range(TOMATOES, HERBS)])
  })

  test("holds at once, before it is durable", async () => {
    const collection = await bench.collector.open(DAY, NOW, ALL)
    const declared = bench.collector.declare([])
    expect([collection.expected(), collection.missing()]).toEqual([0, []])
    await declared
  })

  test("waits again for who comes back, unless the day was dropped meanwhile", async () => {
    const collection = await bench.collector.open(DAY, NOW, ALL)
    await bench.take(MORNING, TOMATOES)
    await bench.collector.declare([range(TOMATOES)])
    await bench.collector.excuse(DAY, range(LEMONS))
    await bench.collector.declare([range(TOMATOES, LEMONS)])
    expect([collection.expected(), collection.missing()]).toEqual([2, [HERBS]])
  })

  test("goes on behind the waiting, until the cloud has agreed or the run is over", async () => {
    const collection = await bench.collector.open(DAY, NOW, ALL)
    await bench.collector.close(DAY)
    await bench.collector.declare([range(TOMATOES, HERBS)])
    expect(collection.missing()).toEqual([TOMATOES, HERBS])
    await bench.ledger.confirm(DAY, true)
    await bench.collector.declare([])
    await bench.ledger.confirm(DAY, false)
    bench.collector.end()
    await bench.collector.declare([])
    expect(collection.missing()).toEqual([TOMATOES, HERBS])
  })
})

test("excuse() waits no more for what is dropped", async () => {
  const collection = await bench.collector.open(DAY, NOW, ALL)
  await bench.take(MORNING, TOMATOES)
  await bench.collector.excuse(DAY, { first: HERBS, last: LEMONS })
  expect(await isDone(collection.complete)).toBe(true)
})

describe("take()", () => {
  test("answers a first survey, a repeated one and one with refused lines", async () => {
    expect(await bench.take(MORNING)).toEqual({
      kind: "taken",
      answer: "Surveys arrived",
      first: true,
      changed: true,
      readings: 1,
      refused: 0,
    })
    expect(await bench.take(MORNING)).toMatchObject({ answer: "Surveys arrived", first: false })
    expect(await bench.take("x", HERBS)).toMatchObject({ answer: "1 refused, 0 stored" })
    expect(await bench.take("x\ny", LEMONS)).toMatchObject({ answer: "2 refused, 0 stored" })
    expect(bench.collector.counts).toEqual({ uploads: 4, changed: 1, refusedLines: 3, refusedMessages: 0 })
  })

  test("says of a survey without readings that it was empty: its sender may have meant to say more", async () => {
    expect(await bench.take("")).toMatchObject({ answer: "Empty survey arrived", first: true, readings: 0 })
    expect(await bench.take(MORNING)).toMatchObject({ answer: "Surveys arrived", first: false, readings: 1 })
    expect(await bench.take("\n")).toMatchObject({ answer: "Empty survey arrived", first: false, readings: 0 })
  })

  test("tells a stray when to come again", async () => {
    await bench.take("08:00 - 20 - 30%")
    await bench.take("08:00 - 21 - 30%")
    expect(await bench.take("08:00 - 20 - 30%")).toMatchObject({ retryAfterSeconds: 247 })
  })

  test("refuses when the disk is full, tells whom it concerns, and goes on when there is room", async () => {
    bench.fillDisk()
    expect(await bench.take(LARGE)).toEqual({
      kind: "postponed",
      reason: "The disk refuses: come again",
      retryAfterSeconds: 60,
    })
    expect(bench.refused).toHaveLength(1)
    bench.makeRoom()
    expect(await bench.take(LARGE)).toMatchObject({ first: true })
  })

  test("tells of what comes late or changes late, once it is durable, and not of what comes in time", async () => {
    await bench.collector.open(DAY, NOW, ALL)
    await bench.take(MORNING, TOMATOES)
    await bench.collector.close(DAY)
    expect(bench.late).toEqual([])
    await bench.take(MORNING, TOMATOES) // nothing new
    await bench.take("09:00 - 20 - 30%", TOMATOES)
    await bench.take(MORNING, HERBS)
    expect(bench.late.map(({ address }) => address)).toEqual([TOMATOES, HERBS])
    expect([...bench.spool.arrived(DAY, true)]).toEqual([HERBS])
  })

  test("tells of what became durable just after the collection was closed", async () => {
    await bench.collector.open(DAY, NOW, ALL)
    const closing = bench.collector.close(DAY)
    bench.commits.flush()
    const upload = bench.take(MORNING) // the collection is closed on the disk, and nobody was told yet
    await closing
    await upload
    expect(bench.late).toHaveLength(1)
  })

  test("keeps what comes for a day that was not collected yet until its collection", async () => {
    await bench.ledger.adopt(DAY)
    await bench.take(MORNING, TOMATOES, "2026-11-22")
    expect(bench.late).toEqual([])
    await bench.take(MORNING, TOMATOES, "2026-11-20")
    expect(bench.late).toHaveLength(1)
  })
})

describe("owed()", () => {
  test("gives days without a survey, oldest first, also over a restart", async () => {
    for (const day of [DAY, "2026-11-19", "2026-11-20"] as const) await bench.ledger.open(day, NOW, ALL)
    await bench.take(MORNING, HERBS, "2026-11-20")
    expect(bench.collector.owed(HERBS)).toEqual(["2026-11-19", DAY])
    bench.reopen()
    expect(bench.collector.owed(HERBS)).toEqual(["2026-11-19", DAY])
    expect(bench.collector.owed(LEMONS + 1)).toEqual([])
  })
})

test("refuseDay() refuses days after tomorrow for now and before the retention for good, in the topology's zone", () => {
  const { collector } = bench
  expect(collector.refuseDay("2026-11-23")).toBeUndefined()
  expect(collector.refuseDay("2026-11-24")).toEqual({ reason: "2026-11-24 is after tomorrow", retryAfterSeconds: 60 })
  expect(collector.refuseDay("2026-08-24")).toBeUndefined()
  expect(collector.refuseDay("2026-08-23")).toEqual({ reason: "2026-08-23 is too long ago" })
  expect(collector.refuseDay("1970-01-01")).toEqual({ reason: "1970-01-01 is too long ago" })
})

test("refuseDay() takes nothing while the clock cannot be right, not even a day of 1970", () => {
  const { clock, collector } = bench
  clock.earliestMs = NOW
  clock.set(5 * 3_600_000)
  for (const day of ["1969-12-31", "1970-01-01", DAY] as const) {
    expect(collector.refuseDay(day)).toEqual({ reason: "The gateway's clock is not set", retryAfterSeconds: 60 })
  }
})

test("refuseMessage() counts it and keeps it with the reason", async () => {
  const peer = "127.168.1.2:1"
  const refusal = {
    kind: "message",
    reason: "The digest differs",
    bytes: "x",
    peer,
    address: TOMATOES,
    day: DAY,
  } as const
  bench.collector.refuseMessage(refusal)
  expect(bench.quarantined()).toEqual([{ kind: "message", reason: "The digest differs", text: "x" }])
  expect(bench.collector.counts.refusedMessages).toBe(1)
})
