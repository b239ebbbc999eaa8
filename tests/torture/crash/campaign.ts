// A campaign of kills: each kind of run is watched once without one, then one process after the other is killed, in lanes
// side by side; at last the faults that were put in on purpose are looked for.
import { existsSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Random } from "../../../src/clock"
import { seededRandom } from "../../virtual-clock"
import type { Planted, TortureOptions, TortureResult } from "../suite"
import { runCycle } from "./cycle"
import type { Engine } from "./engine"
import { Ground } from "./ground"
import { type CrashCase, describeCase, type Role, type Start } from "./kill"
import { type Course, countPoints, observe } from "./plan"
import { type Fault, plant } from "./planted"
import { Programme } from "./programme"
import { Recoveries } from "./recoveries"

export interface Campaign {
  readonly name: string
  readonly engine: Engine
  readonly kinds: readonly (readonly [Role, Start])[]
  /** Endless. */
  readonly plan: (courses: readonly Course[], random: Random) => IteratorObject<CrashCase>
  readonly faults: (courses: readonly Course[]) => readonly Fault[]
  readonly kills: number
}

const LANES = 2 // cycles at the same time
const CASES_A_KILL = 3 // a process may end before its kill
const IN_MEMORY = "/dev/shm" // what was written before a kill is there after it, on a disk or not
const SAY_EVERY = 250

/** A folder of one's own, in memory where that can be had. */
export const makeRoot = (): string =>
  mkdtempSync(join(existsSync(IN_MEMORY) ? IN_MEMORY : tmpdir(), "smart-meter-crash-"))

export async function wage(campaign: Campaign, options: Omit<TortureOptions, "scale">): Promise<TortureResult> {
  const root = makeRoot()
  try {
    return await wageIn(root, campaign, options)
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

async function wageIn(
  root: string,
  { name, engine, kinds, plan, faults, kills }: Campaign,
  { seed, say }: Omit<TortureOptions, "scale">,
): Promise<TortureResult> {
  const programme = await Programme.build(root)
  const grounds = Array.from({ length: LANES }, (_, lane) => new Ground(root, lane, engine))
  for (const ground of grounds) await ground.collectEarlier(seededRandom(seed))
  const failures: string[] = []
  const courses: Course[] = []
  await inLanes(grounds, kinds, async (kind, ground) => {
    const course = await observe(kind, ground, programme, seed)
    courses.push(course)
    for (const failure of course.failures)
      failures.push(`seed ${seed}, no kill: ${kind.join(", ")} databases: ${failure}`)
  })
  // whichever was first, the plan is the same
  const order = ({ role, start }: Course): number => kinds.findIndex(([r, s]) => r === role && s === start)
  courses.sort((a, b) => order(a) - order(b))
  say(`${name}: ${countPoints(courses)} points to be killed at, ${courses.map(describeCourse).join("; ")}`)

  let killed = 0
  const recoveries = new Recoveries()
  const startedAt = performance.now()
  const cases = plan(courses, seededRandom(seed)).take(CASES_A_KILL * kills)
  const numbered = cases.map((each, index) => ({ ...each, number: index + 1 }))
  await inLanes(grounds, numbered, async ({ number, ...each }, ground) => {
    if (killed >= kills) return
    const own = seed + number
    const interleaved = seededRandom(own)() < 0.5
    const result = await runCycle({ ...each, ground, programme, seed: own, interleaved })
    if (each.role !== "device") recoveries.note(each.role, result.recoveredMs) // a device gives no acknowledgements
    if (result.killed && ++killed % SAY_EVERY === 0) say(`${name}: ${killed} kills, ${failures.length} failures`)
    for (const found of result.failures) {
      const failure = `seed ${seed}, case ${number}: ${describeCase(each)}: ${found}`
      say(`✖ ${failure}`)
      failures.push(failure)
    }
  })
  const secondsAKill = (performance.now() - startedAt) / 1000 / killed
  if (killed < kills) failures.push(`seed ${seed}: only ${killed} of ${kills} processes were killed`)

  const planted: Planted[] = []
  await inLanes(grounds, faults(courses), async (fault, ground) => {
    planted.push(await plant(fault, { ground, programme, seed }))
  })
  return {
    work: `${killed} kills`,
    failures,
    planted,
    figures: {
      "points to be killed at": String(countPoints(courses)),
      "a kill": `${secondsAKill.toFixed(2)} s`,
      ...recoveries.figures(),
    },
  }
}

/** All of the work, as many pieces at a time as there are lanes. */
async function inLanes<T>(
  grounds: readonly Ground[],
  work: Iterable<T>,
  act: (piece: T, ground: Ground) => Promise<void>,
): Promise<void> {
  const queue = Iterator.from(work)
  const worker = async (ground: Ground) => {
    for (const piece of queue) await act(piece, ground)
  }
  await Promise.all(grounds.map(worker))
}

function describeCourse({ role, start, calls, acknowledgements }: Course): string {
  const counts = [...calls].map(([call, count]) => `${count} ${call}`)
  return `${role} (${start}): ${[...counts, `${acknowledgements} acknowledgements`].join(", ")}`
}
