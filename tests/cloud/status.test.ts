import { afterEach, beforeEach, describe, expect, spyOn, test } from "bun:test"
import { join } from "node:path"
import { Receiver } from "../../src/cloud/receiver"
import { readCloudStatus } from "../../src/cloud/status"
import { SqliteTables } from "../../src/cloud/store/sqlite/tables"
import { StorageError } from "../../src/storage/errors"
import { pageBytes } from "../../src/storage/size"
import { addDays, type Day } from "../../src/survey/calendar"
import { surveyDigest } from "../../src/survey/digest"
import { formatAddress } from "../../src/topology/address"
import { agreementOver } from "../survey/agreements"
import {
  Bench,
  DAY,
  DESCRIPTION,
  deliveryOf,
  HERBS,
  MORNING,
  receiverOptions,
  requestFor,
  SITE,
  shown,
  TOMATOES,
} from "./fixtures"

const lineAnHour = Array.from({ length: 24 }, (_, hour) => `${String(hour).padStart(2, "0")}:30 - 20.5 - 45%\n`).join(
  "",
)
const SCHEDULED_AT = "2026-11-22T05:00:00.000Z"

let bench: Bench
let receiver: Receiver
beforeEach(() => {
  bench = new Bench()
  receiver = new Receiver(receiverOptions(bench))
})
afterEach(() => bench[Symbol.dispose]())

const read = (file = "cloud.db") => readCloudStatus({ ...bench.place, store: join(bench.folder, file) })

const close = async (
  day: Day,
  { arrived = [], late = [], ...more }: { arrived?: number[]; late?: number[]; [key: string]: unknown },
) => {
  const digests = [...arrived, ...late].map((address) => surveyDigest(formatAddress(address), day, MORNING))
  const body = {
    scheduledAt: SCHEDULED_AT,
    run: false,
    arrived: arrived.map(formatAddress),
    late: late.map(formatAddress),
    missing: [],
    stale: [],
    refused: [],
    changed: [],
    reasons: [],
    ...agreementOver(digests),
    ...more,
  }
  const response = await receiver.handle(requestFor(`sites/${SITE}/collections/${day}`, body, { format: 50 }))
  expect(shown(response)).toBe("2.04 Surveys received")
}

