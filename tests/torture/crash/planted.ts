// Faults that are put into the programme on purpose, each where it must show.
import { resolve } from "node:path"
import type { Planted } from "../suite"
import { runCycle } from "./cycle"
import type { Ground } from "./ground"
import type { Kill } from "./kill"
import type { Course } from "./plan"
import type { Programme } from "./programme"
import type { CycleOptions } from "./scene"

interface Fault {
  readonly fault: string
  readonly file: string
  readonly cycle: Pick<CycleOptions, "role" | "start" | "grace">
  /** Where it may show, tried one after the other. */
  readonly kills: readonly (Kill | undefined)[]
  /** How it shows. */
  readonly shows: RegExp
}

const LOST = /[1-9]\d* are not in the store/
const TRIES = 3 // on a busy machine a commit or a word may come first
const COLLECTION = 9 // by then a collection is acknowledged: all surveys before it are marked as delivered
const DIFFERED = /the cloud's store differed/

const faultsFor = (sends: number): Fault[] => [
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

/** The faults that there are, each as work for a lane. */
export function plantedFaults(programme: Programme, courses: readonly Course[], seed: number) {
  const course = courses.find(({ role, start }) => role === "gateway" && start === "fresh")
  return faultsFor(course?.calls.get("sendto") ?? 0).map((fault) => (ground: Ground) => {
    return plant(fault, { ground, programme, seed })
  })
}

async function plant(
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
