// `bun run readings` as a person types it.
import { afterAll, beforeAll, describe, expect, test } from "bun:test"
import { join } from "node:path"
import { addDays, type Day, dayOf } from "../../../src/survey/calendar"
import { Bench, deliveryOf, HERBS, SITE, SPOOL, TIME_ZONE, TOMATOES } from "../../cloud/fixtures"
import { changed } from "../../topology/sample"
import { runCommand } from "../command"

const TODAY = dayOf(Date.now(), TIME_ZONE) // the command's own clock
const [BEFORE, YESTERDAY, LAST_WEEK] = [addDays(TODAY, -2), addDays(TODAY, -1), addDays(TODAY, -7)]
const CHANGE: Day = "2026-10-25"
const LISTED = "192.168.1.2 - 08:00 - 20 - 30%\n192.168.1.2 - 12:00 - 25 - 33%\n"
const TEXT = "08:00 - 20 - 30%\n12:00 - 25 - 33%\n"
const DAY_NAME = /^(Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day \d+ \w+ \d{4}$/

let bench: Bench
beforeAll(async () => {
  bench = new Bench()
  const describeSite = (site: string, ...devices: { ip: string; name: string }[]) =>
    bench.store.describeSite(site, { timeZone: TIME_ZONE, spool: SPOOL, devices })
  await describeSite(SITE, { ip: "192.168.1.2", name: "tomatoes as they were" }, { ip: "192.168.1.9", name: "lemons" })
  await describeSite("farm", { ip: "192.168.1.2", name: "barley" })
  const put = (site: string, day: Day, text = TEXT, address = TOMATOES) =>
    bench.store.deliver(site, deliveryOf(text, { revision: 1, day, address }))
  for (const day of [addDays(TODAY, -8), LAST_WEEK, BEFORE, YESTERDAY]) await put(SITE, day)
  await put(SITE, BEFORE, "07:00 - 1 - 1%\n", HERBS)
  await put(SITE, BEFORE, "07:00 - 2 - 2%\n", HERBS + 6)
  await put("farm", CHANGE, "02:15 - 20 - 30%\n02:15 - 21 - 30%\n")
  const yaml = changed(
    ["address: 10.10.10.2", `address: 10.10.10.2\n  store: ${bench.file}`],
    ["survey: one.txt", "name: tomatoes"],
    ["survey: two.txt", "name: herbs"],
  )
  await Bun.write(join(bench.folder, "topology.yaml"), yaml)
})
afterAll(() => bench[Symbol.dispose]())

const run = (...args: string[]) => runCommand(bench.folder, "readings", ...args)
const linesOf = async (...args: string[]) => (await run(...args)).stdout.trimEnd().split("\n")

describe("a listing", () => {
  test("of one day is exactly its lines: the last one, unless told", async () => {
    expect(await run()).toMatchObject({ stdout: LISTED, exit: 0 })
    const ways: string[][] = [
      ["--day", LAST_WEEK],
      ["--from", LAST_WEEK, "--to", LAST_WEEK],
      ["--last", "1d"],
    ]
    for (const args of ways) {
      expect(await run(...args)).toMatchObject({ stdout: LISTED, exit: 0 })
    }
  })

  test("of several days names each that has readings, before its lines", async () => {
    const lines = await linesOf("--from", BEFORE, "--device", "tomatoes")
    const [first = "", second = "", ...others] = lines.filter((line) => DAY_NAME.test(line))
    expect(others).toEqual([])
    expect(`${lines.join("\n")}\n`).toBe(`${first}\n${LISTED}${second}\n${LISTED}`)
    expect(second).toStartWith(new Date(YESTERDAY).toLocaleString("en-GB", { weekday: "long", timeZone: "UTC" }))
  })

  test("of --last 7d is that of the seven days before today", async () => {
    const lines = await linesOf("--last", "1w")
    expect(lines.filter((line) => DAY_NAME.test(line))).toHaveLength(3)
    expect((await run("--last", "7d")).stdout).toBe(`${lines.join("\n")}\n`)
  })
})

describe("the other formats", () => {
  test("carry the device's name, as topology.yaml has it or the store knows it, and the instant", async () => {
    const csv = await linesOf("--format", "csv", "--day", BEFORE)
    expect(csv[0]).toBe("site,device,day,time,temperature,humidity,timestamp,name")
    expect(
      csv
        .slice(1)
        .map((line) => line.split(","))
        .map(([, device, , , , , timestamp, name]) => [device, timestamp?.slice(0, 19), name]),
    ).toEqual([
      ["192.168.1.2", `${BEFORE}T08:00:00`, "tomatoes"],
      ["192.168.1.2", `${BEFORE}T12:00:00`, "tomatoes"],
      ["192.168.1.3", `${BEFORE}T07:00:00`, "herbs"],
      ["192.168.1.9", `${BEFORE}T07:00:00`, "lemons"],
    ])
    const farm = await linesOf("--format", "jsonl", "--site", "farm")
    expect(farm.map((line) => JSON.parse(line))).toEqual([
      {
        ...{ site: "farm", device: "192.168.1.2", day: CHANGE, time: "02:15", temperature: 20, humidity: 30 },
        ...{ timestamp: "2026-10-25T02:15:00+02:00", name: "barley" },
      },
      {
        ...{ site: "farm", device: "192.168.1.2", day: CHANGE, time: "02:15+01:00", temperature: 21, humidity: 30 },
        ...{ timestamp: "2026-10-25T02:15:00+01:00", name: "barley" },
      },
    ])
    const [head, first] = await linesOf("--format", "table", "--site", "farm")
    expect(head).toEndWith("humidity  timestamp                  name")
    expect(first).toEndWith("30  2026-10-25T02:15:00+02:00  barley")
  })
})

describe("--daily", () => {
  test("is the days' statistics, of the last day unless told", async () => {
    expect((await run("--daily")).stdout).toBe(
      "192.168.1.2 - 2 readings - 20 to 25, mean 22.5 - 30 to 33%, mean 31.5%\n",
    )
    const lines = await linesOf("--daily", "--last", "2d")
    expect(lines.filter((line) => !DAY_NAME.test(line)).map((line) => line.split(" - ")[0])).toEqual([
      "192.168.1.2",
      "192.168.1.3",
      "192.168.1.9",
      "192.168.1.2",
    ])
    expect(lines.filter((line) => DAY_NAME.test(line))).toHaveLength(2)
  })

  test("takes the options and the formats that readings take", async () => {
    const range = ["--from", BEFORE, "--to", BEFORE, "--device", "herbs"]
    const row = {
      ...{ site: SITE, device: "192.168.1.3", day: BEFORE, readings: 1, name: "herbs" },
      ...{ temperature: { min: 1, mean: 1, max: 1 }, humidity: { min: 1, mean: 1, max: 1 } },
    }
    expect(JSON.parse((await run("--daily", ...range, "--format", "json")).stdout)).toEqual([row])
    expect((await linesOf("--daily", ...range, "--format", "jsonl")).map((line) => JSON.parse(line))).toEqual([row])
    expect((await linesOf("--daily", ...range, "--format", "csv"))[1]).toBe(
      `greenhouse,192.168.1.3,${BEFORE},1,1,1,1,1,1,1,herbs`,
    )
    const semicolon = await linesOf("--daily", ...range, "--format", "csv-semicolon")
    expect(semicolon[0]).toStartWith("site;device;day;readings;temperature_min;")
    expect(semicolon[1]).toBe(`greenhouse;192.168.1.3;${BEFORE};1;1;1;1;1;1;1;herbs`)
    expect(await linesOf("--daily", ...range, "--format", "table")).toHaveLength(2)
  })
})

describe("--device", () => {
  test.each([
    ["herbs", "192.168.1.3 - 07:00 - 1 - 1%\n"],
    ["192.168.1.3", "192.168.1.3 - 07:00 - 1 - 1%\n"],
    ["lemons", "192.168.1.9 - 07:00 - 2 - 2%\n"], // which has left topology.yaml
  ])("takes %s", async (device, stdout) => {
    expect(await run("--device", device, "--day", BEFORE)).toMatchObject({ stdout, exit: 0 })
  })

  test("takes another site's names", async () => {
    expect((await run("--device", "barley", "--site", "farm")).stdout).toStartWith("192.168.1.2 - 02:15 - 20")
  })

  test("says so where nothing is stored of it", async () => {
    const { stdout, stderr, exit } = await run("--device", "herbs")
    expect([stdout, exit]).toEqual(["", 0])
    expect(stderr).toContain(`Nothing stored for 192.168.1.3 herbs on ${YESTERDAY}`)
    const never = await run("--from", "2001-01-01", "--to", "2001-12-31")
    expect(never).toMatchObject({ stdout: "", exit: 0 })
    expect(never.stderr).toContain("Nothing stored for greenhouse from 2001-01-01 to 2001-12-31")
  })
})

test.each([
  [["--format", "xml"], "--format is listing, table, json, jsonl, csv or csv-semicolon: it is xml"],
  [["--day", "2026-02-30"], "There is no day 2026-02-30"],
  [["--site", "barn"], "barn is not a site of this store, which has farm, greenhouse"],
  [["--site", "barn", "--device", "herbs"], "barn is not a site of this store, which has farm, greenhouse"],
  [["--from", "2026-11-22", "--to", "2026-11-21"], "--to is before --from: 2026-11-21 is before 2026-11-22"],
  [["--last", "48h"], "--last is whole days or weeks, as 7d or 2w: it is 48h"],
  [["--last", "7d", "--day", "2026-11-21"], "--last says which days: leave out --day, --from and --to"],
  [["--device", "herb"], "--device herb is neither an address nor a name in greenhouse, did you mean herbs?"],
  [
    ["--device", "herbs", "--site", "farm"],
    "--device herbs is neither an address nor a name in farm: known are barley",
  ],
])("%p is one clear line, exit 2", async (args, message) => {
  const { stdout, stderr, exit } = await run(...args)
  expect(stderr).toBe(`${message}\n`)
  expect([stdout, exit]).toEqual(["", 2])
})