describe("readCloudStatus()", () => {
  test("rejects where there is no store", async () => {
    await expect(read("nothing.db")).rejects.toThrow(StorageError)
  })

  test("is empty before the first delivery", async () => {
    expect(await read()).toMatchObject({ sites: [], store: { bytesAYear: null } })
    await bench.describeSite()
    expect((await read()).sites).toMatchObject([
      { site: SITE, days: 0, firstDay: null, readings: 0, devices: 2, run: null },
    ])
  })

  test("counts sites, days, devices and readings", async () => {
    await bench.describeSite()
    await bench.store.describeSite("farm", { timeZone: "UTC", devices: [{ ip: "10.0.0.2-10.0.0.9" }], spool: "b" })
    await bench.put(MORNING, 1, TOMATOES, "2026-11-18")
    await bench.put(`${MORNING}09:00 - 20 - 30%\n`, 1, TOMATOES)
    await bench.put(MORNING, 1, HERBS)
    const { sites, store } = await read()
    expect(sites).toMatchObject([
      { site: "farm", timeZone: "UTC", days: 0, devices: 8 },
      { site: SITE, days: 2, firstDay: "2026-11-18", lastDay: DAY, readings: 4, readingsEstimated: false },
    ])
    expect(store.bytes).toBeGreaterThan(4096)
  })

  test("asks the store no more often for a hundred sites than for one", async () => {
    const asked = spyOn(SqliteTables.prototype, "all")
    const count = async () => {
      asked.mockClear()
      const { sites } = await read()
      return { sites: sites.length, queries: asked.mock.calls.length }
    }
    const describeSite = (site: string) =>
      bench.store.describeSite(site, { timeZone: "UTC", devices: [{ ip: "10.0.0.2" }], spool: site })
    const add = async (name: string) => {
      await describeSite(name)
      await bench.put(MORNING, 1, TOMATOES, DAY, name)
      bench.write(
        "INSERT INTO alerts SELECT id, 167772162, 'dry', ?2, 12, NULL, 1, NULL FROM sites WHERE site = ?1",
        name,
        DAY,
      )
    }
    await add("farm-0")
    const { queries } = await count()
    for (let at = 1; at < 100; at++) await add(`farm-${at}`)
    expect(await count()).toEqual({ sites: 100, queries })
    asked.mockRestore()
  })

  test("tells what a year takes by what the file grows with each day, not by what it begins with", async () => {
    const devices = 400
    const days: Day[] = ["2026-11-18", DAY]
    await bench.describeSite()
    const before = pageBytes(bench.database.sqlite).all
    for (const day of days) {
      const deliveries = Array.from({ length: devices }, (_, index) =>
        deliveryOf(lineAnHour, { day, address: TOMATOES + index, revision: 1 }),
      )
      await Promise.all(deliveries.map((delivery) => bench.store.deliver(SITE, delivery)))
    }
    const aDay = (pageBytes(bench.database.sqlite).all - before) / 2
    const told = ((await read()).store.bytesAYear ?? 0) / 365
    expect(told).toBeGreaterThan(0.9 * aDay)
    expect(told).toBeLessThan(1.1 * aDay)
  })

  test("counts readings that came as plain text, once where the gateway delivered their time too", async () => {
    await bench.describeSite()
    await bench.addText(`${MORNING}09:00 - 21 - 31%\n`)
    expect((await read()).sites).toMatchObject([{ days: 1, readings: 2 }])
    await bench.put(MORNING, 1)
    expect((await read()).sites).toMatchObject([{ days: 1, readings: 2 }])
  })

  test("tells how each site's last run went, while the store is written to", async () => {
    await bench.describeSite()
    await bench.put(MORNING, 1, TOMATOES)
    await bench.put(MORNING, 1, HERBS)
    const reasons = [["192.168.1.4", "one.txt not found"]]
    await close(DAY, {
      arrived: [TOMATOES],
      late: [HERBS],
      missing: ["192.168.1.4-192.168.1.5"],
      stale: ["192.168.1.5"],
      reasons,
    })
    bench.database.sqlite.run("BEGIN IMMEDIATE")
    const [site] = (await read()).sites
    bench.database.sqlite.run("ROLLBACK")
    expect(site?.run).toEqual({
      day: DAY,
      scheduledAt: SCHEDULED_AT,
      arrived: 2,
      late: 1,
      missing: 2,
      stale: 1,
      missingDevices: ["192.168.1.4-192.168.1.5"],
      refused: 0,
      reasons: [{ ip: "192.168.1.4", reason: "one.txt not found" }],
      complete: false,
    })
    await close(DAY, { arrived: [TOMATOES, HERBS] })
    expect((await read()).sites[0]?.run).toMatchObject({ missing: 0, reasons: [], complete: true })
  })

  test("tells the last day of which everything is there, whatever came after it", async () => {
    await bench.describeSite()
    const complete = async () => (await read()).sites[0]?.lastCompleteDay
    expect(await complete()).toBeNull()
    const days = Array.from({ length: 4 }, (_, at) => addDays(DAY, at))
    const reports = [{}, {}, { missing: ["192.168.1.4"] }, { refused: ["192.168.1.3"] }] as const
    for (const [at, day] of days.entries()) {
      await bench.put(MORNING, 1, TOMATOES, day)
      await close(day, { arrived: [TOMATOES], ...reports[at] })
    }
    expect(await complete()).toBe(days[1] ?? null)
    bench.write("UPDATE collections SET report = 'damaged' WHERE day = ?", days[1] ?? "")
    expect(await complete()).toBe(DAY)
  })

  test("tells a survey that this cloud refuses, why, and that the run is not complete", async () => {
    await bench.describeSite()
    await bench.put(MORNING, 1, TOMATOES)
    const reasons = [["192.168.1.3", "the cloud refuses it: line 2: Humidity must be 0 to 100 %: it is 130"]]
    await close(DAY, { arrived: [TOMATOES], refused: ["192.168.1.3"], reasons })
    expect((await read()).sites[0]?.run).toMatchObject({
      arrived: 1,
      missing: 0,
      refused: 1,
      reasons: [{ ip: "192.168.1.3", reason: reasons[0]?.[1] }],
      complete: false,
    })
  })

  test("tells of each target who is not told how many messages wait, since when, and why the oldest does", async () => {
    const insert = (at: string, target: string, host: string, reason: string) =>
      bench.write(
        "INSERT INTO messages (at, target, host, message, reason) VALUES (?, ?, ?, '{}', ?)",
        at,
        target,
        host,
        reason,
      )
    insert("5000", "a", "ntfy.example", "later")
    insert("3000", "a", "ntfy.example", "ntfy.example answers 403")
    insert("9000", "b", "mail.example", "no answer")
    expect((await read()).untold).toEqual([
      { host: "mail.example", messages: 1, since: "1970-01-01T00:00:09.000Z", reason: "no answer" },
      { host: "ntfy.example", messages: 2, since: "1970-01-01T00:00:03.000Z", reason: "ntfy.example answers 403" },
    ])
  })

  test("tells that two spools deliver in turn, for a week after the last turn", async () => {
    const alternates = async () => (await read()).sites[0]?.alternates
    const describedBy = async (spool: string) => {
      bench.now += 3_600_000
      const response = await receiver.handle(requestFor(`sites/${SITE}`, { ...DESCRIPTION, spool }))
      expect(shown(response)).toBe("2.04")
    }
    await describedBy("a")
    expect(await alternates()).toBe(false)
    await describedBy("b") // a machine was replaced
    expect(await alternates()).toBe(false)
    await describedBy("a")
    expect(await alternates()).toBe(true)
    bench.now += 8 * 86_400_000
    await describedBy("a")
    expect(await alternates()).toBe(false)
  })

  const TEXTS = ["", "null", "5", "[[", "{}", "[5]", '[{"ip":5}]', '[{"ip":"x"}]', "\u0000", '"x"']
  const RUBBISH: [name: string, text: string][] = [
    ...TEXTS.map((text): [string, string] => [JSON.stringify(text), text]),
    ["what is nested deeply", "[".repeat(100_000) + "]".repeat(100_000)],
  ]
  test.each(RUBBISH)("is not stopped by %s where a site's devices or its report should be", async (_, text) => {
    await bench.describeSite()
    await bench.put(MORNING, 1)
    await close(DAY, { arrived: [TOMATOES] })
    bench.write("UPDATE sites SET devices = ?", text)
    expect((await read()).sites).toMatchObject([{ site: SITE, devices: 0, readings: 1, run: { arrived: 1 } }])
    bench.write("UPDATE collections SET report = ?", text)
    expect((await read()).sites).toMatchObject([{ site: SITE, devices: 0, readings: 1, run: null }])
  })

  test("counts what it cannot read of a report as nothing, and shows the rest", async () => {
    await bench.describeSite()
    const report = { scheduledAt: SCHEDULED_AT, arrived: ["x"], late: 5, missing: ["192.168.1.2"], reasons: [["x"]] }
    bench.write("INSERT INTO collections VALUES (1, ?, 0, NULL, ?, 1)", DAY, JSON.stringify(report))
    expect((await read()).sites[0]?.run).toEqual({
      day: DAY,
      scheduledAt: SCHEDULED_AT,
      arrived: 0,
      late: 0,
      missing: 1,
      stale: 0,
      missingDevices: ["192.168.1.2"],
      refused: 0,
      reasons: [],
      complete: false,
    })
  })
})
