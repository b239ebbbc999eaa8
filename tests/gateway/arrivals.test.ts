// A burst of uploads: appended first, in their place later, and the same to everybody who asks meanwhile.
import { Database } from "bun:sqlite"
import { afterEach, beforeEach, describe, expect, spyOn, test } from "bun:test"
import { AddressMap } from "../../src/gateway/address-map"
import { placeOf } from "../../src/gateway/places"
import { SPOOL } from "../../src/gateway/schema"
import { addDays } from "../../src/survey/calendar"
import { surveyDigest } from "../../src/survey/digest"
import { formatAddress } from "../../src/topology/address"
import { Bench, DAY, LARGE, MORNING, NOW, TOMATOES } from "./fixtures"

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
    expect(fourth?.digest).toBe(surveyDigest(`greenhouse/${formatAddress(FIRST + 4)}`, DAY, "04:00 - 1 - 1%\n"))
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

test("a spool of version 1 keeps its surveys, what was delivered of them and what was refused", () => {
  const [first = "", second = ""] = SPOOL.migrations
  const sqlite = new Database(":memory:")
  sqlite.run(first)
  const insert = sqlite.query(
    `INSERT INTO surveys VALUES (?1, ?2, ?3, 'text', 1, '0123456789abcdef', 'fedcba9876543210', ?4, 1, ?5, ?6, ?7)`,
  )
  insert.run(DAY, 1, 5000, 5000, 0, null, 0) // due
  insert.run(DAY, 2, 5000, 4000, 5000, 9500, 0) // delivered
  insert.run(DAY, 3, 5000, 5000, 4000, 4500, 0) // an older revision was delivered
  insert.run(DAY, 4, 5000, 5000, 0, null, 5000) // refused
  sqlite.run(second)
  const rows = sqlite.query("SELECT address, arrived_at, delivered, refused, hex(digest) AS digest FROM surveys").all()
  const digest = "0123456789ABCDEF"
  expect(rows).toEqual([
    { address: 1, arrived_at: null, delivered: null, refused: 0, digest },
    { address: 2, arrived_at: 4000, delivered: 4, refused: 0, digest },
    { address: 3, arrived_at: null, delivered: null, refused: 0, digest },
    { address: 4, arrived_at: null, delivered: null, refused: 1, digest },
  ])
  expect(
    sqlite.query("SELECT address FROM surveys INDEXED BY due WHERE delivered IS NULL AND refused = 0").all(),
  ).toEqual([{ address: 1 }, { address: 3 }])
})

test("a spool of version 4 keeps its surveys, whether in their place or not", () => {
  const sqlite = new Database(":memory:")
  for (const migration of SPOOL.migrations.slice(0, 4)) sqlite.run(migration)
  const highest = 0xffff_ffff
  const columns = "day, address, revision, body, readings, digest, upload, arrived_at, late"
  const survey = "x'0123456789abcdef', x'fedcba9876543210', 4000, 1"
  sqlite.run(`INSERT INTO surveys (${columns}, delivered, refused) VALUES
    ('2024-02-29', ${highest}, 5000, 'leap', 1, ${survey}, 4, 0), ('${DAY}', 0, 5000, 'text', 2, ${survey}, NULL, 1),
    ('${DAY}', 9, 7000, 'due', 2, ${survey}, NULL, 0)`)
  sqlite.run(`INSERT INTO arrivals (id, ${columns}) VALUES (1, '${DAY}', 7, 6000, 'new', 3, ${survey})`)
  const read = (table: string) => sqlite.query(`SELECT ${columns} FROM ${table} ORDER BY day, address`).all()
  const before = [read("surveys"), read("arrivals")]
  for (const migration of SPOOL.migrations.slice(4)) sqlite.run(migration)
  expect([read("surveys"), read("arrivals")]).toEqual(before)
  const places = sqlite.query<{ place: number }, []>("SELECT place FROM surveys ORDER BY place").all()
  expect(places.map(({ place }) => place)).toEqual([placeOf("2024-02-29", highest), placeOf(DAY, 0), placeOf(DAY, 9)])
  expect(sqlite.query("SELECT refused FROM surveys ORDER BY place").values()).toEqual([[0], [1], [0]])
  expect(sqlite.query("SELECT place, revision FROM due").values()).toEqual([[placeOf(DAY, 9), 7000]])
})
