import { afterEach, beforeEach, describe, expect, test } from "bun:test"
import fc from "fast-check"
import { countDay } from "../../src/gateway/history"
import { StorageRefused } from "../../src/storage/errors"
import { surveyDigest } from "../../src/survey/digest"
import { Bench, DAY, HERBS, LARGE, MORNING, NOW, TOMATOES } from "./fixtures"

const EXCHANGE_LIFETIME_MS = 247_000
const COLLECTION = { day: DAY, scheduledAt: NOW, expected: [], closed: true, confirmed: false }

let bench: Bench
beforeEach(() => {
  bench = new Bench()
})
afterEach(() => bench[Symbol.dispose]())

/** Two surveys: the tomatoes' was delivered and is what this gives, the herbs' was refused. */
async function deliverOneRefuseOther() {
  await bench.accept(MORNING)
  await bench.accept(MORNING, HERBS)
  const [tomatoes, herbs] = bench.due()
  if (!tomatoes || !herbs) throw new Error("not both are due")
  await bench.spool.markDelivered([tomatoes])
  await bench.spool.markRefused(herbs, "the cloud refused it: 4.00")
  return tomatoes
}

describe("accept()", () => {
  test("keeps a first survey, whole and due", async () => {
    expect(await bench.accept(MORNING)).toEqual({ first: true, changed: true, late: false, readings: 1, refused: 0 })
    const digest = surveyDigest("greenhouse/192.168.1.2", DAY, MORNING)
    expect(bench.due()).toEqual([{ day: DAY, address: TOMATOES, revision: NOW, digest, body: MORNING, readings: 1 }])
  })

  test("has it on the disk when it resolves", async () => {
    await bench.accept(MORNING)
    bench.reopen()
    expect(bench.due()).toHaveLength(1)
  })

  test("keeps an empty survey", async () => {
    expect(await bench.accept("")).toMatchObject({ first: true, changed: true, readings: 0 })
    expect(bench.spool.has(DAY, TOMATOES)).toBe(true)
  })

  test("changes nothing when the same comes again", async () => {
    await bench.accept(MORNING)
    const before = bench.due()
    await bench.clock.advance(1000)
    expect(await bench.accept(MORNING)).toMatchObject({ first: false, changed: false })
    expect(bench.due()).toEqual(before)
  })

  test("changes nothing when the same readings come in another form", async () => {
    await bench.accept(MORNING)
    const before = bench.due()
    expect(await bench.accept("08:00 -  20.0  - 30 %\r\n\r\n")).toMatchObject({ changed: false })
    expect(bench.due()).toEqual(before)
  })

  test("merges by time: what was there stays, and the revision rises", async () => {
    await bench.accept("08:00 - 20 - 30%\n12:00 - 25 - 33%\n")
    expect(await bench.accept("16:00 - 23 - 32%")).toMatchObject({ first: false, changed: true })
    expect(bench.due()).toMatchObject([
      { body: "08:00 - 20 - 30%\n12:00 - 25 - 33%\n16:00 - 23 - 32%\n", readings: 3, revision: NOW + 1 },
    ])
  })

  test("lets newer values win and keeps the replaced ones in quarantine, whole", async () => {
    await bench.accept(LARGE)
    await bench.accept(LARGE.replaceAll("20.25", "21"))
    expect(bench.due()[0]?.body).toStartWith("00:00 - 21 - 30.75%\n")
    const rows = bench.quarantined()
    expect(rows.map(({ text }) => text).join("")).toBe(LARGE)
    for (const { kind, reason, text } of rows) {
      expect([kind, reason]).toEqual(["reading", "A newer upload gave other values for these times"])
      expect(text).toMatch(/^(\d\d:\d\d - 20.25 - 30.75%\n)+$/)
    }
  })

  test("raises the revision also when the clock was set back", async () => {
    bench.clock.now()
    await bench.clock.advance(10_000)
    await bench.accept(MORNING)
    const first = bench.due()[0]?.revision ?? 0
    bench.reopen()
    Object.assign(bench.spool, { now: () => NOW - 86_400_000 })
    await bench.accept("09:00 - 20 - 30%")
    expect(bench.due()[0]?.revision).toBe(first + 1)
  })

  test("refuses a stray copy of what was replaced, within EXCHANGE_LIFETIME and not after", async () => {
    await bench.accept("08:00 - 20 - 30%")
    await bench.accept("08:00 - 21 - 30%")
    await bench.clock.advance(1000)
    const before = { due: bench.due(), quarantined: bench.quarantined() }
    expect(await bench.accept("08:00 - 20 - 30%")).toEqual({ strayForMs: EXCHANGE_LIFETIME_MS - 1000 })
    expect({ due: bench.due(), quarantined: bench.quarantined() }).toEqual(before)
    await bench.clock.advance(EXCHANGE_LIFETIME_MS - 1000)
    expect(await bench.accept("08:00 - 20 - 30%")).toMatchObject({ changed: true })
  })

  test("acknowledges a repeated copy that changes nothing, as of a sensor that sends a reading a datagram", async () => {
    await bench.accept("08:00 - 20 - 30%")
    await bench.accept("12:00 - 25 - 33%")
    expect(await bench.accept("08:00 - 20 - 30%")).toMatchObject({ first: false, changed: false })
    await bench.accept("12:00 - 26 - 33%")
    expect(await bench.accept("12:00 - 25 - 33%")).toHaveProperty("strayForMs")
    expect(bench.due()[0]?.body).toBe("08:00 - 20 - 30%\n12:00 - 26 - 33%\n")
  })

  test("keeps the good lines, and the refused ones with their number and rule", async () => {
    expect(await bench.accept("08:00 - 20 - 130%\n09:00 - 20 - 30%")).toMatchObject({ readings: 1, refused: 1 })
    expect(bench.due()[0]?.body).toBe("09:00 - 20 - 30%\n")
    expect(bench.quarantined()).toEqual([
      { kind: "line", reason: "line 1: Humidity must be 0 to 100 %: it is 130", text: "08:00 - 20 - 130%" },
    ])
  })

  test("bounds what refused lines take", async () => {
    await bench.accept("rubbish\n".repeat(5000))
    const rows = bench.quarantined()
    expect(rows).toHaveLength(100 + 1)
    expect(rows.at(-2)?.text).toBe("rubbish")
    expect(rows.at(-1)).toEqual({ kind: "line", reason: "4900 more lines", text: "" })
  })

  test("refuses when the disk is full, changes nothing, and takes it when there is room", async () => {
    await bench.accept(MORNING, HERBS)
    bench.fillDisk()
    await expect(bench.accept(LARGE)).rejects.toBeInstanceOf(StorageRefused)
    expect(bench.spool.has(DAY, TOMATOES)).toBe(false)
    bench.makeRoom()
    expect(await bench.accept(LARGE)).toMatchObject({ first: true, readings: 1440 })
  })

  test("loses no time of day and no last value, whatever is uploaded in whatever order", async () => {
    const reading = fc.tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 3 }))
    const upload = fc.uniqueArray(reading, { selector: ([hour]) => hour, maxLength: 4 })
    await fc.assert(
      fc.asyncProperty(fc.array(upload, { maxLength: 6 }), async (uploads) => {
        using fresh = new Bench()
        const expected = new Map<number, number>()
        for (const readings of uploads) {
          await fresh.clock.advance(EXCHANGE_LIFETIME_MS)
          await fresh.accept(readings.map(([hour, value]) => `0${hour}:00 - ${value} - 30%\n`).join(""))
          for (const [hour, value] of readings) expected.set(hour, value)
        }
        const lines = [...expected].sort(([a], [b]) => a - b).map(([hour, value]) => `0${hour}:00 - ${value} - 30%\n`)
        expect(fresh.due()[0]?.body ?? "").toBe(lines.join(""))
      }),
      { numRuns: 15 },
    )
  })
})

