// Two processes that try cases; what they find, also when one of them hangs or dies.
import { availableParallelism } from "node:os"
import { join } from "node:path"
import { formatSlice, type Report, type Slice } from "./slice"
import { COST, FULL, isTargetName } from "./targets"

const SILENT_AFTER_MS = 120_000
const MOST_WORKERS = 8

interface WorkersOptions {
  readonly seed: number
  readonly scale: number
  readonly say: (line: string) => void
}

/** Tries every target's share of cases. Resolves with what failed. */
export async function runWorkers({ seed, scale, say }: WorkersOptions): Promise<string[]> {
  const workers = Math.min(MOST_WORKERS, Math.max(2, availableParallelism()))
  const all = await Promise.all(
    Array.from({ length: workers }, (_, worker) => {
      const slices = slicesOf(worker, workers, scale)
      return slices.length === 0 ? [] : runWorker(seed, slices, worker === 0 ? say : () => {})
    }),
  )
  return all.flat()
}

/** All cases lie side by side, each as wide as it is dear: a worker has its piece of that, and so few targets to compile. */
function slicesOf(worker: number, workers: number, scale: number): Slice[] {
  const targets = Object.keys(FULL)
    .filter(isTargetName)
    .map((name) => ({ name, cases: Math.round(FULL[name] * scale), cost: COST[name] }))
  const share = targets.reduce((sum, { cases, cost }) => sum + cases * cost, 0) / workers
  let before = 0
  return targets.flatMap(({ name, cases, cost }): Slice[] => {
    const caseAt = (place: number) => Math.min(cases, Math.max(0, Math.round((place - before) / cost)))
    const slice = { name, from: caseAt(share * worker), to: caseAt(share * (worker + 1)) }
    before += cases * cost
    return slice.from < slice.to ? [slice] : []
  })
}

async function runWorker(seed: number, slices: readonly Slice[], say: (line: string) => void): Promise<string[]> {
  const command = ["bun", join(import.meta.dir, "worker.ts"), String(seed), ...slices.map(formatSlice)]
  const child = Bun.spawn(command, { stdout: "pipe", stderr: "pipe" })
  const failures: string[] = []
  let rest = slices
  const again = () => `again: bun tests/torture/fuzz/worker.ts ${seed} ${rest.map(formatSlice).join(" ")}`
  const hang = () => {
    failures.push(`seed ${seed}: nothing for ${SILENT_AFTER_MS / 1000} s; ${again()}`)
    child.kill("SIGKILL")
  }
  let watch = setTimeout(hang, SILENT_AFTER_MS)
  const stderr = new Response(child.stderr).text()
  for await (const report of reportsOf(child.stdout)) {
    clearTimeout(watch)
    watch = setTimeout(hang, SILENT_AFTER_MS)
    if ("failure" in report) failures.push(report.failure)
    else {
      rest = restOf(slices, report)
      say(`fuzz: ${report.name} case ${report.next}`)
    }
  }
  clearTimeout(watch)
  const exit = await child.exited
  if (exit !== 0 && failures.length === 0) {
    failures.push(`seed ${seed}: a worker ended with ${exit}, said ${await stderr}; ${again()}`)
  }
  return failures
}

/** What a worker that told of this case has still before it. */
function restOf(slices: readonly Slice[], { name, next }: { name: string; next: number }): Slice[] {
  const at = slices.findIndex((slice) => slice.name === name)
  return slices.slice(at).map((slice, index) => (index === 0 ? { ...slice, from: next } : slice))
}

async function* reportsOf(stream: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<Report> {
  const decoder = new TextDecoder()
  let rest = ""
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n")
    rest = lines.pop() ?? ""
    for (const line of lines) yield JSON.parse(line)
  }
}
