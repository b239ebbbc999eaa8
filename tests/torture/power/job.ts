// One recording and its replay, in a process of their own: job.ts SEED STATES FULL|NORMAL prints what came of it.
import { existsSync } from "node:fs"
import { mkdir, mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { spool, store } from "./contents"
import { Pledge } from "./pledge"
import { record, type Synchronous } from "./recording"
import { Replay, type Replayed } from "./replay"
import type { Event } from "./trace"
import { SPOOL_FILE, STORE_FILE } from "./workload"

const SPOOLS = 0.7 // of the states: more is written to a spool, and so there is more to lose

export interface Job {
  readonly seed: number
  readonly states: number
  readonly synchronous: Synchronous
}

/** Does the job in another process, so that several use several cores. Throws an Error with what it said when it fails. */
export async function runJob({ seed, states, synchronous }: Job): Promise<Replayed> {
  const command = [process.execPath, import.meta.path, String(seed), String(states), synchronous]
  // most of its time is SQLite's: the last stage of the compiler costs it more than it gives
  const env = { ...process.env, BUN_JSC_useFTLJIT: "0" }
  const child = Bun.spawn(command, { stdout: "pipe", stderr: "pipe", env })
  const [told, errors] = await Promise.all([child.stdout.text(), child.stderr.text()])
  if ((await child.exited) !== 0) throw new Error(errors)
  return JSON.parse(told)
}

async function work({ seed, states, synchronous }: Job, folder: string): Promise<Replayed> {
  const [recorded, replayed] = [join(folder, "recorded"), join(folder, "replayed")]
  await mkdir(recorded)
  await mkdir(replayed)
  const events = await record(recorded, seed, synchronous)
  const spools = new Replay(join(replayed, SPOOL_FILE), spool, (pledge, contents) => pledge.breachIn(contents))
  const stores = new Replay(join(replayed, STORE_FILE), store, (pledge, contents) => pledge.breachInStore(contents))
  const both = [
    await spools.run(events, SPOOL_FILE, Math.ceil(states * SPOOLS), seed),
    await stores.run(events, STORE_FILE, Math.floor(states * (1 - SPOOLS)), seed),
  ]
  const sum = (count: "states" | "broken") => both.reduce((total, each) => total + each[count], 0)
  const failures = [...both.flatMap((each) => each.failures), ...undelivered(events)]
  return { states: sum("states"), broken: sum("broken"), failures: failures.map((text) => `seed ${seed}, ${text}`) }
}

/** When all is over, every acknowledged survey must have reached the cloud. */
function undelivered(events: readonly Event[]): string[] {
  const pledge = new Pledge()
  for (const event of events) if (event.kind === "mark") pledge.note(event.mark)
  return pledge.undelivered().map((key) => `at the end: ${key} was acknowledged and has not reached the store`)
}

if (import.meta.main) {
  const [seed = "1", states = "1000", synchronous = "FULL"] = process.argv.slice(2)
  const memory = existsSync("/dev/shm") ? "/dev/shm" : tmpdir()
  const folder = await mkdtemp(join(memory, "power-cut-"))
  try {
    const job = { seed: Number(seed), states: Number(states), synchronous: synchronous as Synchronous }
    process.stdout.write(`${JSON.stringify(await work(job, folder))}\n`)
  } finally {
    await rm(folder, { recursive: true })
  }
}
