// Work that is played in processes of its own, as many at a time as there are processors.
import { availableParallelism } from "node:os"

interface Play<Job, Played> {
  /** The programme that plays: its job as JSON in argv[2], what it played a line of JSON each on stdout. */
  readonly worker: string
  readonly job: Job
  /** Whether JavaScriptCore's last optimisation is worth its cost: in a long job. */
  readonly isOptimised: boolean
  readonly onPlayed: (played: Played) => void
  /** Gets what the process says of its end, unless it ends well. */
  readonly failures: string[]
}

export async function play<Job, Played>({ worker, job, isOptimised, onPlayed, failures }: Play<Job, Played>) {
  const child = Bun.spawn([process.execPath, worker, JSON.stringify(job)], {
    stderr: "pipe",
    env: { ...process.env, ...(!isOptimised && { BUN_JSC_useFTLJIT: "0" }) },
  })
  const said = new Response(child.stderr).text()
  let rest = ""
  for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
    const lines = `${rest}${chunk}`.split("\n")
    rest = lines.pop() ?? ""
    for (const line of lines) onPlayed(JSON.parse(line))
  }
  const code = await child.exited
  if (code !== 0) failures.push(`a process ended with ${code}: ${JSON.stringify(job)}\n${await said}`)
}

export async function inTurn(jobs: readonly (() => Promise<void>)[]): Promise<void> {
  const queue = jobs.values()
  const work = async () => {
    for (const job of queue) await job()
  }
  await Promise.all(Array.from({ length: availableParallelism() }, work))
}