describe("due()", () => {
  test("gives days up to one, by day and address, in pages", async () => {
    const all: [typeof DAY, number][] = [
      ["2026-11-20", 5],
      ["2026-11-20", 7],
      [DAY, 1],
      [DAY, 2],
      ["2026-11-22", 1],
    ]
    for (const [day, address] of all.toReversed()) await bench.accept(MORNING, address, day)
    const first = bench.spool.due(DAY, 3)
    const second = bench.spool.due(DAY, 3, first.at(-1))
    expect([...first, ...second].map(({ day, address }) => [day, address])).toEqual(all.slice(0, 4))
  })

  test("is served by its index, so that nothing due costs nothing", () => {
    const { sqlite } = bench.database
    const plans: string[] = []
    const spy = { sqlite: { query: (sql: string) => ({ all: (...values: string[]) => explain(sql, values) }) } }
    const explain = (sql: string, values: string[]) => {
      const rows = sqlite.query<{ detail: string }, string[]>(`EXPLAIN QUERY PLAN ${sql}`).all(...values)
      plans.push(...rows.map(({ detail }) => detail))
      return []
    }
    const original = bench.database
    Object.assign(bench.spool, { database: spy })
    bench.spool.due(DAY, 10)
    Object.assign(bench.spool, { database: original })
    expect(plans).toEqual([
      "SEARCH due USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)",
      "SEARCH surveys USING INTEGER PRIMARY KEY (rowid=?)",
    ])
  })
})

