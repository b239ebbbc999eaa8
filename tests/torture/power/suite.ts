// Power cuts: what the databases write is recorded, and replayed up to any point since the last fsync.
import type { Planted, TortureResult, TortureSuite } from "../suite"
import { type Job, runJob } from "./job"
import { canRecord, type Synchronous } from "./recording"
import type { Replayed } from "./replay"

const STATES = 1_000_000
const FAULTY_STATES = 20_000
const STATES_A_RECORDING = 25_000

export const power: TortureSuite = {
  name: "power",
  short: 0.05,

  async run({ scale, seed, say }): Promise<TortureResult> {
    if (!canRecord()) return { work: "0 states", failures: ["strace on Linux is needed to record"], planted: [] }
    const jobs = jobsFor(Math.ceil(scale * STATES), seed, "FULL")
    const faulty = jobsFor(Math.ceil(scale * FAULTY_STATES), seed, "NORMAL")
    const results = await inParallel([...jobs, ...faulty], say)
    const sound = sumOf(results.slice(0, jobs.length))
    return {
      work: `${sound.states.toLocaleString("en")} states`,
      failures: sound.failures,
      planted: [plantedNormal(sumOf(results.slice(jobs.length)))],
      figures: { recordings: String(jobs.length) },
    }
  },
}

/** As many recordings as the number of states asks for, each with a seed of its own. */
function jobsFor(states: number, seed: number, synchronous: Synchronous): Job[] {
  const recordings = Math.ceil(states / STATES_A_RECORDING)
  const each = Math.ceil(states / recordings)
  return Array.from({ length: recordings }, (_, index) => ({ seed: seed + index, states: each, synchronous }))
}

async function inParallel(jobs: readonly Job[], say: (line: string) => void): Promise<Replayed[]> {
  const results: Replayed[] = []
  const queue = jobs.entries()
  const work = async () => {
    for (const [index, job] of queue) {
      const result = await attempt(job)
      results[index] = result
      say(`seed ${job.seed}, synchronous=${job.synchronous}: ${result.broken} of ${result.states} states broken`)
    }
  }
  const lanes = navigator.hardwareConcurrency + 1 // a job waits for strace, too
  await Promise.all(Array.from({ length: lanes }, work))
  return results
}

async function attempt(job: Job): Promise<Replayed> {
  try {
    return await runJob(job)
  } catch (error) {
    return { states: 0, broken: 0, failures: [`seed ${job.seed}: ${error}`] }
  }
}

const sumOf = (results: readonly Replayed[]): Replayed => ({
  states: results.reduce((sum, { states }) => sum + states, 0),
  broken: results.reduce((sum, { broken }) => sum + broken, 0),
  failures: results.flatMap(({ failures }) => failures),
})

function plantedNormal({ states, broken, failures }: Replayed): Planted {
  const counted = `acknowledged readings lost in ${broken.toLocaleString("en")} of ${states.toLocaleString("en")} states`
  const detail = broken > 0 ? counted : `${counted}. ${failures[0] ?? ""}`
  return { fault: "synchronous=NORMAL", caught: broken > 0, detail }
}
