// How often the store is asked: each time may be a round trip to a server.
import { expect, test } from "bun:test"
import type { Change, Value, WritableTables } from "../../../src/cloud/store/tables"
import { addDays } from "../../../src/survey/calendar"
import { Bench } from "../fixtures"
import { readings, type Sent, sqliteTables, WatchedSiteOn } from "./fixture"

class CountedTables implements WritableTables {
  count = 0

  constructor(private readonly tables: WritableTables) {}

  get dialect() {
    return this.tables.dialect
  }

  all<Row>(sql: string, ...values: readonly Value[]): Promise<Row[]> {
    this.count++
    return this.tables.all<Row>(sql, ...values)
  }

  get<Row>(sql: string, ...values: readonly Value[]): Promise<Row | undefined> {
    this.count++
    return this.tables.get<Row>(sql, ...values)
  }

  change(changes: readonly Change[]): Promise<readonly number[]> {
    this.count++
    return this.tables.change(changes)
  }
}

const DRY = readings([20, 12], [21, 30])
const WELL = readings([20, 50], [21, 51])
const SAME = readings([18, 33], [18, 33])
const MISSING = { missing: "no file" }

/** Of so many devices, to all of which the same happens: everything that begins and ends. */
async function countOf(size: number): Promise<number> {
  using bench = new Bench()
  const tables = new CountedTables(sqliteTables(bench))
  const devices = Array.from({ length: size }, (_, index) => ({ ip: `192.168.${2 + index}.1` }))
  const all = (sent: Sent) => Object.fromEntries(devices.map(({ ip }) => [ip, sent]))
  const site = new WatchedSiteOn(bench, () => tables, "{ dry: 20, silent: 2d, stuck: 3d }", devices)
  for (const sent of [DRY, SAME, SAME, SAME, "", MISSING, MISSING]) await site.run(all(sent))
  await site.close(addDays(site.day, -1), all(DRY), false) // late, of devices of which nothing newer is there
  await site.run(all({ refused: "line 1: too hot" }))
  await site.run(all(WELL))
  const told = site.told.join("\n")
  const words = [
    "dry",
    "no longer dry",
    "stuck",
    "no longer stuck",
    "silent",
    "no longer silent",
    "refused",
    "taken again",
  ]
  for (const word of words) expect(told).toContain(word)
  return tables.count
}

test("Watch asks the store no more often for a hundred devices than for one", async () => {
  expect(await countOf(100)).toBe(await countOf(1))
})
