import { afterEach, beforeEach, describe, expect, test } from "bun:test"
import { StorageRefused } from "../../src/storage/errors"
import { clockChange } from "../../src/survey/calendar"
import { commonDigest, surveyDigest } from "../../src/survey/digest"
import { parseSurvey } from "../../src/survey/survey"
import { formatAddress } from "../../src/topology/address"
import { Bench, DAY, HERBS, LARGE, MORNING, NOW, SITE, TIME_ZONE, TOMATOES } from "./fixtures"

let bench: Bench
beforeEach(async () => {
  bench = new Bench()
  await bench.describeSite()
})
afterEach(() => bench[Symbol.dispose]())

const EVERYBODY = [{ first: 0, last: 0xffff_ffff }]
const digestOf = (address: number, text = MORNING) => surveyDigest(`${SITE}/${formatAddress(address)}`, DAY, text)
const claim = (addresses: readonly number[]) => ({
  surveys: addresses.length,
  digest: commonDigest(addresses.map((address) => digestOf(address))),
})
const close = (claimed: { surveys: number; digest: string }, addresses = EVERYBODY, toList = false) =>
  bench.store.closeCollection(SITE, DAY, { claimed, addresses, summary: "{}", toList })

describe("putSite()", () => {
  test("is remembered over a restart, with the newest description", async () => {
    await bench.store.putSite(SITE, { timeZone: "Asia/Tokyo", devices: [] })
    bench.reopen()
    expect(bench.store.siteInfo(SITE)).toEqual({ timeZone: "Asia/Tokyo", devices: [] })
    expect(bench.store.siteInfo("elsewhere")).toBeUndefined()
  })
})

describe("putSurvey()", () => {
  test("replaces a row by a higher revision, not by an equal or a lower one", async () => {
    expect(await bench.put("08:00 - 20 - 30%\n", 5)).toBe("new")
    expect(await bench.put("08:00 - 21 - 30%\n", 5)).toBe("known")
    expect(await bench.put("08:00 - 22 - 30%\n", 4)).toBe("known")
    expect(bench.readings()).toMatchObject([{ temperature: 20 }])
    expect(await bench.put("08:00 - 23 - 30%\n", 6)).toBe("changed")
    expect(bench.readings()).toMatchObject([{ temperature: 23 }])
  })

  test("takes a survey without a revision for newer than what is there", async () => {
    await bench.put("08:00 - 20 - 30%\n", NOW + 1000)
    expect(await bench.put("08:00 - 21 - 30%\n")).toBe("changed")
    expect(await bench.put("08:00 - 22 - 30%\n", NOW + 1001)).toBe("known")
  })

  test("has it on the disk when it resolves", async () => {
    await bench.put(MORNING, 1)
    bench.reopen()
    expect(bench.readings()).toHaveLength(1)
  })

  test("refuses when the disk is full, changes nothing, and takes it when there is room", async () => {
    await bench.put(MORNING, 1)
    bench.fillDisk()
    await expect(bench.put(LARGE, 2)).rejects.toBeInstanceOf(StorageRefused)
    expect(bench.readings()).toHaveLength(1)
    bench.makeRoom()
    expect(await bench.put(LARGE, 2)).toBe("changed")
  })

  test("keeps sites with the same addresses apart", async () => {
    await bench.describeSite("orchard")
    await bench.put("08:00 - 1 - 1%", 1)
    await bench.put("08:00 - 2 - 2%", 1, TOMATOES, DAY, "orchard")
    expect(bench.readings()).toMatchObject([
      { site: SITE, temperature: 1 },
      { site: "orchard", temperature: 2 },
    ])
  })
})

test("the view `readings` shows one reading a row, in plain columns", async () => {
  await bench.put("08:00 - -1.5 - 41.2%\n23:59:59 - 20 - 0%\n", 1)
  await bench.put("", 1, HERBS)
  expect(bench.readings()).toEqual([
    { site: SITE, device: "192.168.1.2", day: DAY, time: "08:00", temperature: -1.5, humidity: 41.2 },
    { site: SITE, device: "192.168.1.2", day: DAY, time: "23:59:59", temperature: 20, humidity: 0 },
  ])
})

