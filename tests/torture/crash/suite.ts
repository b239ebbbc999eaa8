// Crash: gateway, cloud and device killed at each system call of a full cycle that changes a disk or speaks to somebody,
// as soon as they acknowledge, and at random times. Nothing that was acknowledged is lost, nothing is doubled.
import { existsSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { seededRandom } from "../../virtual-clock"
import type { Planted, TortureOptions, TortureResult, TortureSuite } from "../suite"
import { runCycle } from "./cycle"
import { Ground } from "./ground"
import { describeCase } from "./kill"
import { COURSES, type Course, countPoints, observe, plan } from "./plan"
import { plantedFaults } from "./planted"
import { Programme } from "./programme"

const FULL_KILLS = 10_000
const LANES = 2 // cycles at the same time
const CASES_A_KILL = 3 // a process may end before its kill
const IN_MEMORY = "/dev/shm" // what was written before a kill is there after it, on a disk or not
const SAY_EVERY = 250

export const crash: TortureSuite = { name: "crash", short: 50 / FULL_KILLS, run }

/** Whether this machine can stop a process at a system call. */
export const canCrash = (): boolean =>
  process.platform === "linux" &&
  Bun.which("setpriv") !== null &&
  Bun.which("strace") !== null &&
  Bun.spawnSync(["strace", "-o", "/dev/null", "true"]).success

async function run({ scale, seed, say }: TortureOptions): Promise<TortureResult> {
  const root = mkdtempSync(join(existsSync(IN_MEMORY) ? IN_MEMORY : tmpdir(), "smart-meter-crash-"))
  try {
    return await runIn(root, Math.max(1, Math.round(FULL_KILLS * scale)), seed, say)
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

async function runIn(root: string, kills: number, seed: number, say: (line: string) => void): Promise<TortureResult> {
  const programme = await Programme.build(root)
  const grounds = Array.from({ length: LANES }, (_, lane) => new Ground(root, lane))
  for (const ground of grounds) await ground.collectEarlier(seededRandom(seed))
  const failures: string[] = []
  const courses: Course[] = []
  await inLanes(grounds, COURSES, async (kind, ground) => {
    const course = await observe(kind, ground, programme, seed)
    courses.push(course)
    for (const failure of course.failures)
      failures.push(`seed ${seed}, no kill: ${kind.join(", ")} databases: ${failure}`)
  })
  // whichever was first, the plan is the same
  courses.sort((a, b) => order(a) - order(b))
  say(`crash: ${countPoints(courses)} points to be killed at, ${courses.map(describeCourse).join("; ")}`)

  let killed = 0
  const startedAt = performance.now()
  const cases = plan(courses, seededRandom(seed)).take(CASES_A_KILL * kills)
  const numbered = cases.map((each, index) => ({ ...each, number: index + 1 }))
  await inLanes(grounds, numbered, async ({ number, ...each }, ground) => {
    if (killed >= kills) return
    const own = seed + number
    const interleaved = seededRandom(own)() < 0.5
    const result = await runCycle({ ...each, ground, programme, seed: own, interleaved })
    if (result.killed && ++killed % SAY_EVERY === 0) say(`crash: ${killed} kills, ${failures.length} failures`)
    for (const found of result.failures) {
      const failure = `seed ${seed}, case ${number}: ${describeCase(each)}: ${found}`
      say(`✖ ${failure}`)
      failures.push(failure)
    }
  })
  const secondsAKill = (performance.now() - startedAt) / 1000 / killed
  if (killed < kills) failures.push(`seed ${seed}: only ${killed} of ${kills} processes were killed`)

  const planted: Planted[] = []
  await inLanes(grounds, plantedFaults(programme, courses, seed), async (plant, ground) => {
    planted.push(await plant(ground))
  })
  return {
    work: `${killed} kills`,
    failures,
    planted,
    figures: { "points to be killed at": String(countPoints(courses)), "a kill": `${secondsAKill.toFixed(2)} s` },
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

const order = ({ role, start }: Course): number => COURSES.findIndex(([r, s]) => r === role && s === start)

function describeCourse({ role, start, calls, acknowledgements }: Course): string {
  const counts = [...calls].map(([call, count]) => `${count} ${call}`)
  return `${role} (${start}): ${[...counts, `${acknowledgements} acknowledgements`].join(", ")}`
}
