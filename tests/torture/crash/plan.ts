// Which kills: first a run of every kind without one, its system calls counted; then all of them in turn.
import { readFileSync } from "node:fs"
import { join } from "node:path"
import type { Random } from "../../../src/clock"
import { runCycle } from "./cycle"
import type { Ground } from "./ground"
import type { CrashCase, Kill, Role, Start } from "./kill"
import type { Programme } from "./programme"

/** How a process of this role fares that nobody kills. */
export interface Course {
  readonly role: Role
  readonly start: Start
  /** System calls of the thread that makes most of them. */
  readonly calls: ReadonlyMap<string, number>
  readonly acknowledgements: number
  readonly elapsedMs: number
  readonly failures: readonly string[]
}

export const COURSES: readonly (readonly [Role, Start])[] = [
  ["gateway", "fresh"],
  ["gateway", "kept"],
  ["cloud", "fresh"],
  ["cloud", "kept"],
  ["device", "fresh"],
  ["device", "kept"],
]

const RANDOM_TIMES = 10 // of each role and start, in every round

/** Runs a cycle to its end and counts. */
export async function observe(
  [role, start]: readonly [Role, Start],
  ground: Ground,
  programme: Programme,
  seed: number,
): Promise<Course> {
  const traceTo = join(ground.folder, "..", `${role}-${start}.trace`)
  const run = await runCycle({ ground, programme, role, start, seed, interleaved: true, traceTo })
  const { failures, elapsedMs, acknowledgements } = run
  const calls = countCalls(readFileSync(traceTo, "utf8"))
  return { role, start, calls, acknowledgements, elapsedMs, failures }
}

/** Of each call the most that one thread makes: strace counts thread by thread. */
export function countCalls(trace: string): Map<string, number> {
  const most = new Map<string, number>()
  const counts = new Map<string, number>()
  for (const [, thread, call = ""] of trace.matchAll(/^(\d+) +(\w+)\(/gm)) {
    const count = (counts.get(`${thread} ${call}`) ?? 0) + 1
    counts.set(`${thread} ${call}`, count)
    most.set(call, Math.max(count, most.get(call) ?? 0))
  }
  return most
}

/** Every point of every kind once, kind by kind in turn, so that any few are spread over all; then again, and so on. */
export function* plan(courses: readonly Course[], random: Random): Generator<CrashCase> {
  for (;;) {
    const kinds = courses.flatMap((course) => kindsOf(course, random))
    for (let left = shuffled(kinds, random); left.length > 0; left = left.filter((kind) => kind.length > 0)) {
      for (const kind of left) {
        const next = kind.pop()
        if (next) yield next
      }
    }
  }
}

/** How many points there are. */
export const countPoints = (courses: readonly Course[]): number =>
  courses.reduce((sum, { calls, acknowledgements, role }) => {
    return sum + [...calls.values()].reduce((a, b) => a + b, 0) + (role === "device" ? 0 : acknowledgements)
  }, 0)

function kindsOf({ role, start, calls, acknowledgements, elapsedMs }: Course, random: Random): CrashCase[][] {
  const cases = (kills: readonly Kill[]) => shuffled(kills, random).map((kill) => ({ role, start, kill }))
  const atCalls = [...calls].map(([call, count]) => cases(counted(count, (index) => ({ at: "call", call, index }))))
  // a device gives none
  const given = role === "device" ? 0 : acknowledgements
  const atTimes = counted(RANDOM_TIMES, () => ({ at: "time", afterMs: Math.floor(random() * elapsedMs) }) as const)
  return [...atCalls, cases(counted(given, (index) => ({ at: "acknowledgement", index }))), cases(atTimes)]
}

const counted = (count: number, make: (index: number) => Kill): Kill[] =>
  Array.from({ length: count }, (_, index) => make(index + 1))

function shuffled<T>(list: readonly T[], random: Random): T[] {
  return list
    .map((item) => ({ item, place: random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item)
}
