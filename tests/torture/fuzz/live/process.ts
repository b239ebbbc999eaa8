// A server as a process: its port, the faults that it tells of, its memory, and whether it lives.
import { join } from "node:path"
import { readMemory } from "../../../bench/process"

export type ServerReport = { readonly port: number } | { readonly fault: string }

const MOST_FAULTS = 10
const STOPPED_WITHIN_MS = 5000

export class ServerProcess implements AsyncDisposable {
  readonly faults: string[] = []
  readonly #child: Bun.Subprocess<"pipe", "pipe", "pipe">
  readonly #ready = Promise.withResolvers<number>()
  #stopping = false

  /** @param preload a script that changes the server before it starts */
  constructor(
    private readonly role: "cloud" | "gateway",
    args: readonly string[],
    preload?: string,
  ) {
    const options = preload ? ["--preload", preload] : []
    const command = ["bun", ...options, join(import.meta.dir, "server.ts"), role, ...args]
    this.#child = Bun.spawn(command, { stdin: "pipe", stdout: "pipe", stderr: "pipe" })
    this.#watch()
  }

  /** The port that it listens on. Rejects when it ends before it listens. */
  get port(): Promise<number> {
    return this.#ready.promise
  }

  /** Bytes that it has written to and shares with nobody. */
  async memory(): Promise<number> {
    return (await readMemory(this.#child.pid)).privateDirty
  }

  /** Asks it to end, as a supervisor does. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping = true
    this.#child.kill("SIGTERM")
    const insist = setTimeout(() => this.#child.kill("SIGKILL"), STOPPED_WITHIN_MS)
    await this.#child.exited
    clearTimeout(insist)
  }

  async #watch(): Promise<void> {
    const stderr = new Response(this.#child.stderr).text()
    let rest = ""
    for await (const text of this.#child.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n")
      rest = lines.pop() ?? ""
      for (const line of lines) this.#take(JSON.parse(line))
    }
    const exit = await this.#child.exited
    const said = (await stderr).trim()
    if (said) this.#take({ fault: `said ${said}` })
    if (!this.#stopping) this.#take({ fault: `ended with ${exit}` })
    this.#ready.reject(new Error(`the ${this.role} did not start: ${said}`))
  }

  #take(report: ServerReport): void {
    if ("port" in report) this.#ready.resolve(report.port)
    else if (this.faults.length < MOST_FAULTS) this.faults.push(`the ${this.role}: ${report.fault}`)
  }
}
