// The machines suites: spools and stores that are lost, restored and swapped, other names and clocks, strangers and drops, in
// simulated time; every acknowledged reading is looked for at the end. Of the store in a file, and on a PostgreSQL server.
import { availableParallelism } from "node:os"
import { missingPostgres } from "../../postgres"
import type { Store } from "../engine"
import { inTurn, play } from "../processes"
import type { Planted, TortureOptions, TortureResult, TortureSuite } from "../suite"
import type { Counts } from "./course"
import { FAULTS, type Fault, PLANTED, type Planting } from "./faults"
import type { Job, Played } from "./worker"

const COURSES = 10_000
const COURSES_A_PROCESS = 250 // what was killed is not always collected
const PLANTED_COURSES = 300
const AGAIN_SHARE = 0.01 // are played once more, for their traces
const SAID_EVERY = 250
const OPTIMISED_FROM = 200 // courses of a process: before, JavaScriptCore's last optimisation costs more than it gains
const WORKER = `${import.meta.dir}/worker.ts`
/** How a planted fault has to show: what else fails might be the planting. */
const HARM = /^\S+ (stranger: )?(lost|nobody sent|a tick is wrong|dropped, and back|left the store|a stranger's|not so)/

export const machines: TortureSuite = {
  name: "machines",
  short: 0.002,
  run: (options) => run("file", options),
}

export const machinesPostgres: TortureSuite = {
  name: "machines-postgres",
  short: 0.001,
  missing: () => missingPostgres,
  run: (options) => run("server", options),
}

async function run(store: Store, { scale, seed, say }: TortureOptions): Promise<TortureResult> {
  const courses = Math.max(1, Math.round(COURSES * scale))
  const seeds = Array.from({ length: courses }, (_, index) => seed + index)
  const again = seeds.slice(0, Math.ceil(courses * AGAIN_SHARE))
  const processes = Math.max(availableParallelism(), Math.ceil(courses / COURSES_A_PROCESS))
  const failures: string[] = []
  const played: Played[] = []
  const planted: Planted[] = []
  const told = (result: Played) => {
    played.push(result)
    if (played.length % SAID_EVERY === 0) say(`machines: ${played.length} of ${courses} courses`)
  }
  const partOf = (part: number): Job => ({
    store,
    directed: { of: processes, part },
    seeds: seeds.filter((_, index) => index % processes === part),
    again: again.filter((_, index) => (index + 1) % processes === part),
  })
  await inTurn([
    ...Array.from({ length: processes }, (_, part) => () => playCourses(partOf(part), told, failures)),
    ...PLANTED[store].map((fault, index) => async () => {
      planted[index] = await plant(fault, store, seed, failures)
    }),
  ])
  for (const { course, failures: own } of played)
    failures.push(...own.map((failure) => `${nameOf(course, store)}: ${failure}`))
  failures.push(...differing(played, store))
  const random = played.filter(({ course, again: isAgain }) => typeof course === "number" && !isAgain)
  if (random.length < courses) failures.push(`${courses - random.length} courses were not played to their end`)
  return {
    work: describe(played),
    failures,
    planted,
    figures: { "played twice": String(again.length) },
  }
}

function describe(played: readonly Played[]): string {
  const first = played.filter(({ again }) => !again)
  const total = (key: keyof Counts) => first.reduce((sum, { counts }) => sum + counts[key], 0).toLocaleString("en")
  const seeded = first.filter(({ course }) => typeof course === "number").length
  return [
    `${seeded.toLocaleString("en")} courses and ${first.length - seeded} directed ones`,
    `${total("replaced")} machines replaced`,
    `${total("strangers")} strangers' messages`,
    `${total("ticks")} ticks`,
    `${total("readings")} readings looked for`,
  ].join(", ")
}

const playCourses = (job: Job, onPlayed: (played: Played) => void, failures: string[]): Promise<void> =>
  play({ worker: WORKER, job, isOptimised: job.seeds.length >= OPTIMISED_FROM, onPlayed, failures })

async function plant(fault: Fault, store: Store, seed: number, failures: string[]): Promise<Planted> {
  const { shownBy }: Planting = FAULTS[fault]
  const seeds = Array.from({ length: PLANTED_COURSES }, (_, index) => seed + index)
  let count = 0
  let harm: string | undefined
  const onPlayed = ({ failures: shown }: Played) => {
    count++
    harm ??= shown.find((failure) => HARM.test(failure))
  }
  await playCourses({ store, seeds, fault, directed: shownBy === undefined ? [] : [shownBy] }, onPlayed, failures)
  const detail = harm === undefined ? `not within ${count} courses` : `course ${count}: ${harm.replace(/^\S+ /, "")}`
  return { fault, caught: harm !== undefined, detail }
}

/** What brings it back. */
function nameOf(course: number | string, store: Store): string {
  const isSeed = typeof course === "number"
  const job: Job = { store, ...(isSeed ? { seeds: [course] } : { seeds: [], directed: [course] }), tells: true }
  const name = isSeed ? `seed ${course}` : `the course "${course}"`
  return `${name} (bun tests/torture/machines/worker.ts '${JSON.stringify(job)}')`
}

function differing(played: readonly Played[], store: Store): string[] {
  const traces = new Map(played.filter(({ again }) => !again).map(({ course, trace }) => [course, trace]))
  return played
    .filter(({ course, trace }) => traces.get(course) !== trace)
    .map(({ course }) => `${nameOf(course, store)}: played again, it went otherwise`)
}