describe("delivery marks", () => {
  test("markDelivered() takes that revision off the list, also after a restart", async () => {
    await bench.accept(MORNING)
    await bench.spool.markDelivered(bench.due())
    expect(bench.due()).toEqual([])
    bench.reopen()
    expect(bench.due()).toEqual([])
    expect(bench.spool.has(DAY, TOMATOES)).toBe(true)
  })

  test("markDelivered() of an older revision leaves the newer one due", async () => {
    await bench.accept(MORNING)
    const older = bench.due()
    await bench.accept("09:00 - 20 - 30%")
    await bench.spool.markDelivered(older)
    expect(bench.due()).toMatchObject([{ revision: NOW + 1 }])
    await bench.spool.markDelivered(bench.due())
    await bench.spool.markDelivered(older)
    expect(bench.due()).toEqual([])
  })

  test("markRefused() puts it into quarantine and out of the way until it changes", async () => {
    await bench.accept(MORNING)
    await bench.accept(MORNING, HERBS)
    const [delivery] = bench.due()
    if (!delivery) throw new Error("nothing is due")
    await bench.spool.markRefused(delivery, "the cloud refused it: 4.00")
    expect(bench.due()).toMatchObject([{ address: HERBS }])
    expect(bench.quarantined()).toEqual([{ kind: "delivery", reason: "the cloud refused it: 4.00", text: MORNING }])
    expect([...bench.spool.digests(DAY)]).toHaveLength(1)
    await bench.accept("09:00 - 20 - 30%")
    expect(bench.due()).toHaveLength(2)
    expect([...bench.spool.digests(DAY)]).toHaveLength(2)
  })

  test("markRefused() of an older revision leaves the newer one due, and among what the cloud should hold", async () => {
    await bench.accept(MORNING)
    const [older] = bench.due()
    if (!older) throw new Error("nothing is due")
    await bench.accept("09:00 - 20 - 30%")
    await bench.spool.markRefused(older, "the cloud refused it: 4.00")
    expect(bench.due()).toMatchObject([{ revision: NOW + 1 }])
    expect([...bench.spool.digests(DAY)]).toHaveLength(1)
  })

  test("what was delivered or refused is not due again when another upload brings the same readings", async () => {
    const tomatoes = await deliverOneRefuseOther()
    expect(await bench.accept(`\n${MORNING}`)).toMatchObject({ changed: false })
    expect(await bench.accept(`\n${MORNING}`, HERBS)).toMatchObject({ changed: false })
    expect(bench.due()).toEqual([])
    expect([...bench.spool.digests(DAY)]).toEqual([tomatoes.digest])
  })

  test("redeliver() leaves what the cloud refused in quarantine", async () => {
    const tomatoes = await deliverOneRefuseOther()
    expect(countDay(bench.database.sqlite, COLLECTION)).toMatchObject({ arrived: 2, delivered: 1, refused: 1 })
    await bench.spool.redeliver(DAY)
    expect(bench.due()).toEqual([tomatoes])
    expect(countDay(bench.database.sqlite, COLLECTION)).toMatchObject({ arrived: 2, delivered: 0, refused: 1 })
  })

  test("redeliver() makes all of one day due again", async () => {
    await bench.accept(MORNING)
    await bench.accept(MORNING, TOMATOES, "2026-11-20")
    const all = bench.due()
    await bench.spool.markDelivered(all)
    await bench.spool.redeliver(DAY)
    expect(bench.due()).toEqual(all.slice(1))
  })

  test("a day stays in the zone of its first survey when the topology's changes, until all of it is forgotten", async () => {
    const TWICE = "02:15 - 20 - 30%\n02:45 - 21 - 30%\n02:15 - 22 - 30%\n"
    const day = "2026-10-25"
    await bench.accept(TWICE, TOMATOES, day)
    expect(bench.spool.formerZone(day)).toBeUndefined()
    bench.reopen("UTC")
    expect(bench.spool.formerZone(day)).toBe("Europe/Rome")
    await bench.accept("02:45 - 23 - 30%\n", TOMATOES, day)
    expect(await bench.accept(TWICE, HERBS, day)).toMatchObject({ readings: 3, refused: 0 })
    const canonical = TWICE.replace(/02:15(?= - 22)/, "02:15+01:00")
    expect(bench.due().map(({ body }) => body)).toEqual([canonical.replace("21", "23"), canonical])
    expect(await bench.accept(TWICE, TOMATOES, "2026-10-26")).toMatchObject({ readings: 2, refused: 1 })
    await bench.spool.prune("2026-10-26")
    expect(bench.spool.formerZone(day)).toBe("Europe/Rome")
    await bench.spool.markDelivered(bench.due(day))
    await bench.spool.prune("2026-10-26")
    expect(bench.spool.formerZone(day)).toBeUndefined()
  })

  test("prune() ends with the spool, and writes nothing more", async () => {
    const pruned = bench.spool.prune(DAY)
    bench.spool.stop()
    bench.commits.flush()
    bench.database.close()
    expect(await pruned).toBeUndefined()
  })

  test("a day keeps its zone while its surveys have only landed", async () => {
    const day = "2026-10-25"
    const fleet = Array.from({ length: 300 }, (_, n) => TOMATOES + n) // more than are put in their place at once
    await Promise.all(fleet.map((address) => bench.accept(MORNING, address, day)))
    await bench.spool.prune("2026-10-26")
    bench.reopen("UTC")
    expect(bench.spool.formerZone(day)).toBe("Europe/Rome")
  })

  test("prune() forgets delivered surveys of old days and nothing that is due", async () => {
    await bench.accept(MORNING, TOMATOES, "2026-08-01")
    await bench.accept(MORNING, HERBS, "2026-08-01")
    await bench.accept(MORNING)
    const [tomatoes] = bench.due()
    if (tomatoes) await bench.spool.markDelivered([tomatoes])
    await bench.spool.prune("2026-08-24")
    expect(bench.spool.has("2026-08-01", TOMATOES)).toBe(false)
    expect(bench.spool.has("2026-08-01", HERBS)).toBe(true)
    expect(bench.spool.has(DAY, TOMATOES)).toBe(true)
  })
})

describe("arrived(), digests(), readings()", () => {
  test("tell in time from late, rising", async () => {
    await bench.accept(MORNING, 9)
    await bench.accept(LARGE, 3)
    await bench.accept(MORNING, 5, DAY, true)
    await bench.accept("09:00 - 1 - 1%", 3, DAY, true) // a correction makes nobody late
    expect([...bench.spool.arrived(DAY)]).toEqual([3, 5, 9])
    expect([...bench.spool.arrived(DAY, false)]).toEqual([3, 9])
    expect([...bench.spool.arrived(DAY, true)]).toEqual([5])
    expect([...bench.spool.digests(DAY)]).toHaveLength(3)
    expect(bench.spool.readings(DAY)).toBe(1442)
    expect(bench.spool.readings("2026-11-20")).toBe(0)
  })
})
