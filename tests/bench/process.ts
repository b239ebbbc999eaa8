// A process that runs until it is told to end: when it was ready, what it holds, what it burns, when it has gone quiet.
import { dlopen } from "bun:ffi"

const READY_WITHIN_MS = 10_000

export interface Idler extends AsyncDisposable {
  /** From the spawn to the line that says so. */
  readonly readyMs: number
  readonly memory: () => Promise<Memory>
  /** Processor time of all its threads since its start. */
  readonly cpuMs: () => number
}

/** Of a process, in bytes (proc_pid_smaps(5)). */
export interface Memory {
  /** What it wrote: its own, whoever else runs, and what only its end gives back. */
  readonly privateDirty: number
  /** Parts of files, such as Bun's executable, that it alone has mapped just now: the kernel may drop them. */
  readonly privateClean: number
}

/** Starts it and waits until a line on its standard error matches. Throws what it said instead. */
export async function startIdler(command: string[], cwd: string, ready: RegExp): Promise<Idler> {
  const startedAt = performance.now()
  const child = Bun.spawn(command, { cwd, stdout: "ignore", stderr: "pipe" })
  const giveUp = setTimeout(() => child.kill(), READY_WITHIN_MS)
  const said = await readUntil(child.stderr, ready)
  const readyMs = performance.now() - startedAt
  clearTimeout(giveUp)
  if (!ready.test(said)) {
    child.kill()
    throw new Error(`${command.join(" ")} is not ready: ${said}`)
  }
  return {
    readyMs,
    memory: () => readMemory(child.pid),
    cpuMs: () => readCpuMs(child.pid),
    async [Symbol.asyncDispose]() {
      child.kill()
      await child.exited
    },
  }
}

async function readUntil(stream: ReadableStream<Uint8Array<ArrayBuffer>>, wanted: RegExp): Promise<string> {
  const decoder = new TextDecoder()
  const reader = stream.getReader()
  let text = ""
  while (!wanted.test(text)) {
    const { value, done } = await reader.read()
    if (done) break
    text += decoder.decode(value, { stream: true })
  }
  reader.releaseLock()
  return text
}

export async function readMemory(pid: number): Promise<Memory> {
  const rollup = await Bun.file(`/proc/${pid}/smaps_rollup`).text()
  const bytes = (field: string) => Number(new RegExp(`^${field}: +(\\d+) kB$`, "m").exec(rollup)?.[1]) * 1024
  return { privateDirty: bytes("Private_Dirty"), privateClean: bytes("Private_Clean") }
}

const openLibc = () =>
  dlopen("libc.so.6", {
    clock_getcpuclockid: { args: ["i32", "ptr"], returns: "i32" },
    clock_gettime: { args: ["i32", "ptr"], returns: "i32" },
  }).symbols

let libc: ReturnType<typeof openLibc> | undefined

/** /proc/PID/stat counts in hundredths of a second, which is too coarse for a process that sleeps. */
export function readCpuMs(pid: number): number {
  libc ??= openLibc()
  const clock = new Int32Array(1)
  const time = new BigInt64Array(2) // struct timespec: seconds, nanoseconds
  if (libc.clock_getcpuclockid(pid, clock) !== 0 || libc.clock_gettime(clock[0] ?? 0, time) !== 0) {
    throw new Error(`process ${pid} has no clock: it has ended`)
  }
  return Number(time[0]) * 1000 + Number(time[1]) / 1e6
}

const QUIET_MS = 2000 // more than the second of quiet that the gateway waits for before it puts in order
const MOST_WHEN_QUIET = 0.01 // of a processor: a role that waits takes 0.05 %

/** Resolves when the process has done next to nothing for a while: what came has been worked off. */
export async function untilQuiet(pid: number): Promise<void> {
  let cpuMs = readCpuMs(pid)
  for (;;) {
    await Bun.sleep(QUIET_MS)
    const before = cpuMs
    cpuMs = readCpuMs(pid)
    if (cpuMs - before <= QUIET_MS * MOST_WHEN_QUIET) return
  }
}
