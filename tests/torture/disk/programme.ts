// A role as a process of its own, what it says, and how it ends.
import { join, resolve } from "node:path"
import { pause, systemClock } from "../../../src/clock"

/** The programme as it is written. */
export const SOURCE = resolve(import.meta.dir, "../../../src/main.ts")
const POLL_MS = 5
const END_WITHIN_MS = 10_000

/** What nobody should see for a disk that is full or fails. */
const STACK = /^\s+at |Uncaught|Unhandled|our fault|^error:/m

/** The source in one file, which starts in half the time; resolves with its path. */
export async function build(folder: string): Promise<string> {
  const form = { target: "bun", format: "cjs", bytecode: true } as const
  const { success, logs } = await Bun.build({ entrypoints: [SOURCE], outdir: folder, ...form })
  if (!success) throw new AggregateError(logs, "the programme cannot be built")
  return join(folder, "main.js")
}

/**
 * The command line of `start` with these words.
 * @param preload a module to load before the source, with a planted fault
 * @param main what is started without one
 */
export function startCommand(topology: string, words: readonly string[], preload?: string, main = SOURCE): string[] {
  const programme = preload === undefined ? [main] : ["--preload", preload, SOURCE]
  return [process.execPath, ...programme, "start", ...words, "--loopback", "--topology", topology]
}

export class Programme implements AsyncDisposable {
  readonly #told = { stdout: "", stderr: "" }
  #exit: number | undefined
  readonly #child: Bun.Subprocess<"ignore", "pipe", "pipe">
  readonly #ended: Promise<unknown>

  constructor(command: readonly string[]) {
    this.#child = Bun.spawn([...command], { stdin: "ignore", stdout: "pipe", stderr: "pipe" })
    const exited = this.#child.exited.then((exit) => {
      this.#exit = exit
    })
    this.#ended = Promise.all([this.#listen("stdout"), this.#listen("stderr"), exited])
  }

  get pid(): number {
    return this.#child.pid
  }

  /** What it has listed on standard output, as far as it has come. */
  get listed(): string {
    return this.#told.stdout
  }

  /** What it has said on standard error. */
  get said(): string {
    return this.#told.stderr
  }

  /** The exit code; undefined while it runs. */
  get exit(): number | undefined {
    return this.#exit
  }

  /** Stack traces and words of surprise. */
  get surprise(): string | undefined {
    return STACK.exec(this.said)?.[0]
  }

  get lastLine(): string {
    return this.said.trimEnd().split("\n").at(-1) ?? ""
  }

  /** Resolves when it has said this, has ended, or the time is over. */
  async until(wanted: RegExp, withinMs: number): Promise<void> {
    for (const from = performance.now(); performance.now() - from < withinMs; ) {
      if (wanted.test(this.said) || wanted.test(this.listed) || this.#exit !== undefined) return
      await pause(systemClock, POLL_MS)
    }
  }

  /** Resolves when it has ended, or the time is over. */
  async untilEnded(withinMs: number): Promise<void> {
    await Promise.race([this.#ended, pause(systemClock, withinMs)])
  }

  /** Resolves with its exit code when it has ended by itself and all is read. */
  async ended(): Promise<number> {
    await this.#ended
    return this.#exit ?? -1
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name)
  }

  /** Asks it to stop, unless it has ended; resolves with its exit code when all is read. */
  async stop(): Promise<number> {
    if (this.#exit === undefined) this.#child.kill("SIGTERM")
    const insist = setTimeout(() => this.#child.kill("SIGKILL"), END_WITHIN_MS)
    const exit = await this.ended()
    clearTimeout(insist)
    return exit
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#exit === undefined) this.#child.kill("SIGKILL")
    await this.#ended
  }

  async #listen(name: "stdout" | "stderr"): Promise<void> {
    const decoder = new TextDecoder()
    for await (const chunk of this.#child[name]) this.#told[name] += decoder.decode(chunk, { stream: true })
  }
}
