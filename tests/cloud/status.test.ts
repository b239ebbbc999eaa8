import { afterEach, beforeEach, describe, expect, test } from "bun:test"
import { join } from "node:path"
import { Receiver } from "../../src/cloud/receiver"
import { readCloudStatus } from "../../src/cloud/status"
import { StorageError } from "../../src/storage/errors"
import { pageBytes } from "../../src/storage/size"
import type { Day } from "../../src/survey/calendar"
import { readCanonical } from "../../src/survey/canonical"
import { commonDigest, surveyDigest } from "../../src/survey/digest"
import { parseSurvey } from "../../src/survey/survey"
import { formatAddress } from "../../src/topology/address"
import { Bench, DAY, HERBS, MORNING, requestFor, SITE, shown, TOMATOES } from "./fixtures"

const lineAnHour = Array.from({ length: 24 }, (_, hour) => `${String(hour).padStart(2, "0")}:30 - 20.5 - 45%\n`).join(
  "",
)
const SCHEDULED_AT = "2026-11-22T05:00:00.000Z"

let bench: Bench
let receiver: Receiver
beforeEach(() => {
  bench = new Bench()
  receiver = new Receiver({
    store: bench.store,
    sites: [SITE, "farm"],
    onCollection: () => {},
    onRefusedLine: () => {},
    onRefused: () => {},
  })
})
afterEach(() => bench[Symbol.dispose]())

const read = (file = "cloud.db") => readCloudStatus(join(bench.folder, file))

const close = async (day: Day, arrived: readonly number[], late: readonly number[], missing: readonly string[]) => {
  const digests = [...arrived, ...late].map((address) =>
    surveyDigest(`${SITE}/${formatAddress(address)}`, day, MORNING),
  )
  const body = {
    scheduledAt: SCHEDULED_AT,
    run: false,
    arrived: arrived.map(formatAddress),
    late: late.map(formatAddress),
    missing,
    changed: [],
    surveys: digests.length,
    digest: commonDigest(digests),
  }
  const response = await receiver.handle(requestFor(`sites/${SITE}/collections/${day}`, body, { format: 50 }))
  expect(shown(response)).toBe("2.04 Surveys received")
}

describe("readCloudStatus()", () => {
  test("throws where there is no store", () => {
    expect(() => read("nothing.db")).toThrow(StorageError)
  })

  test("is empty before the first delivery", async () => {
    expect(read()).toMatchObject({ sites: [], store: { bytesAYear: null } })
    await bench.describeSite()
    expect(read().sites).toMatchObject([{ site: SITE, days: 0, firstDay: null, readings: 0, devices: 1, run: null }])
  })

  test("counts sites, days, devices and readings", async () => {
    await bench.describeSite()
    await bench.store.putSite("farm", { timeZone: "UTC", devices: [{ ip: "10.0.0.2-10.0.0.9" }] })
    await bench.put(MORNING, 1, TOMATOES, "2026-11-18")
    await bench.put(`${MORNING}09:00 - 20 - 30%\n`, 1, TOMATOES)
    await bench.put(MORNING, 1, HERBS)
    const { sites, store } = read()
    expect(sites).toMatchObject([
      { site: "farm", timeZone: "UTC", days: 0, devices: 8 },
      { site: SITE, days: 2, firstDay: "2026-11-18", lastDay: DAY, readings: 4, readingsEstimated: false },
    ])
    expect(store.bytes).toBeGreaterThan(4096)
  })

  test("tells what a year takes by what the file grows with each day, not by what it begins with", async () => {
    const devices = 400
    const days: Day[] = ["2026-11-18", DAY]
    const { body } = readCanonical(lineAnHour, {})
    await bench.describeSite()
    const before = pageBytes(bench.database.sqlite).all
    for (const day of days) {
      const surveys = Array.from({ length: devices }, (_, index) => {
        return {
          day,
          address: TOMATOES + index,
          revision: 1,
          digest: surveyDigest(`${index}`, day, ""),
          body,
        }
      })
      await Promise.all(surveys.map((survey) => bench.store.putSurvey(SITE, survey)))
    }
    const aDay = (pageBytes(bench.database.sqlite).all - before) / 2
    const told = (read().store.bytesAYear ?? 0) / 365
    expect(told).toBeGreaterThan(0.9 * aDay)
    expect(told).toBeLessThan(1.1 * aDay)
  })

  test("counts readings that came as plain text, once where the gateway delivered their time too", async () => {
    await bench.describeSite()
    const { readings } = parseSurvey(`${MORNING}09:00 - 21 - 31%\n`, {})
    await bench.store.mergeSurvey(SITE, DAY, TOMATOES, readings)
    expect(read().sites).toMatchObject([{ days: 1, readings: 2 }])
    await bench.put(MORNING, 1)
    expect(read().sites).toMatchObject([{ days: 1, readings: 2 }])
  })

  test("tells how each site's last run went, while the store is written to", async () => {
    await bench.describeSite()
    await bench.put(MORNING, 1, TOMATOES)
    await bench.put(MORNING, 1, HERBS)
    await close(DAY, [TOMATOES], [HERBS], ["192.168.1.4-192.168.1.5"])
    bench.database.sqlite.run("BEGIN IMMEDIATE")
    const [site] = read().sites
    bench.database.sqlite.run("ROLLBACK")
    expect(site?.run).toEqual({
      day: DAY,
      scheduledAt: SCHEDULED_AT,
      arrived: 2,
      late: 1,
      missing: 2,
      missingDevices: ["192.168.1.4-192.168.1.5"],
      complete: false,
    })
    await close(DAY, [TOMATOES, HERBS], [], [])
    expect(read().sites[0]?.run).toMatchObject({ missing: 0, complete: true })
  })
})
