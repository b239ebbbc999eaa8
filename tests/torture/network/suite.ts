// The network suites: the real devices, gateway and cloud in simulated time, over links that do what links do. Of the store in
// a file, and on a PostgreSQL server, the way to which is cut too.
import { availableParallelism } from "node:os"
import { missingPostgres } from "../../postgres"
import type { Store } from "../engine"
import { inTurn, play } from "../processes"
import type { Planted, TortureOptions, TortureResult, TortureSuite } from "../suite"
import { type Fault, PLANTED } from "./faults"
import type { Counts } from "./seed"
import type { Job, Played } from "./worker"

const RATES = [0.1, 0.2, 0.3, 0.5] // of datagrams lost
const SEEDS_A_RATE = 1000
const FEWEST_SEEDS_A_RATE = { file: 25, server: 6 } // each of fewer days, so that the days in all keep to the scale
const DAYS_A_YEAR = 365.25
const DAYS = 1000 * DAYS_A_YEAR
const FEWEST_DAYS = 8 // one is calm at the end, and something has to happen before
const TWICE_A_RATE = 2 // seeds that are played again, for their traces
const SEEDS_A_PROCESS = 100 // what was killed is not always collected
const SAID_EVERY = 100
const OPTIMISED_FROM_DAYS = 2000 // of a process: before, JavaScriptCore's last optimisation costs more than it gains
const PLANTED_SEEDS = 60
const PLANTED_DAYS = 18
const PLANTED_LOSS = 0.3
const WORKER = `${import.meta.dir}/worker.ts`
/** How a planted fault has to show: what else fails might be the planting. */
const HARM = /^\S+ (lost|wrong|doubled)/

export const network: TortureSuite = {
  name: "network",
  short: 0.005,
  run: (options) => run("file", options),
}

export const networkPostgres: TortureSuite = {
  name: "network-postgres",
  short: 0.001,
  missing: () => missingPostgres,
  run: (options) => run("server", options),
}

async function run(store: Store, { scale, seed, say }: TortureOptions): Promise<TortureResult> {
  const seedsARate = Math.max(FEWEST_SEEDS_A_RATE[store], Math.round(SEEDS_A_RATE * scale))
  const days = Math.max(FEWEST_DAYS, Math.round((DAYS * scale) / RATES.length / seedsARate))
  const seeds = RATES.flatMap((loss, rate) =>
    Array.from({ length: seedsARate }, (_, index) => [seed + rate * seedsARate + index, loss] as const),
  )
  const played: Played[] = []
  const planted: Planted[] = []
  const failures: string[] = []
  const told = (result: Played) => {
    played.push(result)
    if (played.length % SAID_EVERY === 0) say(`network: ${played.length} of ${seeds.length} seeds`)
  }

  const processes = Math.max(availableParallelism(), Math.ceil(seeds.length / SEEDS_A_PROCESS))
  const partOf = (part: number): Job => ({
    store,
    days,
    seeds: seeds.filter((_, index) => index % processes === part),
    again: seeds.filter((_, index) => index % seedsARate < TWICE_A_RATE && (index + 1) % processes === part),
  })
  await inTurn([
    ...PLANTED[store].map((fault, index) => async () => {
      planted[index] = await plant(fault, store, seed, failures)
    }),
    ...Array.from({ length: processes }, (_, part) => () => playSeeds(partOf(part), told, failures)),
  ])

  const again = played.filter((result) => result.again)
  const missing = seeds.length + RATES.length * TWICE_A_RATE - played.length
  if (missing > 0) failures.push(`${missing} seeds were not played to their end`)
  for (const result of played) failures.push(...describe(result, store, days))
  failures.push(...differing(played, store, days))
  return {
    work: `${played.length - again.length} seeds, ${Math.round((seeds.length * days) / DAYS_A_YEAR)} simulated years`,
    failures,
    planted,
    figures: { ...totals(played), "seeds played twice": again.length.toLocaleString("en") },
  }
}

function totals(played: readonly Played[]): Record<string, string> {
  const names: Record<keyof Counts, string> = {
    datagrams: "datagrams",
    lost: "of them lost",
    damaged: "damaged past the checksum",
    kills: "processes killed",
  }
  const keys = Object.keys(names) as (keyof Counts)[]
  const total = (key: keyof Counts) => played.reduce((sum, { counts }) => sum + counts[key], 0)
  return Object.fromEntries(keys.map((key) => [names[key], total(key).toLocaleString("en")]))
}

const playSeeds = (job: Job, onPlayed: (played: Played) => void, failures: string[]): Promise<void> =>
  play({ worker: WORKER, job, isOptimised: job.days * job.seeds.length >= OPTIMISED_FROM_DAYS, onPlayed, failures })

async function plant(fault: Fault, store: Store, seed: number, failures: string[]): Promise<Planted> {
  const seeds = Array.from({ length: PLANTED_SEEDS }, (_, index) => [seed + index, PLANTED_LOSS] as const)
  let count = 0
  let harm: string | undefined
  const onPlayed = (played: Played) => {
    count++
    harm ??= played.failures.find((failure) => HARM.test(failure))
  }
  await playSeeds({ store, seeds, days: PLANTED_DAYS, fault }, onPlayed, failures)
  const detail = harm === undefined ? `not within ${count} seeds` : `seed ${count}: ${harm.replace(/^\S+ /, "")}`
  return { fault, caught: harm !== undefined, detail }
}

const describe = (played: Played, store: Store, days: number): string[] =>
  played.failures.map((failure) => `${nameOf(played, store, days)}: ${failure}`)

/** What brings it back. */
function nameOf({ seed, loss }: Played, store: Store, days: number): string {
  const job: Job = { store, seeds: [[seed, loss]], days }
  return `seed ${seed} at ${100 * loss} % loss (bun tests/torture/network/worker.ts '${JSON.stringify(job)}')`
}

function differing(played: readonly Played[], store: Store, days: number): string[] {
  const first = played.filter(({ again }) => !again)
  const traces = new Map(first.map(({ seed, trace }) => [seed, trace]))
  return played
    .filter(({ seed, trace }) => traces.get(seed) !== trace)
    .map((again) => `${nameOf(again, store, days)}: played again, it went otherwise`)
}
