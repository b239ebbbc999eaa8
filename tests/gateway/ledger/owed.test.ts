import { afterEach, beforeEach, expect, test } from "bun:test"
import { debtsOf, type Owed } from "../../../src/gateway/ledger/owed"
import { NeverComes } from "../../../src/gateway/report/never-comes"
import { addDays, type Day } from "../../../src/survey/calendar"
import { parseTopology } from "../../../src/topology/yaml/load"
import { SAMPLE } from "../../topology/sample"
import { Bench, DAY, HERBS, LEMONS, MORNING, NOW, TOMATOES } from "../fixtures"

const { devices } = parseTopology(
  SAMPLE.replace(
    /devices:\n( {2}- .*\n)+$/,
    `devices:
  - { ip: 192.168.1.2, name: tomatoes, survey: "{day}/one.txt" }
  - { ip: 192.168.1.3, name: herbs, survey: two.txt }
  - { ip: 192.168.1.4 }
`,
  ),
  "topology.yaml",
)
const ALL = [{ first: TOMATOES, last: LEMONS }]
const BEFORE = addDays(DAY, -1)

let bench: Bench
let told: string[]
beforeEach(() => {
  bench = new Bench()
  told = []
})
afterEach(() => bench[Symbol.dispose]())

async function run(day: Day, ...arrived: readonly number[]) {
  await bench.ledger.open(day, Date.parse(`${addDays(day, 1)}T05:00:00Z`), ALL)
  for (const address of arrived) await bench.accept(MORNING, address, day)
  await bench.ledger.close(day)
  await bench.spool.settle()
}

const lost = (retentionDays = 90) =>
  new NeverComes({
    sqlite: bench.database.sqlite,
    ledger: bench.ledger,
    timeZone: "Europe/Rome",
    retentionDays,
    now: bench.clock.now,
    log: { warn: (text) => told.push(text) },
  })

const daysOf = ({ devices: owing }: Owed) => owing.map(({ ip, days }) => [ip, ...days].join(" "))

test("debtsOf() tells what may still come from what cannot: from a source that holds one day, or of too long ago", async () => {
  for (const day of [addDays(DAY, -90), BEFORE, DAY]) await run(day)
  const reach = { lastRunDay: DAY, oldestDay: addDays(DAY, -89) }
  const debts = debtsOf(bench.database.sqlite, bench.ledger.all(), devices, reach)
  expect(daysOf(debts.owed)).toEqual([
    `192.168.1.2 ${BEFORE} ${DAY}`,
    `192.168.1.3 ${DAY}`,
    `192.168.1.4 ${BEFORE} ${DAY}`,
  ])
  expect(daysOf(debts.lost)).toEqual([
    "192.168.1.2 2026-08-23",
    `192.168.1.3 2026-08-23 ${BEFORE}`,
    "192.168.1.4 2026-08-23",
  ])
  expect([debts.owed.surveys, debts.lost.surveys]).toEqual([5, 4])
})

test("what comes after all, by hand, is lost no more", async () => {
  await run(BEFORE, TOMATOES, LEMONS)
  await run(DAY, TOMATOES, HERBS, LEMONS)
  const debts = () =>
    debtsOf(bench.database.sqlite, bench.ledger.all(), devices, { lastRunDay: DAY, oldestDay: "2026-01-01" })
  expect(debts().lost.surveys).toBe(1)
  await bench.take(MORNING, HERBS, BEFORE)
  await bench.spool.settle()
  expect(debts().lost).toMatchObject({ surveys: 0, devices: [] })
})

test("NeverComes.tell() names once what its source has forgotten: the last run's day and those that were missed", async () => {
  await run(addDays(DAY, -5))
  const teller = lost()
  const missed = [-4, -3, -2].map((days) => ({ day: addDays(DAY, days), scheduledAt: NOW + days * 86_400_000 }))
  await bench.ledger.miss(missed, ALL)
  teller.tell(BEFORE, devices)
  expect(told).toEqual(["Never comes: 192.168.1.3 herbs, 16 November to 19 November: two.txt holds one day only"])
  await run(BEFORE, HERBS)
  teller.tell(DAY, devices)
  teller.tell(DAY, devices)
  await run(DAY)
  expect(told).toHaveLength(1)
  lost().tell(addDays(DAY, 1), devices)
  expect(told[1]).toBe("Never comes: 192.168.1.3 herbs, 21 November: two.txt holds one day only")
})

test("NeverComes.tell() names once what has become too old, also when every run is a process of its own", async () => {
  const [first, ...others] = [-3, -2, -1, 0, 1].map((days) => addDays(DAY, days))
  if (first) await run(first, HERBS)
  for (const day of others) {
    bench.clock.set(Temporal.Instant.from(`${addDays(day, 1)}T05:00:00Z`).epochMilliseconds)
    lost(4).tell(day, devices) // on the 22nd the 18th is taken still
    expect(told).toHaveLength(day > DAY ? 2 : 0)
    await run(day, TOMATOES, HERBS, LEMONS)
  }
  bench.clock.set(NOW + 2 * 86_400_000)
  lost(4).tell(addDays(DAY, 2), devices)
  expect(told).toEqual([
    "Never comes: 192.168.1.2 tomatoes, 18 November: older than gateway.retention",
    "Never comes: 192.168.1.4, 18 November: older than gateway.retention",
  ])
})

test("NeverComes.tell() says nothing of the days before the first run, and counts what it does not name", async () => {
  lost().tell(DAY, devices)
  expect(told).toEqual([])
  const fleet = SAMPLE.replace(
    /devices:\n( {2}- .*\n)+$/,
    "devices:\n  - { ip: 192.168.1.2-192.168.1.250, survey: a.txt }\n",
  )
  await bench.ledger.open(DAY, NOW, [{ first: TOMATOES, last: TOMATOES + 248 }])
  lost().tell(addDays(DAY, 1), parseTopology(fleet, "topology.yaml").devices)
  expect(told).toHaveLength(11)
  expect(told.at(-1)).toBe("Never comes: more of the kind, 249 surveys in all")
})
