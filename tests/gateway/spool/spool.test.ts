import { afterEach, beforeEach, describe, expect, spyOn, test } from "bun:test"
import fc from "fast-check"
import { Drafts } from "../../../src/gateway/spool/drafts"
import { countDay } from "../../../src/gateway/spool/reader"
import { Surveys } from "../../../src/gateway/spool/surveys"
import { StorageRefused } from "../../../src/storage/errors"
import { surveyDigest } from "../../../src/survey/digest"
import { Bench, DAY, HERBS, LARGE, LEMONS, MORNING, NOW, RUN, TIME_ZONE, TOMATOES } from "../fixtures"

const EXCHANGE_LIFETIME_MS = 247_000
const COLLECTION = { day: DAY, scheduledAt: NOW, expected: [], closed: true, confirmed: false, doubtful: false }

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
  for (const run of [RUN, RUN + 1, RUN + 2]) await bench.spool.markRefused(herbs, run, "4.00")
  return tomatoes
}

describe("accept()", () => {
  test("keeps a first survey, whole and due", async () => {
    expect(await bench.accept(MORNING)).toEqual({
      kind: "accepted",
      first: true,
      changed: true,
      late: false,
      readings: 1,
      refused: 0,
      repeated: false,
    })
    const digest = surveyDigest("192.168.1.2", DAY, MORNING)
    const zone = TIME_ZONE
    const delivery = {
      day: DAY,
      address: TOMATOES,
      version: 1,
      revision: NOW,
      digest,
      zone,
      body: MORNING,
      readings: 1,
    }
    expect(bench.due()).toEqual([delivery])
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
    expect(await bench.accept("08:00 - 20 - 30%")).toEqual({ kind: "stray", strayForMs: EXCHANGE_LIFETIME_MS - 1000 })
    expect({ due: bench.due(), quarantined: bench.quarantined() }).toEqual(before)
    await bench.clock.advance(EXCHANGE_LIFETIME_MS - 1000)
    expect(await bench.accept("08:00 - 20 - 30%")).toMatchObject({ changed: true })
  })

  test("acknowledges a repeated copy that changes nothing, as of a sensor that sends a reading a datagram", async () => {
    await bench.accept("08:00 - 20 - 30%")
    await bench.accept("12:00 - 25 - 33%")
    expect(await bench.accept("08:00 - 20 - 30%")).toMatchObject({ first: false, changed: false })
    await bench.accept("12:00 - 26 - 33%")
    expect(await bench.accept("12:00 - 25 - 33%")).toMatchObject({ kind: "stray" })
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
    expect(rows.at(-1)).toEqual({ kind: "line", reason: "4900 more lines, counted and not kept", text: "" })
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

describe("uploads of one survey in one commit", () => {
  const lineAt = (minute: number, degrees = 1) =>
    `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")} - ${degrees} - 1%\n`

  test("are merged as one after the other, and written once", async () => {
    await bench.accept(LARGE)
    const written = spyOn(Surveys.prototype, "put")
    const minutes = Array.from({ length: 300 }, (_, n) => n)
    const outcomes = await Promise.all([
      ...minutes.map((minute) => bench.accept(lineAt(minute))),
      bench.accept(lineAt(3)), // known by then: a copy that changes nothing
      bench.accept(lineAt(3, 2)),
      bench.accept("x\n"),
      bench.accept(lineAt(0, 5), HERBS),
    ])
    expect(written.mock.calls.filter(([, before]) => before)).toHaveLength(1)
    written.mockRestore()
    const changed = outcomes.map((outcome) => outcome.kind === "accepted" && outcome.changed)
    expect(changed).toEqual([...minutes.map(() => true), false, true, false, true])
    const [tomatoes] = bench.due()
    expect(tomatoes).toMatchObject({ revision: NOW + 1, readings: 1440 })
    expect(tomatoes?.body).toStartWith(`${lineAt(0)}${lineAt(1)}${lineAt(2)}${lineAt(3, 2)}${lineAt(4)}`)
    expect(tomatoes?.digest).toBe(surveyDigest("192.168.1.2", DAY, tomatoes?.body ?? ""))
    expect(bench.quarantined().filter(({ kind }) => kind === "reading")).toHaveLength(301)
    bench.reopen()
    expect(bench.due()[0]).toEqual(tomatoes)
  })

  test("read a survey once, also over commits that come one after the other", async () => {
    await bench.accept(LARGE)
    const begun = spyOn(Drafts.prototype, "begin")
    for (const minute of [1, 2, 3, 4]) await bench.accept(lineAt(minute))
    expect(begun).toHaveBeenCalledTimes(1)
    begun.mockRestore()
    expect(bench.due()[0]?.body).toContain(lineAt(1) + lineAt(2) + lineAt(3) + lineAt(4))
  })

  test("of more large surveys than one end it, so that others have their turn", async () => {
    const second = (n: number) => new Date(n * 1000).toISOString().slice(11, 19)
    const large = Array.from({ length: 30_000 }, (_, n) => `${second(2 * n)} - 20.25 - 30.5%\n`).join("")
    const addresses = [TOMATOES, HERBS, LEMONS]
    for (const address of addresses) await bench.accept(large, address)
    const others = addresses.flatMap((address) =>
      [1, 2].map((n) => bench.accept(`${second(2 * n + 1)} - 1 - 1%\n`, address)),
    )
    const written = spyOn(bench.database, "transaction")
    await Promise.all(others)
    expect(written.mock.calls.length).toBeGreaterThan(1)
    written.mockRestore()
    for (const { body } of bench.due()) expect(body).toContain(`${second(3)} - 1 - 1%\n${second(4)} -`)
  })

  test("leave nothing behind when the disk refuses them", async () => {
    await bench.accept(MORNING)
    bench.fillDisk()
    const outcomes = await Promise.allSettled([bench.accept(LARGE), bench.accept("09:00 - 1 - 1%")])
    expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "rejected"])
    expect(bench.due()).toMatchObject([{ body: MORNING }])
    bench.makeRoom()
    expect(await bench.accept("09:00 - 1 - 1%")).toMatchObject({ changed: true })
    expect(bench.due()).toMatchObject([{ body: `${MORNING}09:00 - 1 - 1%\n` }])
  })

  test("and a drop between them keep their order", async () => {
    await bench.accept(MORNING)
    const all = { first: 0, last: 0xffff_ffff }
    await Promise.all([bench.accept("09:00 - 1 - 1%"), bench.spool.drop(DAY, all), bench.accept("10:00 - 1 - 1%")])
    expect(bench.due()).toMatchObject([{ body: "10:00 - 1 - 1%\n", revision: NOW + 2 }])
  })
})

describe("drop()", () => {
  const only = (address: number) => ({ first: address, last: address })

  test("takes a day out, wherever it stands, and tells how many surveys it was; nothing else goes", async () => {
    const fleet = Array.from({ length: 300 }, (_, n) => TOMATOES + n) // more than have their slots written at once
    await Promise.all(fleet.map((address) => bench.accept(MORNING, address)))
    await bench.accept(MORNING, TOMATOES, "2026-11-20")
    expect(await bench.spool.drop(DAY, only(TOMATOES + 7))).toBe(1)
    expect(bench.spool.has(DAY, TOMATOES + 7)).toBe(false)
    expect(await bench.spool.drop(DAY, { first: 0, last: 0xffff_ffff })).toBe(299)
    bench.reopen()
    expect(bench.due()).toMatchObject([{ day: "2026-11-20" }])
    expect(bench.spool.untold()).toMatchObject([
      { day: DAY, first: 0, last: 0xffff_ffff, told: false },
      { day: DAY, first: TOMATOES + 7, told: false },
    ])
  })

  test("lets no stray of it back, and takes another survey above its revision", async () => {
    await bench.clock.advance(5000)
    await bench.accept(MORNING)
    await bench.spool.drop(DAY, only(TOMATOES))
    bench.reopen()
    await bench.clock.advance(EXCHANGE_LIFETIME_MS - 1)
    expect(await bench.accept(MORNING)).toEqual({ kind: "stray", strayForMs: 1 })
    expect(bench.due()).toEqual([])
    await bench.clock.advance(-EXCHANGE_LIFETIME_MS)
    expect(await bench.accept("10:00 - 1 - 1%")).toMatchObject({ first: true })
    expect(bench.due()).toMatchObject([{ revision: NOW + 5001 }])
  })
})

describe("expectAgain()", () => {
  test("wants surveys of these days once more, until something of them comes", async () => {
    await bench.accept(MORNING)
    await bench.accept(MORNING, HERBS)
    await bench.spool.expectAgain([DAY])
    bench.reopen()
    const wanted = () => [TOMATOES, HERBS].map((address) => bench.spool.isWantedAgain(DAY, address))
    expect(wanted()).toEqual([true, true])
    await bench.accept(`${MORNING}20:00 - 1 - 1%`)
    expect(wanted()).toEqual([false, true])
    await bench.accept(MORNING, HERBS) // the same is all there is
    expect(wanted()).toEqual([false, false])
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
    await bench.spool.settle()
    const first = bench.spool.due(DAY, RUN, 3)
    const second = bench.spool.due(DAY, RUN, 3, first.at(-1))
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
    bench.spool.due(DAY, RUN, 10)
    Object.assign(bench.spool, { database: original })
    expect(plans).toEqual([
      "SEARCH due USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)",
      expect.stringMatching(/^CORRELATED SCALAR SUBQUERY/),
      "SEARCH refused USING INTEGER PRIMARY KEY (rowid=?)",
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

  test("markRefused() on three runs puts it into quarantine; until then it stays due, and outside of what is agreed", async () => {
    await bench.accept(MORNING)
    await bench.accept(MORNING, HERBS)
    const [delivery] = bench.due()
    if (!delivery) throw new Error("nothing is due")
    for (const run of [RUN, RUN, RUN + 1]) {
      expect(await bench.spool.markRefused(delivery, run, "4.04")).toBe(false)
      expect(bench.spool.due(DAY, run, 10)).toMatchObject([{ address: HERBS }])
      expect(bench.spool.due(DAY, run + 1, 10)).toHaveLength(2)
      expect(bench.spool.agreement(DAY).surveys).toBe(1)
    }
    expect(bench.quarantined()).toEqual([])
    expect(await bench.spool.markRefused(delivery, RUN + 2, "4.04")).toBe(true)
    expect(bench.spool.due(DAY, RUN + 3, 10)).toMatchObject([{ address: HERBS }])
    expect(bench.quarantined()).toEqual([{ kind: "delivery", reason: "The cloud refused it: 4.04", text: MORNING }])
    await bench.accept("09:00 - 20 - 30%")
    expect(bench.due()).toHaveLength(2)
    expect(bench.spool.agreement(DAY).surveys).toBe(2)
  })

  test("markRefused() of an older revision leaves the newer one due, and among what the cloud should hold", async () => {
    await bench.accept(MORNING)
    const [older] = bench.due()
    if (!older) throw new Error("nothing is due")
    await bench.accept("09:00 - 20 - 30%")
    await bench.spool.markRefused(older, RUN, "4.00")
    expect(bench.due()).toMatchObject([{ revision: NOW + 1 }])
    expect(bench.spool.agreement(DAY).surveys).toBe(1)
  })

  test("what was delivered or refused is not due again when another upload brings the same readings", async () => {
    const tomatoes = await deliverOneRefuseOther()
    expect(await bench.accept(`\n${MORNING}`)).toMatchObject({ changed: false })
    expect(await bench.accept(`\n${MORNING}`, HERBS)).toMatchObject({ changed: false })
    expect(bench.due()).toEqual([])
    expect(bench.spool.agreement(DAY)).toEqual({ surveys: 1, digest: tomatoes.digest })
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
    bench.reopen("UTC")
    expect(bench.due(day)).toMatchObject([{ zone: "Europe/Rome" }])
    await bench.accept("02:45 - 23 - 30%\n", TOMATOES, day)
    expect(await bench.accept(TWICE, HERBS, day)).toMatchObject({ readings: 3, refused: 0 })
    const canonical = TWICE.replace(/02:15(?= - 22)/, "02:15+01:00")
    expect(bench.due().map(({ body }) => body)).toEqual([canonical.replace("21", "23"), canonical])
    expect(await bench.accept(TWICE, TOMATOES, "2026-10-26")).toMatchObject({ readings: 2, refused: 1 })
    await bench.spool.prune("2026-10-26")
    expect(bench.due(day)).toMatchObject([{ zone: "Europe/Rome" }, { zone: "Europe/Rome" }])
    await bench.spool.markDelivered(bench.due(day))
    await bench.spool.prune("2026-10-26")
    await bench.accept(MORNING, TOMATOES, day)
    expect(bench.due(day)).toMatchObject([{ zone: "UTC" }])
  })

  test("prune() ends with the spool, and writes nothing more", async () => {
    const pruned = bench.spool.prune(DAY)
    bench.spool.stop()
    bench.commits.flush()
    bench.database.close()
    expect(await pruned).toBeUndefined()
  })

  test("a day keeps its zone while its surveys are not settled", async () => {
    const day = "2026-10-25"
    const fleet = Array.from({ length: 300 }, (_, n) => TOMATOES + n) // more than have their slots written at once
    await Promise.all(fleet.map((address) => bench.accept(MORNING, address, day)))
    await bench.spool.prune("2026-10-26")
    bench.reopen("UTC")
    expect(bench.due(day)[0]).toMatchObject({ zone: "Europe/Rome" })
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

describe("arrived(), agreement(), readings()", () => {
  test("tell in time from late, rising", async () => {
    await bench.accept(MORNING, 9)
    await bench.accept(LARGE, 3)
    await bench.accept(MORNING, 5, DAY, true)
    await bench.accept("09:00 - 1 - 1%", 3, DAY, true) // a correction makes nobody late
    expect([...bench.spool.arrived(DAY, false)]).toEqual([3, 9])
    expect([...bench.spool.arrived(DAY, true)]).toEqual([5])
    expect(bench.spool.agreement(DAY).surveys).toBe(3)
    expect(bench.spool.readings(DAY)).toBe(1442)
    expect(bench.spool.readings("2026-11-20")).toBe(0)
  })
})