describe("mergeSurvey()", () => {
  const merge = (text: string, day = DAY) =>
    bench.store.mergeSurvey(SITE, day, TOMATOES, parseSurvey(text, clockChange(day, TIME_ZONE)).readings)
  const shown = () => bench.readings().map(({ time, temperature }) => [time, temperature])
  const added = () =>
    bench.database.sqlite.query("SELECT time, temperature FROM added ORDER BY time, received_at").values()
  const TEXT = "08:00 - 21 - 30%\n16:00 - 1 - 1%\n"
  const TOGETHER = [
    ["08:00", 20],
    ["16:00", 1],
  ]

  test("keeps readings beside a delivery, whose values win on the screen, whichever comes first", async () => {
    await merge(TEXT)
    expect(await bench.put(MORNING, 1)).toBe("new")
    expect(shown()).toEqual(TOGETHER)
    expect([...bench.store.surveys(SITE, DAY)].map(({ readings }) => readings.length)).toEqual([2])
    await bench.put(MORNING, 1, TOMATOES, "2026-11-20")
    await merge(TEXT, "2026-11-20")
    expect(shown()).toEqual([...TOGETHER, ...TOGETHER])
    expect(added()).toHaveLength(4)
  })

  test("loses nothing to later deliveries, also after a restart", async () => {
    await bench.put(MORNING, 1)
    await merge(TEXT)
    bench.reopen()
    expect(await bench.put("08:00 - 22 - 30%\n", 2)).toBe("changed")
    expect(shown()).toEqual([
      ["08:00", 22],
      ["16:00", 1],
    ])
    await bench.put("", 3)
    expect(shown()).toEqual([
      ["08:00", 21],
      ["16:00", 1],
    ])
  })

  test("leaves the revision and what was agreed with the gateway as they are", async () => {
    await bench.put(MORNING, 5)
    await merge(TEXT)
    expect(await close(claim([TOMATOES]))).toEqual(claim([TOMATOES]))
    expect(await bench.put(MORNING, 5)).toBe("known")
    expect(await bench.put(MORNING, 6)).toBe("changed")
    expect(await close(claim([TOMATOES]))).toEqual(claim([TOMATOES]))
  })

  test("is no delivery: a device of which only text came is not counted", async () => {
    await merge(TEXT)
    expect(await close(claim([]))).toEqual(claim([]))
    await bench.put(MORNING, 1, HERBS)
    expect(await close(claim([HERBS]))).toEqual(claim([HERBS]))
  })

  test("shows the last received of several values at one time and keeps them all", async () => {
    for (const degrees of [1, 2, 1]) await merge(`09:00 - ${degrees} - 30%\n`)
    expect(shown()).toEqual([["09:00", 1]])
    bench.now -= 60_000 // a clock that was set back
    await merge("09:00 - 3 - 30%\n")
    expect(shown()).toEqual([["09:00", 3]])
    expect(added()).toEqual([
      ["09:00", 2],
      ["09:00", 1],
      ["09:00", 3],
    ])
  })

  test("keeps the order of the day in the hour that daylight saving repeats", async () => {
    const day = "2026-10-25"
    const lines = (texts: string[]) => texts.map((time, n) => `${time} - ${n} - 30%\n`).join("")
    await bench.put(lines(["01:30", "02:15", "02:45", "02:15", "02:45", "03:00"]), 1, TOMATOES, day)
    await merge(lines(["02:15", "02:30", "02:30", "02:45", "03:30"]), day)
    const expected = [
      ["01:30", 0],
      ["02:15", 1],
      ["02:30", 1],
      ["02:45", 2],
      ["02:15+01:00", 3],
      ["02:30+01:00", 2],
      ["02:45+01:00", 4],
      ["03:00", 5],
      ["03:30", 4],
    ]
    expect(shown()).toEqual(expected)
    await bench.put(lines(["01:30", "02:15", "02:45", "02:15", "02:45", "03:00"]), 2, TOMATOES, day)
    expect(shown()).toEqual(expected)
  })

  test("shows every delivered reading, also when the site has changed its time zone since", async () => {
    const day = "2026-10-25"
    await bench.put("02:15 - 1 - 30%\n02:45 - 2 - 30%\n02:15 - 3 - 30%\n", 1, TOMATOES, day)
    await bench.store.putSite(SITE, { timeZone: "Asia/Tokyo", devices: [] })
    await merge("02:30 - 4 - 30%\n", day)
    expect(shown().map(([, temperature]) => temperature)).toEqual([1, 4, 2, 3])
  })

  test("changes nothing when the disk is full", async () => {
    await bench.put(MORNING, 1)
    bench.fillDisk()
    await expect(merge(LARGE)).rejects.toBeInstanceOf(StorageRefused)
    expect([shown(), added()]).toEqual([[["08:00", 20]], []])
    bench.makeRoom()
    await merge(LARGE)
    expect(shown()).toHaveLength(1440)
  })
})

