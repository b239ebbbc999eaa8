// Plays seeds in a process of its own and tells of each in a line: `bun worker.ts '{"seeds":[[4711,0.2]],"days":91}'`.
import { existsSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Engine, Store } from "../engine"
import { ON_POSTGRES } from "../postgres/patches"
import { patchSources } from "../sources"
import { FAULTS, type Fault } from "./faults"
import type { SeedResult } from "./seed"

export type Seed = readonly [seed: number, loss: number]

export interface Job {
  readonly store?: Store
  /** Each with its share of lost datagrams. */
  readonly seeds: readonly Seed[]
  /** Played behind them, to see whether they go as they went elsewhere. */
  readonly again?: readonly Seed[]
  /** How many each lasts. */
  readonly days: number
  /** It is put in, and the first seed that shows it is the last. */
  readonly fault?: Fault
}

export interface Played extends SeedResult {
  readonly seed: number
  readonly loss: number
  readonly again: boolean
}

const IN_MEMORY = "/dev/shm" // what is committed need not outlive the machine here

const { seeds, again = [], days, fault, store = "file" }: Job = JSON.parse(process.argv[2] ?? "")
if (store === "server") patchSources(ON_POSTGRES)
const changes = fault ? await FAULTS[fault]() : {}
if (store === "file") await playAll()
else {
  const { withEngine } = await import("../postgres/engine")
  await withEngine(playAll)
}

async function playAll(engine?: Engine): Promise<void> {
  const { saveTime, takeDatabases } = await import("./stage")
  const { playSeed } = await import("./seed")
  takeDatabases()
  saveTime()
  const folder = mkdtempSync(join(existsSync(IN_MEMORY) ? IN_MEMORY : tmpdir(), "network-"))
  try {
    for (const [index, [seed, loss]] of [...seeds, ...again].entries()) {
      const own = join(folder, `${index}`)
      const result = await playSeed({ seed, loss, days, folder: own, engine, ...changes })
      const played: Played = { seed, loss, again: index >= seeds.length, ...result }
      process.stdout.write(`${JSON.stringify(played)}\n`)
      if (fault && result.failures.length > 0) break
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}
