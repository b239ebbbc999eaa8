// System calls that fail when told to (strace(1), "Tampering"): which ones a process makes on its databases, in order.
import { readFileSync } from "node:fs"
import { dirname } from "node:path"
import { pause, systemClock } from "../../../src/clock"

export const ERRORS = ["EIO", "ENOSPC"] as const
export type DiskError = (typeof ERRORS)[number]

/** One system call of a process, found again by its number among those of its name on the same files. */
export interface Call {
  readonly name: string
  /** From 1. */
  readonly nth: number
  /** File name without its folder. */
  readonly file: string
}

const WRITES = ["write", "pwrite64", "pwritev", "ftruncate", "fallocate", "fsync", "fdatasync"]
const SUFFIXES = ["", "-wal", "-shm", "-journal", ".lock", ".lock-journal"]
const LOGGED_WITHIN_MS = 2000

/** The command line under which a command's calls on these databases and for their folder are logged, and one fails. */
export function traced(
  command: readonly string[],
  databases: readonly string[],
  log: string,
  fault?: { readonly call: Call; readonly error: DiskError },
): string[] {
  const files = databases.flatMap((database) => SUFFIXES.map((suffix) => `${database}${suffix}`))
  const above = databases.map((database) => dirname(dirname(database))) // where their folder's name is
  const paths = [...files, ...new Set(above)].flatMap((path) => ["-P", path])
  const inject = fault ? ["-e", `inject=${fault.call.name}:error=${fault.error}:when=${fault.call.nth}`] : []
  // -D: the process that is started is the command's own, and gets its signals
  const options = ["-D", "-f", "--seccomp-bpf", "-o", log, "-e", `trace=${WRITES.join()}`, ...inject, "-s", "0"]
  return ["strace", ...options, "-e", "decode-fds=path", ...paths, ...command]
}

/** The calls in a log, once it is complete. */
export async function readCalls(log: string): Promise<Call[]> {
  const counts = new Map<string, number>()
  return (await completeLog(log))
    .matchAll(/^\d+ +(\w+)\(\d+<([^>]*)>/gm)
    .map(([, name = "", path = ""]) => {
      const nth = (counts.get(name) ?? 0) + 1
      counts.set(name, nth)
      return { name, nth, file: nameOf(path) }
    })
    .toArray()
}

/** The file whose call failed; undefined where the fault did not come to pass. */
export async function readInjected(log: string): Promise<string | undefined> {
  const [, path] = /<([^>]*)>.*\(INJECTED\)$/m.exec(await completeLog(log)) ?? []
  return path === undefined ? undefined : nameOf(path)
}

/** strace writes its last lines after the process has ended. */
async function completeLog(log: string): Promise<string> {
  for (let waitedMs = 0; ; waitedMs += 5) {
    const text = readFileSync(log, "utf8")
    if (waitedMs >= LOGGED_WITHIN_MS || isComplete(text)) return text
    await pause(systemClock, 5)
  }
}

/** Its first line, and its last, are of the thread that writes. */
function isComplete(text: string): boolean {
  const [thread] = text.split(" ", 1)
  return new RegExp(`^${thread} +\\+\\+\\+ (exited|killed)`, "m").test(text)
}

const nameOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1)

/** Why system calls cannot be made to fail here; undefined where they can. */
export function missingStrace(): string | undefined {
  if (process.platform !== "linux") return "system calls are made to fail on Linux only"
  if (!Bun.which("strace")) return "strace missing: apt-get install strace"
  const { success, stderr } = Bun.spawnSync(["strace", "-D", "-f", "--seccomp-bpf", "-o", "/dev/null", "true"])
  return success ? undefined : `strace may not trace here: ${stderr}`
}
