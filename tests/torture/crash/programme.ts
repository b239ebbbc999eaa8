// The programme as its own process, as a supervisor starts it; a debugger may watch its system calls or kill it at one.
import { join, resolve } from "node:path"
import { CALLS, type Kill } from "./kill"

const SOURCE = resolve(import.meta.dir, "../../../src/main.ts")
const PATIENCE_MS = 60_000

export interface Ended {
  /** Null when a signal ended it. */
  readonly exit: number | null
  readonly killed: boolean
  readonly stdout: string
  readonly stderr: string
}

export interface StartOptions {
  readonly topology: string
  readonly kill?: Kill | undefined
  /** A module that puts a fault into the programme before it starts. */
  readonly fault?: string | undefined
  /** Where its system calls are written down. */
  readonly traceTo?: string | undefined
}

export class Programme {
  private constructor(private readonly main: string) {}

  /** The source in one file: under a debugger it starts in half the time. */
  static async build(folder: string): Promise<Programme> {
    const form = { target: "bun", format: "cjs", bytecode: true } as const
    const { success, logs } = await Bun.build({ entrypoints: [SOURCE], outdir: folder, ...form })
    if (!success) throw new AggregateError(logs, "the programme cannot be built")
    return new Programme(join(folder, "main.js"))
  }

  start(words: readonly string[], { topology, kill, fault, traceTo }: StartOptions): Running {
    const main = fault === undefined ? [this.main] : ["--preload", fault, SOURCE]
    const programme = [process.execPath, ...main, "start", ...words, "--loopback", "--topology", topology]
    return new Running([...watch(kill, traceTo), ...programme])
  }
}

/** strace's words. The signal comes instead of the call; only without --seccomp-bpf does it come at all (strace 6.1). */
function watch(kill: Kill | undefined, traceTo: string | undefined): string[] {
  const strace = ["strace", "-f", "-D", "-qq", "-o"]
  if (traceTo !== undefined) return [...strace, traceTo, "-e", `trace=${CALLS.join()}`]
  if (kill?.at !== "call") return []
  const { call, index } = kill
  return [...strace, "/dev/null", "-e", `trace=${call}`, "-e", `inject=${call}:signal=KILL:when=${index}`]
}

export class Running {
  /** Resolves when it has ended; rejects when it had to be ended because it did not. */
  readonly ended: Promise<Ended>
  readonly #child: Bun.Subprocess<"ignore", "pipe", "pipe">

  constructor(command: readonly string[]) {
    // should the tests be killed, it goes with them
    this.#child = Bun.spawn(["setpriv", "--pdeathsig", "KILL", ...command], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
      env: { ...process.env, STATE_DIRECTORY: undefined },
    })
    this.ended = this.#end()
  }

  signal(signal: "SIGKILL" | "SIGTERM"): void {
    this.#child.kill(signal)
  }

  async #end(): Promise<Ended> {
    const { stdout, stderr, exited } = this.#child
    let overdue = false
    const timer = setTimeout(() => {
      overdue = true
      this.signal("SIGKILL")
    }, PATIENCE_MS)
    const [out, said] = await Promise.all([new Response(stdout).text(), new Response(stderr).text(), exited])
    clearTimeout(timer)
    if (overdue) throw new Error(`it did not end within ${PATIENCE_MS / 1000} s, and said: ${said}`)
    const { exitCode, signalCode } = this.#child
    return { exit: exitCode, killed: signalCode === "SIGKILL", stdout: out, stderr: said }
  }
}
