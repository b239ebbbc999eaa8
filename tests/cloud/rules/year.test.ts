// A year of a site, day by day: a sensor that dies, one that swings around its threshold, one that freezes and recovers.
import { expect, test } from "bun:test"
import { addDays, type Day } from "../../../src/survey/calendar"
import { missingPostgres } from "../../postgres"
import type { Bench } from "../fixtures"
import type { OpenStore } from "../store/contract"
import { PostgresBench } from "../store/postgres/bench"
import { readings, type Sent, WatchedSite, WatchedSiteOn } from "./fixture"

const WITHIN_MS = 60_000 // 365 days of commits

const [TOMATOES, HERBS, LEMONS, BASIL] = ["192.168.1.2", "192.168.1.3", "192.168.1.4", "192.168.1.5"] as const
const DEVICES = [
  { ip: TOMATOES, name: "tomatoes" },
  { ip: HERBS, name: "herbs" },
  { ip: LEMONS, name: "lemons" },
  { ip: BASIL, name: "basil", rules: "{ dry: false, hot: 30 }" },
]
const RULES = "{ dry: 20, frost: 0, hot: 38, silent: 3d, stuck: 3d }"

const isBetween = (day: Day, from: Day, to: Day) => from <= day && day <= to

/** What comes on a day. */
function sentOn(day: Day, index: number): Record<string, Sent> {
  const winter = isBetween(day, "2026-01-10", "2026-01-12") ? -3 : 5
  const swinging = 20 + (index % 2 === 0 ? -1 : 1) // 19, 21, 19, …: below the threshold, and back within the band
  const dry = isBetween(day, "2026-05-01", "2026-06-29") ? swinging : 40 + (index % 7)
  const dead = isBetween(day, "2026-08-01", "2026-08-20")
  const frozen = isBetween(day, "2026-09-10", "2026-09-17")
  return {
    [TOMATOES]: readings([20, dry], [21, dry + 1]),
    [HERBS]: dead ? { missing: "surveys/herbs.txt not found" } : readings([20, 50], [22, 51 + (index % 3)]),
    [LEMONS]: frozen ? readings([18, 33], [18, 33]) : readings([winter, 60], [15 + (index % 5), 61]),
    [BASIL]: day === "2026-07-15" ? readings([25, 10], [31.5, 9]) : readings([25, 10], [26 + (index % 2), 11]),
  }
}

const TOLD = [
  "2026-01-10 ✖ 192.168.1.4 lemons: frost, -3 °C",
  "2026-01-13 ✔ 192.168.1.4 lemons: no frost any more, 5 °C",
  "2026-05-01 ✖ 192.168.1.2 tomatoes: dry, 19 %",
  ...[
    "2026-05-08",
    "2026-05-15",
    "2026-05-22",
    "2026-05-29",
    "2026-06-05",
    "2026-06-12",
    "2026-06-19",
    "2026-06-26",
  ].map((day, week) => `${day} … 192.168.1.2 tomatoes: dry, ${week % 2 === 0 ? 21 : 19} % since 1 May`),
  "2026-06-30 ✔ 192.168.1.2 tomatoes: no longer dry, 45 %",
  "2026-07-15 ✖ 192.168.1.5 basil: hot, 31.5 °C",
  "2026-07-16 ✔ 192.168.1.5 basil: no longer hot, 26 °C",
  "2026-08-01 ✖ 192.168.1.3 herbs: nothing came (surveys/herbs.txt not found)",
  "2026-08-03 ✖ 192.168.1.3 herbs: silent since 1 August",
  "2026-08-08 … 192.168.1.3 herbs: silent since 1 August; nothing came (surveys/herbs.txt not found) since 1 August",
  "2026-08-15 … 192.168.1.3 herbs: silent since 1 August; nothing came (surveys/herbs.txt not found) since 1 August",
  "2026-08-21 ✔ 192.168.1.3 herbs: no longer silent; it sends again, nothing of 1 August so far",
  "2026-09-12 ✖ 192.168.1.4 lemons: stuck at 18 °C, 33 % since 10 September",
  "2026-09-18 ✔ 192.168.1.4 lemons: no longer stuck",
]

/** @param beforeRun what a fault does before each run, or a machine that starts again */
async function yearOf<Opened extends OpenStore>(
  site: WatchedSiteOn<Opened>,
  beforeRun: (site: WatchedSiteOn<Opened>, index: number) => unknown = () => {},
): Promise<string[]> {
  for (let index = 0; index < 365; index++) {
    await beforeRun(site, index)
    await site.run(sentOn(addDays("2026-01-01", index), index))
  }
  return site.told
}

async function year(beforeRun?: (site: WatchedSiteOn<Bench>, index: number) => unknown): Promise<string[]> {
  using site = new WatchedSite(RULES, DEVICES)
  return await yearOf(site, beforeRun)
}

test(
  "Watch tells of a year exactly what begins and ends, and a reminder a week",
  async () => {
    expect(await year()).toEqual(TOLD)
  },
  WITHIN_MS,
)

test(
  "Watch tells the same when it starts again before each run",
  async () => {
    expect(await year((site, index) => index % 5 === 0 && site.reopen())).toEqual(TOLD)
  },
  WITHIN_MS,
)

test(
  "the list of a year catches an alert on each run while it holds",
  async () => {
    const told = await year(({ tables }) => tables.change([{ sql: "UPDATE alerts SET told = NULL", values: [] }]))
    expect(told.length).toBeGreaterThan(2 * TOLD.length)
  },
  WITHIN_MS,
)

test.skipIf(missingPostgres !== undefined)(
  "Watch tells the same of a store in PostgreSQL",
  async () => {
    const bench = await PostgresBench.open()
    expect(await yearOf(new WatchedSiteOn(bench, ({ tables }) => tables, RULES, DEVICES))).toEqual(TOLD)
    await bench.remove()
  },
  WITHIN_MS,
)
