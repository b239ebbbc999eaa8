// What `readings` writes for programs, read back by parsers of others: Python's csv, json and datetime.
import { afterAll, beforeAll, expect, test } from "bun:test"
import { join } from "node:path"
import type { Day } from "../../src/survey/calendar"
import { Bench, deliveryOf, SPOOL, TIME_ZONE, TOMATOES } from "../cloud/fixtures"
import { runCommand } from "../commands/command"
import { changed } from "../topology/sample"
import { describeWith, runPeer } from "./peers"

const CHANGE: Day = "2026-10-25"
const TWICE = "02:15 - -1.5 - 30%\n02:45 - 2 - 0.25%\n02:15 - 3 - 100%\n"
const NAMES = ['tomatoes, "red"', "two\nlines", "=1+1", "café 🌱; north", ""]

/** The rows of a file as JSON, each with its timestamp in seconds since 1970. */
const AS_ROWS = `
import csv, datetime, json, sys
how, file = sys.argv[1:]
with open(file, newline="", encoding="utf-8") as lines:
    rows = list(csv.DictReader(lines)) if how == "csv" else [json.loads(line) for line in lines]
for row in rows:
    row["at"] = datetime.datetime.fromisoformat(row["timestamp"]).timestamp()
print(json.dumps(rows))
`

interface Row {
  readonly device: string
  readonly time: string
  readonly temperature: string | number
  readonly humidity: string | number
  readonly name: string | null
  readonly at: number
}

describeWith(["python3"], "Python", () => {
  let bench: Bench
  beforeAll(async () => {
    bench = new Bench()
    const devices = NAMES.map((name, n) => ({ ip: `192.168.1.${n + 2}`, name }))
    await bench.store.describeSite("farm", { timeZone: TIME_ZONE, devices, spool: SPOOL })
    for (const n of NAMES.keys()) {
      await bench.store.deliver("farm", deliveryOf(TWICE, { revision: 1, day: CHANGE, address: TOMATOES + n }))
    }
    const yaml = changed(["address: 10.10.10.2", `address: 10.10.10.2\n  store: ${bench.file}`])
    await Bun.write(join(bench.folder, "topology.yaml"), yaml)
  })
  afterAll(() => bench[Symbol.dispose]())

  async function rowsOf(format: string): Promise<Row[]> {
    const { stdout, exit } = await runCommand(bench.folder, "readings", "--site", "farm", "--format", format)
    expect(exit).toBe(0)
    const file = join(bench.folder, `readings.${format}`)
    await Bun.write(file, stdout)
    return JSON.parse((await runPeer("python3", ["-c", AS_ROWS, format, file])).stdout)
  }

  test.each([
    ["csv", ['tomatoes, "red"', "two\nlines", "'=1+1", "café 🌱; north", ""]],
    ["jsonl", ['tomatoes, "red"', "two\nlines", "=1+1", "café 🌱; north", null]],
  ])("reads %s: every name, value and instant", async (format, names) => {
    const rows = await rowsOf(format)
    expect(rows.map(({ name }) => name)).toEqual(names.flatMap((name) => [name, name, name]))
    expect(rows.slice(0, 3).map(({ temperature, humidity }) => [Number(temperature), Number(humidity)])).toEqual([
      [-1.5, 30],
      [2, 0.25],
      [3, 100],
    ])
    expect(rows.slice(0, 3).map(({ at }) => at * 1000)).toEqual([
      Date.parse("2026-10-25T00:15:00Z"),
      Date.parse("2026-10-25T00:45:00Z"),
      Date.parse("2026-10-25T01:15:00Z"),
    ])
  })
})
