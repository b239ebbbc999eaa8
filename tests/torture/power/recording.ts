// A network's days under strace, with a kill -9 in the middle: everything that its databases write, in order.
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { Disk } from "./disk"
import { MARKS_FILE } from "./marks"
import { type Event, readTrace, TRACED_CALLS } from "./trace"
import { SPOOL_FILE, STORE_FILE } from "./workload"

export type Synchronous = "FULL" | "NORMAL"

const FIRST_KILL = 30 // fsyncs; both databases are made by then
const KILLS = 150
const TIME_LIMIT_MS = 120_000
const QUICK = "--seccomp-bpf" // stops at the traced calls only; strace 6.1 then injects no signals

/** Whether this machine can record. */
export const canRecord = (): boolean => process.platform === "linux" && Bun.which("strace") !== null

/**
 * Runs the workload of this seed in `folder`, which must be empty. The first process is killed as it enters one of its
 * fsyncs, the second goes on to the end.
 * @throws Error when the second process fails, or when the trace does not add up to the files that are there
 */
export async function record(folder: string, seed: number, synchronous: Synchronous): Promise<Event[]> {
  const kill = `inject=fsync,fdatasync:signal=KILL:when=${FIRST_KILL + (seed % KILLS)}`
  const first = await traced(folder, seed, synchronous, "first", ["-e", kill])
  // without FULL there may be too few fsyncs for that
  const isKilled = first.signal === "SIGKILL" || (first.exitCode === 0 && synchronous !== "FULL")
  if (!isKilled) throw new Error(`seed ${seed}: the first process was not killed: ${first.errors}`)
  const second = await traced(folder, seed, synchronous, "second", [QUICK])
  if (second.exitCode !== 0) throw new Error(`seed ${seed}: the recorded process failed: ${second.errors}`)
  const events = [...readTrace(first.trace + second.trace, folder)]
  checkComplete(events, folder)
  return events
}

async function traced(folder: string, seed: number, synchronous: Synchronous, name: string, extra: string[]) {
  const output = join(folder, `${name}.trace`)
  const strace = ["strace", "-f", "-y", "-xx", "-s", "1000000", "-o", output, "-e", `trace=${TRACED_CALLS}`, ...extra]
  const recorder = [process.execPath, join(import.meta.dir, "record.ts"), folder, String(seed), synchronous]
  const child = Bun.spawn([...strace, ...recorder], { stdout: "ignore", stderr: "pipe", timeout: TIME_LIMIT_MS })
  const errors = await new Response(child.stderr).text()
  const exitCode = await child.exited
  return { exitCode, signal: child.signalCode, errors, trace: existsSync(output) ? readFileSync(output, "latin1") : "" }
}

/** The events lead to exactly the bytes that are in the folder, and had what they are for: nothing was missed. */
function checkComplete(events: readonly Event[], folder: string): void {
  const disk = new Disk()
  const checkpointed = new Set<string>()
  let acknowledged = 0
  for (const event of events) {
    disk.apply(event)
    if (event.kind === "mark" && event.mark.kind === "acknowledged") acknowledged++
    if (event.kind === "write" && acknowledged > 0) checkpointed.add(event.file)
  }
  const never = [SPOOL_FILE, STORE_FILE].find((file) => !checkpointed.has(file))
  if (never !== undefined) throw new Error(`no checkpoint of ${never} after an acknowledgement was recorded`)
  const image = disk.imageAfter({ kind: "nothing" })
  for (const name of readdirSync(folder)) {
    if (name === MARKS_FILE || /\.trace$|-shm$|\.reserve$/.test(name)) continue
    const recorded = image.get(name)
    if (recorded && Buffer.compare(readFileSync(join(folder, name)), recorded) === 0) continue
    throw new Error(`${name} is not what was recorded of it`)
  }
}
