// `bun run report` as a person types it.
import { afterAll, beforeAll, expect, test } from "bun:test"
import { join } from "node:path"
import { addDays, dayOf } from "../../src/survey/calendar"
import { Bench, deliveryOf, HERBS, SITE, SPOOL, TIME_ZONE } from "../cloud/fixtures"
import { changed } from "../topology/sample"
import { runCommand } from "./command"

const TODAY = dayOf(Date.now(), TIME_ZONE) // the command's own clock
const YESTERDAY = addDays(TODAY, -1)
const TEXT = "08:00 - 20 - 30%\n12:00 - 25 - 33%\n"
const HOSTILE = "</style><script>\u202e\"'"

let bench: Bench
beforeAll(async () => {
  bench = new Bench()
  await bench.store.describeSite(SITE, { timeZone: TIME_ZONE, spool: SPOOL, devices: [{ ip: "192.168.1.2" }] })
  for (const ago of [-40, -20, -14, -3, -1, 0]) {
    await bench.store.deliver(SITE, deliveryOf(TEXT, { revision: 1, day: addDays(TODAY, ago) }))
  }
  await bench.store.deliver(SITE, deliveryOf(TEXT, { revision: 1, day: YESTERDAY, address: HERBS }))
  const yaml = changed(
    ["address: 10.10.10.2", `address: 10.10.10.2\n  store: ${bench.file}`],
    ["survey: one.txt", "name: tomatoes"],
    ["survey: two.txt", `name: ${JSON.stringify(HOSTILE)}`],
  )
  await Bun.write(join(bench.folder, "topology.yaml"), yaml)
})
afterAll(() => bench[Symbol.dispose]())

const run = (...args: string[]) => runCommand(bench.folder, "report", ...args)
/** Each shown day of the first device, oldest first. */
const daysOf = (html: string) =>
  [...html.matchAll(/id="192\.168\.1\.2_([\d-]+)"/g)].map(([, day = ""]) => day).reverse()

test("a report is one whole HTML file on standard output, and nothing else is said", async () => {
  const { stdout, stderr, exit } = await run()
  expect([stderr, exit]).toEqual(["", 0])
  expect(stdout).toStartWith("<!doctype html>\n")
  expect(stdout).toEndWith("</html>\n")
  expect(stdout).toContain(", its last reading.")
  expect(stdout.match(/<section/g)).toHaveLength(2)
})

test("without days a report is of the 14 days before today", async () => {
  const days = daysOf((await run()).stdout)
  expect([days.length, days[0], days.at(-1)]).toEqual([14, addDays(TODAY, -14), YESTERDAY])
  expect(daysOf((await run("--last", "2w")).stdout)).toEqual(days)
})

test("the days of a report are those that are asked for, from the first that is stored on", async () => {
  const spans: [string[], number, number][] = [
    [["--last", "3d"], -3, -1],
    [["--last", "90d"], -40, -1],
    [["--from", addDays(TODAY, -5)], -5, 0],
    [["--from", TODAY], 0, 0],
    [["--to", addDays(TODAY, -20)], -40, -20],
    [["--from", addDays(TODAY, -20), "--to", addDays(TODAY, -14)], -20, -14],
    [["--from", addDays(TODAY, -1), "--to", addDays(TODAY, 900)], -1, 0],
  ]
  for (const [args, from, to] of spans) {
    const days = daysOf((await run(...args)).stdout)
    expect([args, days[0], days.at(-1)]).toEqual([args, addDays(TODAY, from), addDays(TODAY, to)])
  }
})

test("--device is one device, by its address or its name, or a range of addresses", async () => {
  for (const device of ["tomatoes", "192.168.1.2", "192.168.1.0-192.168.1.2"]) {
    const { stdout, exit } = await run("--device", device)
    expect([device, exit, stdout.match(/<section/g)?.length]).toEqual([device, 0, 1])
  }
})

test("what a name has to drive a terminal or to turn text around stands as its number", async () => {
  const { stdout } = await run()
  expect(stdout).toContain("<bdi>&lt;/style&gt;&lt;script&gt;\\u202e&quot;&#39;</bdi>")
  expect(stdout).not.toContain("<script")
  expect(stdout.match(/<\/style>/g)).toHaveLength(1)
})

test.each([
  [["--last", "x"], "--last is whole days or weeks, as 7d or 2w: it is x"],
  [["--last", "7d", "--to", YESTERDAY], "--last says which days: leave out --day, --from and --to"],
  [["--from", TODAY, "--to", YESTERDAY], `--to is before --from: ${YESTERDAY} is before ${TODAY}`],
  [["--site", "barn"], "barn is not a site of this store, which has greenhouse"],
  [["--device", "tomatos"], "--device tomatos is neither an address nor a name in greenhouse, did you mean tomatoes?"],
  [["--device", "192.168.1.77"], "There is no device 192.168.1.77 in greenhouse"],
])("%p is one clear line, exit 2, and no file", async (args, message) => {
  expect(await run(...args)).toEqual({ stdout: "", stderr: `${message}\n`, exit: 2 })
})

test("of days before the first that is stored there is one line, exit 1, and no file", async () => {
  const { stdout, stderr, exit } = await run("--to", addDays(TODAY, -50))
  expect([stdout, exit]).toEqual(["", 1])
  expect(stderr).toEndWith(`Nothing is stored of greenhouse in these days: it has ${addDays(TODAY, -40)} to ${TODAY}\n`)
})

test("with an empty store there is one line, exit 1, and with none as `readings` has it", async () => {
  using empty = new Bench()
  const topology = (store: string) => changed(["address: 10.10.10.2", `address: 10.10.10.2\n  store: ${store}`])
  await Bun.write(join(empty.folder, "topology.yaml"), topology(empty.file))
  const { stdout, stderr, exit } = await runCommand(empty.folder, "report")
  expect([stdout, exit]).toEqual(["", 1])
  expect(stderr).toMatch(/^[^\n]*Nothing is stored yet\n$/)
  await Bun.write(join(empty.folder, "topology.yaml"), topology("nowhere.db"))
  expect(await runCommand(empty.folder, "report")).toEqual(await runCommand(empty.folder, "readings"))
})