describe("surveys()", () => {
  test("gives a day in address order, over pages, also of some ranges only", async () => {
    const puts = Array.from({ length: 2500 }, (_, n) => bench.put(MORNING, 1, 4000 - n))
    await Promise.all([...puts, bench.put(MORNING, 1, 0xffff_ffff), bench.put(MORNING, 1, 0)])
    const all = [...bench.store.surveys(SITE, DAY)].map(({ address }) => address)
    expect(all).toEqual([0, ...Array.from({ length: 2500 }, (_, n) => 1501 + n), 0xffff_ffff])
    const ranges = [
      { first: 1600, last: 1602 },
      { first: 3999, last: 5000 },
    ]
    expect([...bench.store.surveys(SITE, DAY, ranges)].map(({ address }) => address)).toEqual([
      1600, 1601, 1602, 3999, 4000,
    ])
    expect([...bench.store.surveys(SITE, "2026-11-20")]).toEqual([])
  })
})

describe("closeCollection()", () => {
  test("agrees on count and digest of the named addresses alone, in whatever order ranges come", async () => {
    await Promise.all([5, 1, 3, 9, 4].map((address) => bench.put(MORNING, 1, address)))
    const ranges = [
      { first: 9, last: 9 },
      { first: 1, last: 1 },
      { first: 3, last: 4 },
    ]
    expect(await close(claim([1, 3, 4, 9]), ranges)).toEqual(claim([1, 3, 4, 9]))
    expect(await close(claim([1, 3, 4, 5, 9]), ranges)).toEqual(claim([1, 3, 4, 9]))
  })

  test("agrees with an empty day", async () => {
    expect(await close(claim([]), [])).toEqual(claim([]))
  })

  test("records only what it agrees with", async () => {
    await bench.put(MORNING, 1)
    await close(claim([1, 2]), EVERYBODY, true)
    expect(bench.store.unlisted()).toEqual([])
    await close(claim([TOMATOES]), EVERYBODY, true)
    expect(bench.store.unlisted()).toEqual([{ site: SITE, day: DAY }])
  })

  test("looks again when something came since the last agreement, also in the same commit", async () => {
    await bench.put(MORNING, 1)
    await close(claim([TOMATOES]))
    const put = bench.put(MORNING, 1, HERBS)
    expect(await close(claim([TOMATOES]))).toEqual(claim([TOMATOES, HERBS]))
    await put
    expect(await close(claim([TOMATOES, HERBS]))).toEqual(claim([TOMATOES, HERBS]))
  })

  test("looks again when the claim is another than the last agreement", async () => {
    await bench.put(MORNING, 1)
    await bench.put(MORNING, 1, HERBS)
    await close(claim([TOMATOES, HERBS]))
    const only = [{ first: TOMATOES, last: TOMATOES }]
    expect(await close(claim([TOMATOES]), only)).toEqual(claim([TOMATOES]))
  })

  test("copes with a fleet whose ranges are in pieces", async () => {
    const even = Array.from({ length: 20_000 }, (_, n) => 2 * n)
    await Promise.all(even.map((address) => bench.put(MORNING, 1, address)))
    const pieces = even.map((address) => ({ first: address, last: address }))
    expect(await close({ surveys: 0, digest: "" }, pieces)).toMatchObject({ surveys: 20_000 })
  })
})

describe("unlisted()", () => {
  test("names collections that were not listed to the end, also after a restart", async () => {
    await close(claim([]), [], true)
    bench.reopen()
    expect(bench.store.unlisted()).toEqual([{ site: SITE, day: DAY }])
    await close(claim([]), []) // a later comparison does not take it off
    expect(bench.store.unlisted()).toHaveLength(1)
    await bench.store.markListed(SITE, DAY)
    bench.reopen()
    expect(bench.store.unlisted()).toEqual([])
  })
})
