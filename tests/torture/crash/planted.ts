// Faults that are put into the programme on purpose, each where it must show.
import { resolve } from "node:path"
import type { Planted } from "../suite"
import { runCycle } from "./cycle"
import type { Kill } from "./kill"
import type { Course } from "./plan"
import type { CycleOptions } from "./scene"

export interface Fault {
  readonly fault: string
  readonly file: string
  readonly cycle: Pick<CycleOptions, "role" | "start" | "grace">
  /** Where it may show, tried one after the other. */
  readonly kills: readonly (Kill | undefined)[]
  /** How it shows. */
  readonly shows: RegExp
}

const LOST = /[1-9]\d* are not in the store/
export const TRIES = 3 // on a busy machine a commit or a word may come first
export const COLLECTION = 9 // by then a collection is acknowledged: all surveys before it are marked as delivered
export const DIFFERED = /the cloud's store differed/

const faultsOf = (sends: number): Fault[] => [
  {
    fault: "acknowledge before commit",
    file: "acknowledge-before-commit",
    cycle: { role: "gateway", start: "kept", grace: "2s" },
    kills: Array(TRIES).fill({ at: "acknowledgement", index: 2 }),
    shows: LOST,
  },
  {
    fault: "acknowledge before commit, in the cloud",
    file: "acknowledge-before-commit",
    cycle: { role: "cloud", start: "kept" },
    kills: Array(TRIES).fill({ at: "acknowledgement", index: COLLECTION }),
    shows: DIFFERED,
  },
  {
    fault: "mark delivered before the cloud's word",
    file: "delivered-before-word",
    cycle: { role: "gateway", start: "fresh" },
    // the deliveries begin in the middle
    kills: Array.from({ length: sends }, (_, n) => ({
      at: "call",
      call: "sendto",
      index: 1 + ((n + (sends >> 1)) % sends),
    })),
    shows: new RegExp(`${LOST.source}|${DIFFERED.source}`),
  },
  {
    fault: "mark delivered without the revision",
    file: "delivered-without-revision",
    cycle: { role: "gateway", start: "fresh" },
    kills: Array(TRIES).fill(undefined),
    shows: DIFFERED,
  },
]

/** The faults that there are. */
export function faultsFor(courses: readonly Course[]): Fault[] {
  const course = courses.find(({ role, start }) => role === "gateway" && start === "fresh")
  return faultsOf(course?.calls.get("sendto") ?? 0)
}

/** Looks for one until it shows. */
export async function plant(
  { fault, file, cycle, kills, shows }: Fault,
  common: Pick<CycleOptions, "ground" | "programme" | "seed">,
): Promise<Planted> {
  for (const kill of kills) {
    const module = resolve(import.meta.dir, `faults/${file}.ts`)
    const { failures } = await runCycle({ ...common, ...cycle, kill, interleaved: true, fault: module })
    const shown = failures.find((failure) => shows.test(failure))
    if (shown !== undefined) return { fault, caught: true, detail: shown }
  }
  return { fault, caught: false, detail: `it did not show in ${kills.length} cycles` }
}
