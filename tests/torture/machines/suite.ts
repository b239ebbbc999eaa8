// The machines suite: spools and stores that are lost, restored and swapped, other names and clocks, strangers and drops, in
// simulated time; every acknowledged reading is looked for at the end.
import { availableParallelism } from "node:os"
import { inTurn, play } from "../processes"
import type { Planted, TortureOptions, TortureResult, TortureSuite } from "../suite"
import type { Counts } from "./course"
import { FAULTS, type Fault, type Planting } from "./faults"
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

export const machines: TortureSuite = { name: "machines", short: 0.002, run }

async function run({ scale, seed, say }: TortureOptions): Promise<TortureResult> {
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
    directed: { of: processes, part },
    seeds: seeds.filter((_, index) => index % processes === part),
    again: again.filter((_, index) => (index + 1) % processes === part),
  })
  await inTurn([
    ...Array.from({ length: processes }, (_, part) => () => playCourses(partOf(part), told, failures)),
    ...(Object.keys(FAULTS) as Fault[]).map((fault, index) => async () => {
      planted[index] = await plant(fault, seed, failures)
    }),
  ])
  for (const { course, failures: own } of played)
    failures.push(...own.map((failure) => `${nameOf(course)}: ${failure}`))
  failures.push(...differing(played))
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

async function plant(fault: Fault, seed: number, failures: string[]): Promise<Planted> {
  const { shownBy }: Planting = FAULTS[fault]
  const seeds = Array.from({ length: PLANTED_COURSES }, (_, index) => seed + index)
  let count = 0
  let harm: string | undefined
  const onPlayed = ({ failures: shown }: Played) => {
    count++
    harm ??= shown.find((failure) => HARM.test(failure))
  }
  await playCourses({ seeds, fault, directed: shownBy === undefined ? [] : [shownBy] }, onPlayed, failures)
  const detail = harm === undefined ? `not within ${count} courses` : `course ${count}: ${harm.replace(/^\S+ /, "")}`
  return { fault, caught: harm !== undefined, detail }
}

/** What brings it back. */
const nameOf = (course: number | string): string =>
  typeof course === "number"
    ? `seed ${course} (bun tests/torture/machines/worker.ts '{"seeds":[${course}],"tells":true}')`
    : `the course "${course}" (bun tests/torture/machines/worker.ts '{"seeds":[],"directed":["${course}"],"tells":true}')`

function differing(played: readonly Played[]): string[] {
  const traces = new Map(played.filter(({ again }) => !again).map(({ course, trace }) => [course, trace]))
  return played
    .filter(({ course, trace }) => traces.get(course) !== trace)
    .map(({ course }) => `${nameOf(course)}: played again, it went otherwise`)
}
