// Plays courses in a process of their own and tells of each in a line: `bun worker.ts '{"seeds":[4711]}'`.
import { existsSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Engine, Store } from "../engine"
import { ON_POSTGRES } from "../postgres/patches"
import { patchSources } from "../sources"
import type { CourseResult } from "./course"
import { FAULTS, type Fault } from "./faults"
import { FRONT_OF_CLOUD } from "./front-of-cloud"

export interface Job {
  readonly store?: Store
  readonly seeds: readonly number[]
  /** Directed courses, played before those: by name, or a part of all. */
  readonly directed?: readonly string[] | { readonly of: number; readonly part: number }
  /** Played behind them, to see whether they go as they went before. */
  readonly again?: readonly number[]
  /** It is put in, and the first course that shows it is the last. */
  readonly fault?: Fault
  /** Tells on stderr what happens. */
  readonly tells?: boolean
}

export interface Played extends CourseResult {
  /** A seed, or a directed course's name. */
  readonly course: number | string
  readonly again: boolean
}

const IN_MEMORY = "/dev/shm" // what is committed need not outlive the machine here

async function playAll({ seeds, again = [], directed = [], fault, tells = false }: Job, engine?: Engine) {
  const { setStage } = await import("./stage")
  const { DIRECTED, playDirected } = await import("./directed")
  const { playRandom } = await import("./random")
  setStage()
  const folder = mkdtempSync(join(existsSync(IN_MEMORY) ? IN_MEMORY : tmpdir(), "machines-"))
  const tell = tells ? (line: string) => process.stderr.write(`${line}\n`) : undefined
  const ground = { folder: join(folder, "course"), engine, tell }
  const named = "of" in directed ? DIRECTED.filter((_, index) => index % directed.of === directed.part) : directed
  const all = [...named, ...seeds, ...again]
  try {
    for (const [index, course] of all.entries()) {
      const result = await (typeof course === "string" ? playDirected(course, ground) : playRandom(course, ground))
      const played: Played = {
        course,
        again: index >= all.length - again.length,
        ...result,
      }
      process.stdout.write(`${JSON.stringify(played)}\n`)
      if (fault && result.failures.length > 0) break
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

if (import.meta.main) {
  const job: Job = JSON.parse(process.argv[2] ?? "")
  const { store = "file", fault } = job
  patchSources([FRONT_OF_CLOUD, ...(store === "server" ? ON_POSTGRES : []), ...(fault ? [FAULTS[fault]] : [])])
  if (store === "file") await playAll(job)
  else {
    const { withEngine } = await import("../postgres/engine")
    await withEngine((engine) => playAll(job, engine))
  }
}
